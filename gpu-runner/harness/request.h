/* What the runner asks for: a text file of lines of words (gpu-runner/measure/harness-request.ts writes it).
 * Words that may hold anything (names, paths) are percent-encoded. */
#ifndef KILN_REQUEST_H
#define KILN_REQUEST_H
#include <stddef.h>

enum mode { MODE_CHECK, MODE_TIME };
enum { TENSORS_MAX = 256, DATASETS_MAX = 16, BASELINES_MAX = 8, CANDIDATES_MAX = 256, BINDINGS_MAX = 512 };

enum element { ELEMENT_FLOAT32, ELEMENT_FLOAT16, ELEMENT_FLOAT64, ELEMENT_INT32, ELEMENT_INT64, ELEMENT_UINT8, ELEMENT_INT8 };

struct tensor_request {
	size_t bytes;
	enum element element;
	size_t element_bytes;
	/* Inputs only: packed by prepare. */
	int is_weight;
};

struct dataset_request {
	char *inputs[TENSORS_MAX];
	/* float64 values, one an element of the output; NULL when nothing is to be compared. */
	char *expected[TENSORS_MAX];
};

struct binding_request {
	int baseline;
	int is_output;
	char *name;
	int tensor;
};

struct baseline_request {
	char *id;
	/* One ONNX file a dataset, because weights are part of the model; NULL: not run on that dataset. */
	char *models[DATASETS_MAX];
};

struct candidate_request {
	char *id;
	char *library;
	char *prefix;
	/* While timing: uses the weights that this candidate, an earlier one, has packed; -1: packs its own. */
	int packed_by;
};

struct request {
	enum mode mode;
	char *runtime;
	int threads;
	size_t cpu_seconds, address_space_bytes, file_bytes;
	long budget_milliseconds, quiet_milliseconds;
	int rounds_min, rounds_max;
	/* Weights that are the same in several datasets are loaded and packed once for all of them. */
	int shares_weights;
	/* File name prefix under which `check` leaves the outputs of candidates; NULL: it does not. */
	char *dump;
	struct tensor_request inputs[TENSORS_MAX], outputs[TENSORS_MAX];
	int input_count, output_count;
	struct dataset_request datasets[DATASETS_MAX];
	int dataset_count;
	struct baseline_request baselines[BASELINES_MAX];
	int baseline_count;
	struct binding_request bindings[BINDINGS_MAX];
	int binding_count;
	struct candidate_request candidates[CANDIDATES_MAX];
	int candidate_count;
};

/* Reads the file; ends the process with a message on stderr when it is not a request. */
void request_read(struct request *request, const char *path);
/* The element at `index` as a number. */
double element_value(enum element element, const void *data, size_t index);
#endif
