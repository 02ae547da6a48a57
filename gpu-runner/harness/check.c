#define _GNU_SOURCE
#include "check.h"
#include "baseline.h"
#include "candidate.h"
#include "compare.h"
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void dump(const struct request *request, const struct workload *workload, const char *id, int dataset) {
	for (int i = 0; request->dump != NULL && i < request->output_count; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s-%s-%d-%d.bin", request->dump, id, dataset, i);
		if (buffer_write_file(&workload->outputs[i], path) == 0) continue;
		fprintf(stderr, "%s cannot be written\n", path);
		exit(73);
	}
}

static int overrun_of(const struct buffer *buffer, const char *what, int index, char *error) {
	const int side = buffer_overrun(buffer);
	if (side == 0) return 0;
	snprintf(error, CANDIDATE_ERROR_BYTES, "wrote %s %s %d", side < 0 ? "before" : "behind", what, index);
	return -1;
}

static int overran(const struct request *request, const struct candidate *candidate, const struct workload *workload,
	char *error) {
	for (int i = 0; i < request->output_count; i++)
		if (overrun_of(&workload->outputs[i], "output", i, error) != 0) return 1;
	return overrun_of(&candidate->prepared, "prepared weights", 0, error) != 0 ||
		overrun_of(&candidate->workspace, "workspace", 0, error) != 0;
}

static int same_weights(const struct request *request, const struct workload *a, const struct workload *b) {
	for (int i = 0; i < request->input_count; i++)
		if (request->inputs[i].is_weight && a->input_data[i] != b->input_data[i]) return 0;
	return 1;
}

/* Twice, because the second run meets the first one's left-over workspace: results must not depend on it. */
static const char *run_twice(const struct request *request, struct candidate *candidate, struct workload *workload,
	char *error) {
	uint64_t digests[2] = {0, 0};
	for (int run = 0; run < 2; run++) {
		workload_poison(workload, request);
		if (candidate_run(candidate, workload, request->threads, error) != 0) return "refused";
		if (overran(request, candidate, workload, error)) {
			for (int i = 0; i < request->output_count; i++) buffer_mend(&workload->outputs[i]);
			return "outOfBounds";
		}
		digests[run] = workload_digest(workload, request);
	}
	if (digests[0] == digests[1]) return NULL;
	snprintf(error, CANDIDATE_ERROR_BYTES, "two runs on the same inputs gave different outputs");
	return "unrepeatable";
}

/* On all datasets; weights are packed again only where they differ from those packed last. */
static void check_candidate(const struct request *request, struct workload *workloads, int index) {
	const struct candidate_request *which = &request->candidates[index];
	struct candidate candidate = {0};
	const struct workload *packed = NULL;
	char error[CANDIDATE_ERROR_BYTES] = "";
	const char *fault = NULL;
	for (int dataset = 0; dataset < request->dataset_count && fault == NULL; dataset++) {
		struct workload *workload = &workloads[dataset];
		report_begin(which->id, "check", dataset);
		if (packed == NULL || !same_weights(request, packed, workload)) {
			candidate_release(&candidate);
			packed = workload;
			if (candidate_create(&candidate, which, workload, request->threads, PLACEMENT_FENCED, NULL, error) != 0) fault = "refused";
			else if (dataset == 0) report_packed(which->id, candidate.prepared.bytes, buffer_digest(&candidate.prepared));
		}
		if (fault == NULL) fault = run_twice(request, &candidate, workload, error);
		if (fault != NULL) break;
		for (int i = 0; i < request->output_count; i++) compare_output(request, workload, dataset, i, which->id);
		dump(request, workload, which->id, dataset);
	}
	if (fault != NULL) report_fault(which->id, fault, error);
	candidate_release(&candidate);
}

/* A session for each model: datasets of the same weights share one. */
static int run_baseline(const struct request *request, struct baseline *baseline, const char **loaded, int index, int dataset,
	struct workload *workload, char *error) {
	const char *model = request->baselines[index].models[dataset];
	if (*loaded == NULL || strcmp(*loaded, model) != 0) {
		baseline_release(baseline);
		*loaded = NULL;
		if (baseline_create(baseline, request, index, dataset, error) != 0) return -1;
		*loaded = model;
	}
	workload_poison(workload, request);
	if (baseline_bind(baseline, request, index, workload, error) != 0) return -1;
	return baseline_run(baseline, error);
}

static void check_baseline(const struct request *request, struct workload *workloads, int index) {
	const struct baseline_request *which = &request->baselines[index];
	struct baseline baseline = {0};
	const char *loaded = NULL;
	for (int dataset = 0; dataset < request->dataset_count; dataset++) {
		char error[BASELINE_ERROR_BYTES] = "";
		if (which->models[dataset] == NULL) continue;
		report_begin(which->id, "check", dataset);
		if (run_baseline(request, &baseline, &loaded, index, dataset, &workloads[dataset], error) != 0)
			report_fault(which->id, "refused", error);
		else
			for (int i = 0; i < request->output_count; i++)
				compare_output(request, &workloads[dataset], dataset, i, which->id);
	}
	baseline_release(&baseline);
}

void check_all(const struct request *request) {
	struct workload *workloads = calloc((size_t)request->dataset_count, sizeof *workloads);
	if (workloads == NULL) exit(71);
	for (int dataset = 0; dataset < request->dataset_count; dataset++)
		workload_load(&workloads[dataset], request, dataset, PLACEMENT_FENCED, dataset > 0 && request->shares_weights ? &workloads[0] : NULL);
	for (int i = 0; i < request->baseline_count; i++) check_baseline(request, workloads, i);
	for (int i = 0; i < request->candidate_count; i++) check_candidate(request, workloads, i);
}
