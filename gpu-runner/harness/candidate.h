/* A compiled candidate: the kernel interface of kernel.h under the candidate's prefix. */
#ifndef KILN_CANDIDATE_H
#define KILN_CANDIDATE_H
#include "workload.h"

struct candidate {
	void *library;
	int (*run)(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads);
	struct buffer prepared, workspace;
	/* `prepared` is another candidate's. */
	int is_borrowing;
};

enum { CANDIDATE_ERROR_BYTES = 512 };

/* Loads it, gives it poisoned memory and prepares its weights, which are read-only from then on: 0, or -1 with a message.
 * `packed`: what another candidate has prepared to the same bytes, to be used instead; or NULL. */
int candidate_create(struct candidate *candidate, const struct candidate_request *request, const struct workload *workload,
	int threads, enum placement placement, const struct buffer *packed, char error[CANDIDATE_ERROR_BYTES]);
/* Runs once: 0, or -1 with a message. */
int candidate_run(struct candidate *candidate, struct workload *workload, int threads, char error[CANDIDATE_ERROR_BYTES]);
void candidate_release(struct candidate *candidate);
#endif
