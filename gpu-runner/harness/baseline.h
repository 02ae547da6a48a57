/* ONNX Runtime in its best form: optimisation level all, weights as constants, inputs and outputs bound beforehand. */
#ifndef KILN_BASELINE_H
#define KILN_BASELINE_H
#include "workload.h"

struct baseline {
	void *session, *binding;
	void *values[BINDINGS_MAX];
	int value_count;
};

enum { BASELINE_ERROR_BYTES = 1024 };

/* Loads the library and checks its version. NULL and a message when it cannot be used. */
const char *baseline_open_runtime(const char *library, char error[BASELINE_ERROR_BYTES]);
/* Loads one of a baseline's models: 0, or -1 with a message. */
int baseline_create(struct baseline *baseline, const struct request *request, int index, int dataset,
	char error[BASELINE_ERROR_BYTES]);
/* Binds inputs and outputs to a workload, in place of the one before: 0, or -1 with a message. */
int baseline_bind(struct baseline *baseline, const struct request *request, int index, const struct workload *workload,
	char error[BASELINE_ERROR_BYTES]);
int baseline_run(struct baseline *baseline, char error[BASELINE_ERROR_BYTES]);
void baseline_release(struct baseline *baseline);
#endif
