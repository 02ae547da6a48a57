/* Many callers of one session at the same time: LIBONNXRUNTIME MODEL LIBRARY THREADS CALLERS RUNS ROWS COLUMNS.
 * The model's input is x, float32[ROWS, COLUMNS], its output y. Prints how many runs differed from a caller's first, made
 * alone; how many there were; and how many threads were there more at the end than before the first run. */
#include "onnxruntime-abi.h"
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADD_LIBRARY = 228, RUN = 9, TENSOR_DATA = 51, ELEMENT_COUNT = 64, TYPE_AND_SHAPE = 65 };

static OrtTable api;
static void *session;
static long runs;
static int64_t extents[2];

static void must(OrtStatus *status) {
	if (status == NULL) return;
	fprintf(stderr, "%s\n", ((const char *(*)(OrtStatus *))api[ORT_GET_ERROR_MESSAGE])(status));
	exit(1);
}

typedef struct {
	void *input;
	float *expected;
	size_t elements;
	long different;
} caller;

/* Compares with what is expected, or keeps it where nothing is. */
static void run_once(caller *self) {
	static const char *const input_name = "x", *const output_name = "y";
	void *output = NULL, *info = NULL, *data = NULL;
	must(ORT_CALL(api, RUN,
		(void *, void *, const char *const *, void *const *, size_t, const char *const *, size_t, void **),
		(session, NULL, &input_name, &self->input, 1, &output_name, 1, &output)));
	must(ORT_CALL(api, TENSOR_DATA, (void *, void **), (output, &data)));
	if (self->expected == NULL) {
		must(ORT_CALL(api, TYPE_AND_SHAPE, (void *, void **), (output, &info)));
		must(ORT_CALL(api, ELEMENT_COUNT, (void *, size_t *), (info, &self->elements)));
		self->expected = malloc(self->elements * sizeof(float));
		memcpy(self->expected, data, self->elements * sizeof(float));
	} else if (memcmp(self->expected, data, self->elements * sizeof(float)) != 0) self->different++;
	ORT_RELEASE(api, ORT_RELEASE_VALUE, output);
}

static void *run_often(void *argument) {
	for (long run = 0; run < runs; run++) run_once(argument);
	return NULL;
}

static int threads_alive(void) {
	int count = 0;
	DIR *folder = opendir("/proc/self/task");
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

static void open_session(char **arguments) {
	void *library = dlopen(arguments[1], RTLD_NOW), *environment, *options;
	const OrtBase *base = ((const OrtBase *(*)(void))dlsym(library, "OrtGetApiBase"))();
	api = base->get_api(ORT_TABLE_VERSION_MIN);
	must(ORT_CALL(api, ORT_CREATE_ENVIRONMENT, (int, const char *, void **), (ORT_LOG_ERROR, "test", &environment)));
	must(ORT_CALL(api, ORT_CREATE_SESSION_OPTIONS, (void **), (&options)));
	must(ORT_CALL(api, ORT_SET_INTRA_OP_THREADS, (void *, int), (options, atoi(arguments[4]))));
	must(ORT_CALL(api, ADD_LIBRARY, (void *, const char *), (options, arguments[3])));
	must(ORT_CALL(api, ORT_CREATE_SESSION, (void *, const char *, void *, void **),
		(environment, arguments[2], options, &session)));
}

static void *make_input(long seed) {
	void *memory, *value;
	size_t elements = (size_t)(extents[0] * extents[1]);
	float *data = malloc(elements * sizeof *data);
	for (size_t at = 0; at < elements; at++) data[at] = (float)((at * 7919 + (size_t)seed * 104729) % 1000) / 500 - 1;
	must(ORT_CALL(api, ORT_CREATE_CPU_MEMORY_INFO, (int, int, void **), (0, 0, &memory)));
	must(ORT_CALL(api, ORT_CREATE_TENSOR_OVER_DATA, (void *, void *, size_t, const int64_t *, size_t, int, void **),
		(memory, data, elements * sizeof *data, extents, 2, 1, &value)));
	return value;
}

int main(int count, char **arguments) {
	if (count != 9) return 2;
	open_session(arguments);
	long callers = atol(arguments[5]);
	runs = atol(arguments[6]);
	extents[0] = atol(arguments[7]);
	extents[1] = atol(arguments[8]);
	int before = threads_alive();
	caller *all = calloc((size_t)callers, sizeof *all);
	pthread_t *threads = calloc((size_t)callers, sizeof *threads);
	for (long at = 0; at < callers; at++) {
		all[at].input = make_input(at);
		run_once(&all[at]);
	}
	for (long at = 0; at < callers; at++) pthread_create(&threads[at], NULL, run_often, &all[at]);
	long different = 0;
	for (long at = 0; at < callers; at++) {
		pthread_join(threads[at], NULL);
		different += all[at].different;
	}
	printf("%ld %ld %d\n", different, callers * runs, threads_alive() - before);
	return 0;
}
