/* Reading memory as fast as a core can: in one place or in several at once, asking ahead or not. Nothing is best on every
 * machine, so whoever asks for the roof takes the best of all ways. */
#pragma once
#include <stddef.h>

enum { READ_LINE_BYTES = 64, READ_BLOCK_BYTES = 512 };

struct reading {
	size_t places;
	long ahead_bytes;
};

static const struct reading readings[] = {{1, 0}, {1, 4096}, {1, 16384}, {4, 0}, {4, 4096}, {4, 16384}};
enum { READINGS = sizeof readings / sizeof *readings };

/* As wide as a line; the compiler splits it to the target's registers. */
typedef float read_line __attribute__((vector_size(READ_LINE_BYTES)));

/* Reads all of it once: a multiple of four blocks, aligned to a line. The sum is for the compiler: it depends on all that was read. */
static inline float read_memory(const void *from, size_t bytes, struct reading how) {
	const size_t part_bytes = bytes / how.places;
	read_line sums[4] = {{0}, {0}, {0}, {0}};
	for (size_t offset = 0; offset < part_bytes; offset += READ_BLOCK_BYTES) {
		for (size_t place = 0; place < how.places; place++) {
			const char *at = (const char *)from + place * part_bytes + offset;
			if (how.ahead_bytes > 0)
				for (int line = 0; line < READ_BLOCK_BYTES; line += READ_LINE_BYTES)
					__builtin_prefetch(at + how.ahead_bytes + line, 0, 2);
			const read_line *lines = (const read_line *)at;
#pragma GCC unroll 8
			for (int i = 0; i < READ_BLOCK_BYTES / READ_LINE_BYTES; i++) sums[i % 4] += lines[i];
		}
	}
	return (sums[0] + sums[1] + sums[2] + sums[3])[0];
}
