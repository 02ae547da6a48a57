// Runs generated kernels in buffers of exactly the bytes and the alignment that kernel.h promises, so that a sanitizer sees
// any step beside them. Compiled with the kernels and the table that run-sanitized.ts writes.
// Usage: driver INPUTS OUTPUTS THREADS TIMES. INPUTS holds the bytes of all inputs of all kernels; OUTPUTS gets the outputs.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "table.h"

static void fail(const char *what) {
	fprintf(stderr, "driver: %s\n", what);
	exit(2);
}

// Aligned to the element and to no more; what lies behind the last byte belongs to nobody.
static char *tight(size_t bytes, size_t element, char **block) {
	*block = malloc(bytes + element);
	if (*block == NULL) fail("out of memory");
	memset(*block, 0xff, bytes + element);
	return *block + element;
}

static char *on_line(size_t bytes) {
	void *area = NULL;
	if (posix_memalign(&area, 64, bytes > 0 ? bytes : 1) != 0) fail("out of memory");
	memset(area, 0xff, bytes);
	return area;
}

enum { buffers_max = 32 };

static void run_kernel(const struct kernel *kernel, FILE *from, FILE *to, int threads, int times) {
	if (kernel->inputs > buffers_max || kernel->outputs > buffers_max) fail("too many buffers");
	char *blocks[2 * buffers_max];
	const void *inputs[buffers_max];
	const void *weights[buffers_max];
	void *outputs[buffers_max];
	int used = 0;
	for (int at = 0; at < kernel->inputs; at++) {
		const struct buffer *buffer = &kernel->buffers[at];
		char *area = tight(buffer->bytes, buffer->element, &blocks[used++]);
		if (fread(area, 1, buffer->bytes, from) != buffer->bytes) fail("inputs end early");
		inputs[at] = area;
		weights[at] = buffer->is_weight ? area : NULL;
	}
	for (int at = 0; at < kernel->outputs; at++) {
		const struct buffer *buffer = &kernel->buffers[kernel->inputs + at];
		outputs[at] = tight(buffer->bytes, buffer->element, &blocks[used++]);
	}
	char *prepared = on_line(kernel->prepared_bytes());
	char *workspace = on_line(kernel->workspace_bytes(threads));
	if (kernel->prepare(weights, prepared) != 0) fail("prepare failed");
	for (int time = 0; time < times; time++)
		if (kernel->run(inputs, outputs, prepared, workspace, threads) != 0) fail("run failed");
	for (int at = 0; at < kernel->outputs; at++) {
		const size_t bytes = kernel->buffers[kernel->inputs + at].bytes;
		if (fwrite(outputs[at], 1, bytes, to) != bytes) fail("outputs cannot be written");
	}
	while (used > 0) free(blocks[--used]);
	free(prepared);
	free(workspace);
}

int main(int count, char **words) {
	if (count != 5) fail("wrong use");
	FILE *from = fopen(words[1], "rb");
	FILE *to = fopen(words[2], "wb");
	if (from == NULL || to == NULL) fail("a file cannot be opened");
	for (size_t at = 0; at < sizeof kernels / sizeof kernels[0]; at++)
		run_kernel(&kernels[at], from, to, atoi(words[3]), atoi(words[4]));
	fclose(from);
	return fclose(to) == 0 ? 0 : 2;
}
