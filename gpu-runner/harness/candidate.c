#define _GNU_SOURCE
#include "candidate.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* What kernel.h promises for `prepared` and `workspace`. */
enum { BLOCK_ALIGNMENT = 64 };

static void *symbol(void *library, const char *prefix, const char *name, char *error) {
	char full[256];
	snprintf(full, sizeof full, "%s_%s", prefix, name);
	void *found = dlsym(library, full);
	if (found == NULL) snprintf(error, CANDIDATE_ERROR_BYTES, "the library has no %s", full);
	return found;
}

/* The mapping that the last candidate's weights were prepared in: a new one of a gigabyte costs more than the preparing. */
static struct buffer spare;

static int take_spare(struct buffer *buffer, size_t bytes, enum placement placement) {
	if (spare.mapping == NULL || spare.bytes != bytes || spare.placement != placement) return 0;
	*buffer = spare;
	memset(&spare, 0, sizeof spare);
	buffer_unprotect(buffer);
	buffer_mend(buffer);
	buffer_poison(buffer);
	return 1;
}

static int create_block(struct buffer *buffer, size_t bytes, enum placement placement, const char *what, char *error) {
	if (buffer_create(buffer, bytes, BLOCK_ALIGNMENT, 0, placement) != 0) {
		snprintf(error, CANDIDATE_ERROR_BYTES, "no memory for %zu bytes of %s", bytes, what);
		return -1;
	}
	buffer_poison(buffer);
	return 0;
}

static int prepare_weights(struct candidate *candidate, int (*prepare)(const void *const *, void *), size_t bytes,
	const struct workload *workload, enum placement placement, char *error) {
	if (!take_spare(&candidate->prepared, bytes, placement) &&
		create_block(&candidate->prepared, bytes, placement, "prepared weights", error) != 0)
		return -1;
	const int result = prepare(workload->input_data, candidate->prepared.data);
	buffer_protect(&candidate->prepared);
	if (result == 0) return 0;
	snprintf(error, CANDIDATE_ERROR_BYTES, "prepare returned %d", result);
	return -1;
}

int candidate_create(struct candidate *candidate, const struct candidate_request *request, const struct workload *workload,
	int threads, enum placement placement, const struct buffer *packed, char error[CANDIDATE_ERROR_BYTES]) {
	memset(candidate, 0, sizeof *candidate);
	candidate->library = dlopen(request->library, RTLD_NOW | RTLD_LOCAL);
	if (candidate->library == NULL) {
		snprintf(error, CANDIDATE_ERROR_BYTES, "%s", dlerror());
		return -1;
	}
	void *library = candidate->library;
	size_t (*prepared_bytes)(void) = (size_t(*)(void))symbol(library, request->prefix, "prepared_bytes", error);
	size_t (*workspace_bytes)(int) = (size_t(*)(int))symbol(library, request->prefix, "workspace_bytes", error);
	int (*prepare)(const void *const *, void *) =
		(int (*)(const void *const *, void *))symbol(library, request->prefix, "prepare", error);
	candidate->run = (int (*)(const void *const *, void *const *, const void *, void *, int))symbol(library,
		request->prefix, "run", error);
	if (prepared_bytes == NULL || workspace_bytes == NULL || prepare == NULL || candidate->run == NULL) return -1;
	if (create_block(&candidate->workspace, workspace_bytes(threads), placement, "workspace", error) != 0) return -1;
	const size_t bytes = prepared_bytes();
	if (packed == NULL) return prepare_weights(candidate, prepare, bytes, workload, placement, error);
	if (packed->bytes != bytes) {
		snprintf(error, CANDIDATE_ERROR_BYTES, "packs %zu bytes, not the %zu it was to share", bytes, packed->bytes);
		return -1;
	}
	candidate->prepared = *packed;
	candidate->is_borrowing = 1;
	return 0;
}

int candidate_run(struct candidate *candidate, struct workload *workload, int threads, char error[CANDIDATE_ERROR_BYTES]) {
	const int result = candidate->run(workload->input_data, workload->output_data, candidate->prepared.data,
		candidate->workspace.data, threads);
	if (result == 0) return 0;
	snprintf(error, CANDIDATE_ERROR_BYTES, "run returned %d", result);
	return -1;
}

/* The library stays loaded: a thread of its own may still be inside. */
void candidate_release(struct candidate *candidate) {
	if (!candidate->is_borrowing && candidate->prepared.mapping != NULL) {
		buffer_release(&spare);
		spare = candidate->prepared;
	}
	buffer_release(&candidate->workspace);
}
