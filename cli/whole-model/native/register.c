/* An operator library for ONNX Runtime: one operator for each kernel in the generated table. Knows the runtime by its
 * documented C interface alone, by way of the base that it is handed: no header of the runtime, no link against it.
 * Kernels have no state that a run changes, so that runs of one session may overlap; threads and scratch are the runtime's. */
#include "onnxruntime-operators.h"
#include "operators.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRY(call) \
	do { \
		OrtStatus *status_ = (call); \
		if (status_ != NULL) return status_; \
	} while (0)

#define EXPORT __attribute__((visibility("default")))

/* What ONNX Runtime knows of an operator; it hands `base` back. */
typedef struct {
	OrtOperator base;
	const kiln_operator *described;
} registered;

/* One node of a session. Never written to after it was made. */
typedef struct {
	OrtTable api;
	const kiln_operator *described;
	size_t workspace_bytes;
	void *memory_info;
} node;

enum { ALIGNMENT = 64, STACK_BYTES = 8192, MESSAGE_BYTES = 256 };

static OrtStatus *fail(OrtTable api, int code, const char *message) {
	return ORT_CALL(api, ORT_CREATE_STATUS, (int, const char *), (code, message));
}

/* The kernel was made for one type and shape, and would read beyond anything smaller. */
static OrtStatus *check_tensor(OrtTable api, const kiln_operator *described, size_t index, const void *value) {
	const kiln_tensor *expected = &described->operands[index].tensor;
	void *info = NULL;
	TRY(ORT_CALL(api, ORT_TENSOR_TYPE_AND_SHAPE, (const void *, void **), (value, &info)));
	int type = 0, fits = 0;
	size_t rank = 0;
	int64_t extents[expected->rank + 1];
	OrtStatus *status = ORT_CALL(api, ORT_TENSOR_ELEMENT_TYPE, (const void *, int *), (info, &type));
	if (status == NULL) status = ORT_CALL(api, ORT_TENSOR_RANK, (const void *, size_t *), (info, &rank));
	if (status == NULL && type == expected->element_type && rank == expected->rank) {
		status = ORT_CALL(api, ORT_TENSOR_DIMENSIONS, (const void *, int64_t *, size_t), (info, extents, rank));
		fits = memcmp(extents, expected->extents, rank * sizeof *extents) == 0;
	}
	ORT_RELEASE(api, ORT_RELEASE_TENSOR_TYPE_AND_SHAPE, info);
	if (status != NULL || fits) return status;
	char message[MESSAGE_BYTES];
	snprintf(message, sizeof message, "%s.%s: operand %zu has another type or shape than the kernel was made for",
		kiln_domain, described->name, index);
	return fail(api, ORT_INVALID_ARGUMENT, message);
}

static void destroy_kernel(void *kernel) {
	node *self = kernel;
	if (self == NULL) return;
	if (self->memory_info != NULL) ORT_RELEASE(self->api, ORT_RELEASE_MEMORY_INFO, self->memory_info);
	free(self);
}

static OrtStatus *check_constants(OrtTable api, const kiln_operator *described, const void *info) {
	for (size_t index = 0; index < described->operand_count; index++) {
		if (!described->operands[index].is_constant) continue;
		int is_constant = 0;
		const void *value = NULL;
		TRY(ORT_CALL(api, ORT_CONSTANT_INPUT, (const void *, size_t, int *, const void **),
			(info, index, &is_constant, &value)));
		if (!is_constant || value == NULL) return fail(api, ORT_INVALID_ARGUMENT, "packed weights must be initializers");
		TRY(check_tensor(api, described, index, value));
	}
	return NULL;
}

static OrtStatus *create_kernel(const OrtOperator *base, OrtTable api, const void *info, void **kernel) {
	const kiln_operator *described = ((const registered *)base)->described;
	TRY(check_constants(api, described, info));
	node *self = calloc(1, sizeof *self);
	if (self == NULL) return fail(api, ORT_FAIL, "no memory for an operator");
	self->api = api;
	self->described = described;
	self->workspace_bytes = described->kernel->workspace_bytes(described->kernel->threads);
	OrtStatus *status = ORT_CALL(api, ORT_CREATE_CPU_MEMORY_INFO, (int, int, void **), (0, 0, &self->memory_info));
	if (status != NULL) destroy_kernel(self);
	else *kernel = self;
	return status;
}

