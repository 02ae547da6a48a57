#define _GNU_SOURCE
#include "workload.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Callers need only align to elements: on odd datasets tensors lie one element off a rounder address. */
static size_t bytes_behind(const struct tensor_request *tensor, int dataset) {
	return dataset % 2 == 1 ? tensor->element_bytes : 0;
}

static void create(struct buffer *buffer, const struct tensor_request *tensor, int dataset, enum placement placement) {
	if (buffer_create(buffer, tensor->bytes, tensor->element_bytes, bytes_behind(tensor, dataset), placement) == 0) return;
	fprintf(stderr, "no memory for a tensor of %zu bytes\n", tensor->bytes);
	exit(71);
}

static void load_input(struct buffer *buffer, const struct request *request, int dataset, int input, enum placement placement) {
	const struct tensor_request *tensor = &request->inputs[input];
	const char *path = request->datasets[dataset].inputs[input];
	char error[512];
	int result;
	/* Weights of a gigabyte are not copied for every process that only packs them. */
	if (tensor->is_weight && bytes_behind(tensor, dataset) == 0 && buffer_can_show(tensor->bytes)) {
		result = buffer_show_file(buffer, tensor->bytes, path, error, sizeof error);
	} else {
		create(buffer, tensor, dataset, placement);
		result = buffer_read_file(buffer, path, error, sizeof error);
		buffer_protect(buffer);
	}
	if (result == 0) return;
	fprintf(stderr, "%s\n", error);
	exit(66);
}

/* Without candidates only what baselines bind: their weights are in their models. */
static int is_read(const struct request *request, int input) {
	if (request->candidate_count > 0) return 1;
	for (int i = 0; i < request->binding_count; i++)
		if (!request->bindings[i].is_output && request->bindings[i].tensor == input) return 1;
	return 0;
}

void workload_load(struct workload *workload, const struct request *request, int dataset, enum placement placement,
	const struct workload *first) {
	memset(workload, 0, sizeof *workload);
	for (int i = 0; i < request->input_count; i++) {
		if (!is_read(request, i)) continue;
		const int is_shared = first != NULL && strcmp(request->datasets[dataset].inputs[i], request->datasets[0].inputs[i]) == 0;
		if (is_shared) workload->inputs[i] = first->inputs[i];
		else load_input(&workload->inputs[i], request, dataset, i, placement);
		workload->input_data[i] = workload->inputs[i].data;
	}
	for (int i = 0; i < request->output_count; i++) {
		create(&workload->outputs[i], &request->outputs[i], dataset, placement);
		workload->output_data[i] = workload->outputs[i].data;
	}
}

void workload_poison(struct workload *workload, const struct request *request) {
	for (int i = 0; i < request->output_count; i++) buffer_poison(&workload->outputs[i]);
}

static uint64_t digest_more(uint64_t digest, const struct buffer *buffer) {
	for (size_t i = 0; i < buffer->bytes; i++) digest = (digest ^ buffer->data[i]) * 0x100000001b3u;
	return digest;
}

static const uint64_t digest_start = 0xcbf29ce484222325u;

uint64_t workload_output_digest(const struct workload *workload, int output) {
	return digest_more(digest_start, &workload->outputs[output]);
}

uint64_t workload_digest(const struct workload *workload, const struct request *request) {
	uint64_t digest = digest_start;
	for (int i = 0; i < request->output_count; i++) digest = digest_more(digest, &workload->outputs[i]);
	return digest;
}
