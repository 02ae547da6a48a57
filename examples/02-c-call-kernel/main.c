/* Calls a tuned kernel from C. Build it against a kernel folder:
 *   cc -O2 -I FOLDER main.c FOLDER/kernel.so -o call-kernel
 *   ./call-kernel INPUTS ELEMENTS... OUTPUTS ELEMENTS...      (float32 tensors; see the folder's README.md for their shapes)
 */
#define _POSIX_C_SOURCE 200809L
#include "kernel.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TENSORS_MAX = 64, RUNS = 100, BLOCK_ALIGNMENT = 64 };

static void *allocate(size_t bytes) {
	void *block = NULL;
	/* Of 2 MB and more, a multiple of 2 MB with madvise(MADV_HUGEPAGE) is faster still. */
	if (posix_memalign(&block, BLOCK_ALIGNMENT, bytes > 0 ? bytes : 1) != 0) {
		fprintf(stderr, "no memory for %zu bytes\n", bytes);
		exit(1);
	}
	return block;
}

/* Some values between -0.5 and 0.5, the same as in the Node example. */
static float *pattern(size_t count) {
	float *values = allocate(count * sizeof(float));
	for (size_t i = 0; i < count; i++) values[i] = (float)((double)((uint32_t)i * 2654435761u) / 4294967296.0 - 0.5);
	return values;
}

/* Reads a count and that many element counts from the command line. */
static int read_counts(char **words, int available, size_t *counts) {
	const int count = available > 0 ? atoi(words[0]) : -1;
	if (count < 0 || count > TENSORS_MAX || count + 1 > available) {
		fprintf(stderr, "usage: call-kernel INPUTS ELEMENTS... OUTPUTS ELEMENTS...\n");
		exit(2);
	}
	for (int i = 0; i < count; i++) counts[i] = strtoull(words[1 + i], NULL, 10);
	return count;
}

int main(int count, char **words) {
	size_t input_counts[TENSORS_MAX], output_counts[TENSORS_MAX];
	const void *inputs[TENSORS_MAX];
	void *outputs[TENSORS_MAX];
	const int input_count = read_counts(words + 1, count - 1, input_counts);
	const int output_count = read_counts(words + 2 + input_count, count - 2 - input_count, output_counts);
	for (int i = 0; i < input_count; i++) inputs[i] = pattern(input_counts[i]);
	for (int i = 0; i < output_count; i++) outputs[i] = allocate(output_counts[i] * sizeof(float));

	/* Once: pack the weights. */
	const int threads = 1;
	void *prepared = allocate(kiln_kernel_prepared_bytes());
	void *workspace = allocate(kiln_kernel_workspace_bytes(threads));
	if (kiln_kernel_prepare(inputs, prepared) != 0) return 1;

	/* As often as you like: run. */
	struct timespec start, end;
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int run = 0; run < RUNS; run++)
		if (kiln_kernel_run(inputs, outputs, prepared, workspace, threads) != 0) return 1;
	clock_gettime(CLOCK_MONOTONIC, &end);

	for (int i = 0; i < output_count; i++) {
		double sum = 0;
		for (size_t j = 0; j < output_counts[i]; j++) sum += fabs((double)((const float *)outputs[i])[j]);
		printf("output %d: %zu elements, sum of magnitudes %.4g\n", i, output_counts[i], sum);
	}
	const double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
	fprintf(stderr, "%.1f us a run\n", seconds / RUNS * 1e6);
	return 0;
}