static OrtStatus *read_operand(const node *self, void *context, size_t index, const void **data) {
	const kiln_operand *operand = &self->described->operands[index];
	const void *value = NULL;
	TRY(ORT_CALL(self->api, ORT_KERNEL_INPUT, (void *, size_t, const void **), (context, index, &value)));
	if (value == NULL) return fail(self->api, ORT_INVALID_ARGUMENT, "an operand is absent");
	if (!operand->is_constant) TRY(check_tensor(self->api, self->described, index, value));
	TRY(ORT_CALL(self->api, ORT_TENSOR_DATA, (const void *, const void **), (value, data)));
	if (operand->input == KILN_PREPARED && (uintptr_t)*data % ALIGNMENT != 0)
		return fail(self->api, ORT_FAIL, "packed weights must lie at a multiple of 64 bytes");
	return NULL;
}

/* How the runtime's threads take tasks. Its first fault is kept. */
typedef struct {
	OrtTable api;
	void *context;
	OrtStatus *status;
} sharing;

static void share_out(void *context, kiln_task *task, size_t count, void *data) {
	sharing *self = context;
	if (self->status != NULL) return;
	self->status = ORT_CALL(self->api, ORT_PARALLEL_FOR, (void *, kiln_task *, size_t, size_t, void *),
		(self->context, task, count, 0, data));
}

typedef struct {
	const void *const *inputs;
	void *const *outputs;
	const void *prepared;
} arguments;

static OrtStatus *run_kernel(const node *self, void *context, const arguments *given, void *workspace) {
	const kiln_kernel *kernel = self->described->kernel;
	sharing threads = {self->api, context, NULL};
	int result = kernel->run_with(given->inputs, given->outputs, given->prepared, workspace, kernel->threads, share_out,
		&threads);
	if (threads.status != NULL || result == 0) return threads.status;
	return fail(self->api, ORT_FAIL, "a kernel reports a fault");
}

/* A small workspace lies on the stack; a large one comes from the runtime's arena, which keeps it for the next run. */
static OrtStatus *run_in_workspace(const node *self, void *context, const arguments *given) {
	if (self->workspace_bytes <= STACK_BYTES) {
		char workspace[STACK_BYTES] __attribute__((aligned(ALIGNMENT)));
		return run_kernel(self, context, given, workspace);
	}
	OrtAllocator *allocator = NULL;
	TRY(ORT_CALL(self->api, ORT_KERNEL_ALLOCATOR, (const void *, const void *, OrtAllocator **),
		(context, self->memory_info, &allocator)));
	char *block = allocator->allocate(allocator, self->workspace_bytes + ALIGNMENT);
	OrtStatus *status;
	if (block == NULL) status = fail(self->api, ORT_FAIL, "no memory for a workspace");
	else status = run_kernel(self, context, given, block + (-(uintptr_t)block % ALIGNMENT));
	if (block != NULL) allocator->free(allocator, block);
	ORT_RELEASE(self->api, ORT_RELEASE_ALLOCATOR, allocator);
	return status;
}

static OrtStatus *compute(void *kernel, void *context) {
	const node *self = kernel;
	const kiln_operator *described = self->described;
	const void *inputs[described->kernel->input_count + 1];
	void *outputs[described->result_count];
	arguments given = {inputs, outputs, NULL};
	memset(inputs, 0, sizeof inputs);
	for (size_t index = 0; index < described->operand_count; index++) {
		const void *data = NULL;
		TRY(read_operand(self, context, index, &data));
		if (described->operands[index].input == KILN_PREPARED) given.prepared = data;
		else inputs[described->operands[index].input] = data;
	}
	for (size_t index = 0; index < described->result_count; index++) {
		const kiln_tensor *result = &described->results[index];
		void *value = NULL;
		TRY(ORT_CALL(self->api, ORT_KERNEL_OUTPUT, (void *, size_t, const int64_t *, size_t, void **),
			(context, index, result->extents, result->rank, &value)));
		TRY(ORT_CALL(self->api, ORT_TENSOR_DATA, (const void *, void **), (value, &outputs[index])));
	}
	return run_in_workspace(self, context, &given);
}

