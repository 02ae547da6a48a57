#define _GNU_SOURCE
#include "baseline.h"
#include "onnxruntime-abi.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static OrtTable table;
static void *environment, *memory_info, *allocator;

/* 0 for success; else takes the message over and frees the status. */
static int failed(OrtStatus *status, const char *step, char *error) {
	if (status == NULL) return 0;
	const char *message = ((const char *(*)(const OrtStatus *))table[ORT_GET_ERROR_MESSAGE])(status);
	snprintf(error, BASELINE_ERROR_BYTES, "%s: %s", step, message);
	ORT_RELEASE(table, ORT_RELEASE_STATUS, status);
	return -1;
}

static const char *open_table(const char *library, char *error) {
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		snprintf(error, BASELINE_ERROR_BYTES, "%s", dlerror());
		return NULL;
	}
	const OrtBase *(*base_of)(void) = (const OrtBase *(*)(void))dlsym(handle, "OrtGetApiBase");
	if (base_of == NULL) {
		snprintf(error, BASELINE_ERROR_BYTES, "%s has no OrtGetApiBase", library);
		return NULL;
	}
	/* The version is read first: asking for a table that is too new prints to standard error. */
	const char *version = base_of()->get_version();
	const char *minor = strchr(version, '.');
	if (strncmp(version, "1.", 2) != 0 || minor == NULL || atoi(minor + 1) < ORT_TABLE_VERSION_MIN) {
		snprintf(error, BASELINE_ERROR_BYTES, "ONNX Runtime %s found, 1.%d or newer expected", version,
			ORT_TABLE_VERSION_MIN);
		return NULL;
	}
	table = base_of()->get_api(ORT_TABLE_VERSION_MIN);
	return version;
}

const char *baseline_open_runtime(const char *library, char error[BASELINE_ERROR_BYTES]) {
	const char *version = open_table(library, error);
	if (version == NULL) return NULL;
	if (failed(ORT_CALL(table, ORT_CREATE_ENVIRONMENT, (int, const char *, void **), (ORT_LOG_ERROR, "kiln", &environment)),
			"environment", error) != 0 ||
		failed(ORT_CALL(table, ORT_CREATE_CPU_MEMORY_INFO, (int, int, void **), (0, 0, &memory_info)), "memory", error) != 0 ||
		failed(ORT_CALL(table, ORT_DEFAULT_ALLOCATOR, (void **), (&allocator)), "allocator", error) != 0)
		return NULL;
	return version;
}

static int create_session(struct baseline *baseline, const char *model, int threads, char *error) {
	void *options = NULL;
	if (failed(ORT_CALL(table, ORT_CREATE_SESSION_OPTIONS, (void **), (&options)), "options", error) != 0) return -1;
	int result = failed(ORT_CALL(table, ORT_SET_GRAPH_OPTIMIZATION_LEVEL, (void *, int), (options, ORT_OPTIMIZE_ALL)),
		"optimisation level", error);
	if (result == 0)
		result = failed(ORT_CALL(table, ORT_SET_INTRA_OP_THREADS, (void *, int), (options, threads)), "threads", error);
	if (result == 0)
		result = failed(ORT_CALL(table, ORT_SET_INTER_OP_THREADS, (void *, int), (options, 1)), "threads", error);
	if (result == 0)
		result = failed(ORT_CALL(table, ORT_CREATE_SESSION, (void *, const char *, void *, void **),
			(environment, model, options, &baseline->session)), "session", error);
	ORT_RELEASE(table, ORT_RELEASE_SESSION_OPTIONS, options);
	return result;
}

/* Position of a name among the session's inputs or outputs, or -1. */
static long position_of(void *session, const char *name, int is_output) {
	size_t count = 0;
	char ignored[BASELINE_ERROR_BYTES];
	const int count_of = is_output ? ORT_SESSION_OUTPUT_COUNT : ORT_SESSION_INPUT_COUNT;
	const int name_of = is_output ? ORT_SESSION_OUTPUT_NAME : ORT_SESSION_INPUT_NAME;
	if (failed(ORT_CALL(table, count_of, (void *, size_t *), (session, &count)), "count", ignored) != 0) return -1;
	for (size_t i = 0; i < count; i++) {
		char *found = NULL;
		if (failed(ORT_CALL(table, name_of, (void *, size_t, void *, char **), (session, i, allocator, &found)), "name",
				ignored) != 0)
			return -1;
		const int same = strcmp(found, name) == 0;
		failed(ORT_CALL(table, ORT_ALLOCATOR_FREE, (void *, void *), (allocator, found)), "free", ignored);
		if (same) return (long)i;
	}
	return -1;
}

enum { RANK_MAX = 64 };

