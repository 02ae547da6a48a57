/* What this machine can do at most, measured once when a runner starts: reading memory, and fused multiply-adds.
 * Compiled for the target, so that vectors have its width. Prints one JSON object. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "../harness/read-memory.h"

#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
/* The constraint of a vector register. */
#ifdef __x86_64__
#define IN_VECTOR "+x"
#else
#define IN_VECTOR "+w"
#endif
typedef float vector __attribute__((vector_size(LANES * 4)));

enum { ARRAY_BYTES = 128 << 20, READS = 3 };
enum { CHAINS = 10, STEPS = 400000, ROUNDS = 5 };

static double now_seconds(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double read_gigabytes_per_second(void) {
	char *array = mmap(NULL, ARRAY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (array == MAP_FAILED) return 0;
	madvise(array, ARRAY_BYTES, MADV_HUGEPAGE);
	memset(array, 1, ARRAY_BYTES);
	double best = 0;
	volatile float sum = 0;
	for (int round = 0; round < READS; round++) {
		for (int way = 0; way < READINGS; way++) {
			const double start = now_seconds();
			sum += read_memory(array, ARRAY_BYTES, readings[way]);
			const double speed = ARRAY_BYTES / (now_seconds() - start) * 1e-9;
			if (speed > best) best = speed;
		}
	}
	munmap(array, ARRAY_BYTES);
	return best;
}

/* Enough independent chains to fill two units of four or five cycles' latency. Named one by one: an array stays in memory. */
#define EACH_CHAIN(of) of(0) of(1) of(2) of(3) of(4) of(5) of(6) of(7) of(8) of(9)
#define BEGIN(i) vector sum##i = addend + (float)i;
/* The value counts as used after each step, so that steps are neither merged nor dropped. */
#define STEP(i) sum##i = sum##i * factor + addend; __asm__ volatile("" : IN_VECTOR(sum##i));

static double multiply_add_gflops(void) {
	double best = 0;
	for (int round = 0; round < ROUNDS; round++) {
		vector factor, addend;
		for (int lane = 0; lane < LANES; lane++) factor[lane] = 0.999f, addend[lane] = (float)round;
		EACH_CHAIN(BEGIN)
		const double start = now_seconds();
		for (int step = 0; step < STEPS; step++) { EACH_CHAIN(STEP) }
		const double speed = 2.0 * LANES * CHAINS * STEPS / (now_seconds() - start) * 1e-9;
		if (speed > best) best = speed;
	}
	return best;
}

int main(void) {
	const double reading = read_gigabytes_per_second();
	printf("{\"readGigabytesPerSecond\":%.3f,\"fusedMultiplyAddGflops\":%.3f}\n", reading, multiply_add_gflops());
	return 0;
}