static const kiln_operator *of(const OrtOperator *base) { return ((const registered *)base)->described; }
static const char *name(const OrtOperator *base) { return of(base)->name; }
static const char *execution_provider(const OrtOperator *base) { return (void)base, NULL; }
static size_t input_count(const OrtOperator *base) { return of(base)->operand_count; }
static size_t output_count(const OrtOperator *base) { return of(base)->result_count; }
static int input_type(const OrtOperator *base, size_t index) { return of(base)->operands[index].tensor.element_type; }
static int output_type(const OrtOperator *base, size_t index) { return of(base)->results[index].element_type; }
static int plain(const OrtOperator *base, size_t index) { return (void)base, (void)index, 0; }
static int single(const OrtOperator *base) { return (void)base, 1; }

static OrtOperator describe(void) {
	return (OrtOperator){
		.version = ORT_VERSION_MINOR_MIN,
		.name = name,
		.execution_provider = execution_provider,
		.input_type = input_type,
		.input_count = input_count,
		.output_type = output_type,
		.output_count = output_count,
		.destroy_kernel = destroy_kernel,
		.input_characteristic = plain,
		.output_characteristic = plain,
		.input_memory_type = plain,
		.variadic_input_arity_min = single,
		.variadic_input_homogeneity = single,
		.variadic_output_arity_min = single,
		.variadic_output_homogeneity = single,
		.create_kernel_version_2 = create_kernel,
		.compute_version_2 = compute,
	};
}

/* NULL when the operators can run here. The version is read before the table is asked for: a runtime complains on
 * standard error when it is asked for a table that it does not have. Every runtime has table 1. */
static OrtStatus *check_host(const OrtBase *base) {
	const char *version = base->get_version();
	int major = 0, minor = 0;
	int fits = sscanf(version, "%d.%d", &major, &minor) == 2 && major == 1 && minor >= ORT_VERSION_MINOR_MIN;
	if (fits && kiln_processor_fits()) return NULL;
	char message[MESSAGE_BYTES];
	if (fits) snprintf(message, sizeof message, "%s: this processor lacks instructions that the kernels use", kiln_domain);
	else
		snprintf(message, sizeof message, "%s needs ONNX Runtime 1.%d or later, this is %.32s", kiln_domain,
			ORT_VERSION_MINOR_MIN, version);
	return fail(base->get_api(1), ORT_NOT_IMPLEMENTED, message);
}

/* Called by ONNX Runtime when the library is given to a session's options. What it makes must outlive every session, and
 * nothing tells when the last of them ends: it stays. */
EXPORT OrtStatus *RegisterCustomOps(void *options, const OrtBase *base) {
	TRY(check_host(base));
	OrtTable api = base->get_api(ORT_VERSION_MINOR_MIN);
	void *domain = NULL;
	TRY(ORT_CALL(api, ORT_CREATE_DOMAIN, (const char *, void **), (kiln_domain, &domain)));
	registered *operators = calloc(kiln_operator_count, sizeof *operators);
	if (operators == NULL) return fail(api, ORT_FAIL, "no memory for operators");
	for (size_t index = 0; index < kiln_operator_count; index++) {
		operators[index] = (registered){describe(), &kiln_operators[index]};
		TRY(ORT_CALL(api, ORT_ADD_TO_DOMAIN, (void *, const OrtOperator *), (domain, &operators[index].base)));
	}
	return ORT_CALL(api, ORT_ADD_DOMAIN, (void *, void *), (options, domain));
}

EXPORT const char *kiln_library_information(void) { return kiln_information; }