/* Element type and dimensions as the model declares them. */
static int declared_type(void *session, size_t position, int is_output, int *element, int64_t *dimensions, size_t *rank,
	char *error) {
	void *type = NULL, *tensor = NULL;
	if (failed(ORT_CALL(table, is_output ? ORT_SESSION_OUTPUT_TYPE : ORT_SESSION_INPUT_TYPE, (void *, size_t, void **),
			(session, position, &type)), "type", error) != 0)
		return -1;
	int result = failed(ORT_CALL(table, ORT_TYPE_AS_TENSOR, (void *, void **), (type, &tensor)), "tensor type", error);
	if (result == 0)
		result = failed(ORT_CALL(table, ORT_TENSOR_ELEMENT_TYPE, (void *, int *), (tensor, element)), "element type", error);
	if (result == 0) result = failed(ORT_CALL(table, ORT_TENSOR_RANK, (void *, size_t *), (tensor, rank)), "rank", error);
	if (result == 0 && *rank > RANK_MAX) {
		snprintf(error, BASELINE_ERROR_BYTES, "rank %zu, at most %d expected", *rank, RANK_MAX);
		result = -1;
	}
	if (result == 0)
		result = failed(ORT_CALL(table, ORT_TENSOR_DIMENSIONS, (void *, int64_t *, size_t), (tensor, dimensions, *rank)),
			"dimensions", error);
	ORT_RELEASE(table, ORT_RELEASE_TYPE, type);
	return result;
}

static int bind(struct baseline *baseline, const struct binding_request *request, const struct buffer *buffer, char *error) {
	const long position = position_of(baseline->session, request->name, request->is_output);
	if (position < 0) {
		/* Optimisation may leave an input unused, never an output: outputs are looked for by the caller's name. */
		if (!request->is_output) return 0;
		snprintf(error, BASELINE_ERROR_BYTES, "the model has no output '%s'", request->name);
		return -1;
	}
	int element = 0;
	int64_t dimensions[RANK_MAX];
	size_t rank = 0;
	if (declared_type(baseline->session, (size_t)position, request->is_output, &element, dimensions, &rank, error) != 0)
		return -1;
	void *value = NULL;
	if (failed(ORT_CALL(table, ORT_CREATE_TENSOR_OVER_DATA,
			(void *, void *, size_t, const int64_t *, size_t, int, void **),
			(memory_info, buffer->data, buffer->bytes, dimensions, rank, element, &value)), request->name, error) != 0)
		return -1;
	baseline->values[baseline->value_count++] = value;
	return failed(ORT_CALL(table, request->is_output ? ORT_BIND_OUTPUT : ORT_BIND_INPUT,
		(void *, const char *, void *), (baseline->binding, request->name, value)), request->name, error);
}

int baseline_create(struct baseline *baseline, const struct request *request, int index, int dataset,
	char error[BASELINE_ERROR_BYTES]) {
	memset(baseline, 0, sizeof *baseline);
	return create_session(baseline, request->baselines[index].models[dataset], request->threads, error);
}

static void release_binding(struct baseline *baseline) {
	for (int i = 0; i < baseline->value_count; i++) ORT_RELEASE(table, ORT_RELEASE_VALUE, baseline->values[i]);
	if (baseline->binding != NULL) ORT_RELEASE(table, ORT_RELEASE_BINDING, baseline->binding);
	baseline->value_count = 0;
	baseline->binding = NULL;
}

int baseline_bind(struct baseline *baseline, const struct request *request, int index, const struct workload *workload,
	char error[BASELINE_ERROR_BYTES]) {
	release_binding(baseline);
	if (failed(ORT_CALL(table, ORT_CREATE_BINDING, (void *, void **), (baseline->session, &baseline->binding)), "binding",
			error) != 0)
		return -1;
	for (int i = 0; i < request->binding_count; i++) {
		const struct binding_request *binding = &request->bindings[i];
		if (binding->baseline != index) continue;
		const struct buffer *buffer =
			binding->is_output ? &workload->outputs[binding->tensor] : &workload->inputs[binding->tensor];
		if (bind(baseline, binding, buffer, error) != 0) return -1;
	}
	return 0;
}

int baseline_run(struct baseline *baseline, char error[BASELINE_ERROR_BYTES]) {
	return failed(ORT_CALL(table, ORT_RUN_WITH_BINDING, (void *, const void *, const void *),
		(baseline->session, NULL, baseline->binding)), "run", error);
}

void baseline_release(struct baseline *baseline) {
	release_binding(baseline);
	if (baseline->session != NULL) ORT_RELEASE(table, ORT_RELEASE_SESSION, baseline->session);
	memset(baseline, 0, sizeof *baseline);
}
