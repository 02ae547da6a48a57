/* The tensors of one dataset in memory, and the outputs everybody writes to. */
#ifndef KILN_WORKLOAD_H
#define KILN_WORKLOAD_H
#include "buffer.h"
#include "request.h"
#include <stdint.h>

struct workload {
	struct buffer inputs[TENSORS_MAX], outputs[TENSORS_MAX];
	const void *input_data[TENSORS_MAX];
	void *output_data[TENSORS_MAX];
};

/* Ends the process with a message when a file is missing or memory is out. Inputs are read-only afterwards; those that no
 * participant reads from here are left out. An input from the same file as in `first` (dataset 0, or NULL) shares its
 * memory: weights as a rule are the same in all datasets. */
void workload_load(struct workload *workload, const struct request *request, int dataset, enum placement placement,
	const struct workload *first);
void workload_poison(struct workload *workload, const struct request *request);
/* FNV-1a over the bytes of one output, or of all. */
uint64_t workload_output_digest(const struct workload *workload, int output);
uint64_t workload_digest(const struct workload *workload, const struct request *request);
#endif
