#define _GNU_SOURCE
#include "timing.h"
#include "baseline.h"
#include "candidate.h"
#include "compare.h"
#include "processors.h"
#include "read-memory.h"
#include "report.h"
#include "waiting.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	SAMPLES_MIN = 5,
	SAMPLES_MAX = 10,
	/* A run this long averages over what would make a short one vary: rounds say more about it than further samples. */
	LONG_RUN_NANOSECONDS = 20000000,
	SAMPLES_LONG = 3,
	WAITING_PER_MILLE = 25,
	/* A sample shorter than this would be mostly clock; a burst shorter than BURST_NANOSECONDS mostly switching. */
	SAMPLE_NANOSECONDS = 20000,
	BURST_NANOSECONDS = 200000,
	RUNS_PER_SAMPLE_MAX = 4096,
	CALIBRATION_RUNS_MAX = 3,
	CALIBRATION_NANOSECONDS = 5000000,
	/* The read that shows how fast memory is at this moment: as long as the weights of a layer, so that the last cache
	 * helps it no more than them, and sampled less than the others, because it says little about any one of them. */
	REFERENCE_BYTES = 64 << 20,
	REFERENCE_SAMPLES = 2,
	REFERENCE_TRIES = 3,
	QUIET_POLL_MICROSECONDS = 250,
	/* ONNX Runtime's workers spin this long, at the most, after a run before they sleep: with several threads whoever came
	 * next would have to share a processor with them. */
	SPINNING_MILLISECONDS = 200,
	/* Workers that slept take a while until they are there at once. */
	THREADS_WARM_NANOSECONDS = 3000000,
};

enum kind { KIND_BASELINE, KIND_CANDIDATE, KIND_REFERENCE };

struct participant {
	enum kind kind;
	const char *id;
	struct baseline baseline;
	struct candidate candidate;
	int taking_part;
	size_t runs_per_sample;
	int samples;
	int is_long;
	uint64_t digest;
};

static const struct request *request;
static struct workload *workload;
static struct buffer reference;
static int only_long_runs;
/* Candidates read weights that another one packed: who comes after it would find their end in the last cache. */
static int cools_before_bursts;
static struct reading reference_reading;
static volatile float reference_sum;

static double now_nanoseconds(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static long involuntary_switches(void) {
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nivcsw;
}

/* What the scheduler had done to this process when a sample began. */
struct disturbance {
	double waited;
	long switches;
};

static struct disturbance disturbance_now(void) { return (struct disturbance){waiting_nanoseconds(), involuntary_switches()}; }

/* Whether a sample of this length shows its participant: while it ran, the process's threads waited for a processor no
 * more than WAITING_PER_MILLE of it. A long run on a shared machine always meets a switch, and a short wait hardly
 * lengthens it; where the system does not tell the wait, a single involuntary switch spoils the sample. */
static int is_clean(struct disturbance before, double nanoseconds) {
	const struct disturbance after = disturbance_now();
	if (before.waited < 0 || after.waited < 0) return after.switches == before.switches;
	return (after.waited - before.waited) * 1000 <= nanoseconds * WAITING_PER_MILLE;
}

static int runnable_processes(void) {
	char text[8192], *at = text;
	size_t room = sizeof text - 1;
	FILE *file = fopen("/proc/stat", "r");
	if (file == NULL) return 1;
	int count = 1;
	while (room > 0 && fgets(at, (int)room, file) != NULL)
		if (sscanf(at, "procs_running %d", &count) == 1) break;
	fclose(file);
	return count;
}

/* Waits until nothing else wants a processor (a spinning worker of the runtime counts), at most the asked time. */
static void wait_for_quiet(void) {
	size_t bound = (size_t)request->quiet_milliseconds;
	if (request->threads > 1 && bound < SPINNING_MILLISECONDS) bound = SPINNING_MILLISECONDS;
	const double end = now_nanoseconds() + (double)bound * 1e6;
	while (runnable_processes() > 1 && now_nanoseconds() < end) usleep(QUIET_POLL_MICROSECONDS);
}

static void read_reference(void) { reference_sum += read_memory(reference.data, REFERENCE_BYTES, reference_reading); }

/* The way of reading that is fastest here and now. */
static void choose_reading(void) {
	double best = 1e18;
	struct reading fastest = readings[0];
	for (int i = 0; i < REFERENCE_TRIES * READINGS; i++) {
		reference_reading = readings[i % READINGS];
		const double start = now_nanoseconds();
		read_reference();
		const double took = now_nanoseconds() - start;
		if (took < best) best = took, fastest = reference_reading;
	}
	reference_reading = fastest;
}

/* One run: 0, or -1 with a message. */
static int run(struct participant *who, char *error) {
	switch (who->kind) {
	case KIND_BASELINE: return baseline_run(&who->baseline, error);
	case KIND_CANDIDATE: return candidate_run(&who->candidate, workload, request->threads, error);
	case KIND_REFERENCE: read_reference();
	}
	return 0;
}

/* The weights that another participant has packed for this candidate too; NULL when it packs its own. */
static const struct buffer *packed_for(const struct participant *candidates, int index) {
	const int other = request->candidates[index].packed_by;
	return other >= 0 && candidates[other].taking_part ? &candidates[other].candidate.prepared : NULL;
}

static int create(struct participant *who, int index, char *error) {
	switch (who->kind) {
	case KIND_BASELINE:
		if (baseline_create(&who->baseline, request, index, 0, error) != 0) return -1;
		return baseline_bind(&who->baseline, request, index, workload, error);
	case KIND_CANDIDATE:
		return candidate_create(&who->candidate, &request->candidates[index], workload, request->threads, PLACEMENT_FAST,
			packed_for(who - index, index), error);
	case KIND_REFERENCE:
		if (buffer_create(&reference, REFERENCE_BYTES, READ_LINE_BYTES, 0, PLACEMENT_FAST) == 0) {
			choose_reading();
			return 0;
		}
		snprintf(error, CANDIDATE_ERROR_BYTES, "no memory for the reference read");
	}
	return -1;
}

/* Runs once on poisoned outputs; the digest of what came out. */
static int run_for_digest(struct participant *who, uint64_t *digest, char *error) {
	if (who->kind == KIND_REFERENCE) return 0;
	workload_poison(workload, request);
	const int result = run(who, error);
	*digest = workload_digest(workload, request);
	return result;
}

static int calibrate(struct participant *who, char *error) {
	double best = 1e18, spent = 0;
	for (int i = 0; i < CALIBRATION_RUNS_MAX && spent < CALIBRATION_NANOSECONDS; i++) {
		const double start = now_nanoseconds();
		if (run(who, error) != 0) return -1;
		const double took = now_nanoseconds() - start;
		if (took < best) best = took;
		spent += took;
	}
	if (best < 1) best = 1;
	who->is_long = best >= LONG_RUN_NANOSECONDS;
	const double runs = SAMPLE_NANOSECONDS / best;
	who->runs_per_sample = runs < 1 ? 1 : runs > RUNS_PER_SAMPLE_MAX ? RUNS_PER_SAMPLE_MAX : (size_t)runs + 1;
	const double samples = BURST_NANOSECONDS / (best * (double)who->runs_per_sample) + 1;
	if (who->kind == KIND_REFERENCE) who->samples = REFERENCE_SAMPLES;
	else if (who->is_long) who->samples = SAMPLES_LONG;
	else who->samples = samples < SAMPLES_MIN ? SAMPLES_MIN : samples > SAMPLES_MAX ? SAMPLES_MAX : (int)samples;
	return 0;
}

static void enter(struct participant *who, int index) {
	char error[BASELINE_ERROR_BYTES] = "";
	report_begin(who->id, "prepare", 0);
	/* The runtime makes its threads when a session is made, a kernel in its first run. */
	processors_for_workers();
	who->taking_part = create(who, index, error) == 0 && run_for_digest(who, &who->digest, error) == 0;
	processors_for_caller();
	who->taking_part = who->taking_part && calibrate(who, error) == 0;
	if (!who->taking_part) report_fault(who->id, "refused", error);
}

/* Warms what the one before has cooled: caches, and with several threads the workers. Where all runs are long each does so
 * itself, in a part that does not count. */
static int warm(struct participant *who, char *error) {
	if (only_long_runs) return 0;
	const double end = now_nanoseconds() + (request->threads > 1 ? THREADS_WARM_NANOSECONDS : 0);
	int result = run(who, error);
	while (result == 0 && now_nanoseconds() < end) result = run(who, error);
	return result;
}

static void burst(struct participant *who, int round) {
	double nanoseconds[SAMPLES_MAX];
	unsigned char clean[SAMPLES_MAX];
	char error[BASELINE_ERROR_BYTES] = "";
	report_begin(who->id, "time", 0);
	wait_for_quiet();
	if (cools_before_bursts) read_reference();
	waiting_begin();
	int result = warm(who, error);
	for (int i = 0; i < who->samples && result == 0; i++) {
		const struct disturbance before = disturbance_now();
		const double start = now_nanoseconds();
		for (size_t repeat = 0; repeat < who->runs_per_sample && result == 0; repeat++) result = run(who, error);
		const double took = now_nanoseconds() - start;
		nanoseconds[i] = took / (double)who->runs_per_sample;
		clean[i] = (unsigned char)is_clean(before, took);
	}
	waiting_end();
	if (result == 0) {
		report_burst(who->id, round, who->runs_per_sample, nanoseconds, clean, who->samples);
		return;
	}
	who->taking_part = 0;
	report_fault(who->id, "refused", error);
}

/* A kernel that answers from memory, or wrongly only when hurried, gives itself away here. */
static void check_again(struct participant *who) {
	uint64_t digest = 0;
	char error[CANDIDATE_ERROR_BYTES] = "";
	report_begin(who->id, "recheck", 0);
	if (run_for_digest(who, &digest, error) != 0) report_fault(who->id, "refused", error);
	else if (digest != who->digest) report_fault(who->id, "unrepeatable", "outputs after timing differ from those before");
	else
		for (int i = 0; i < request->output_count; i++) compare_output(request, workload, 0, i, who->id);
}

static int gather(struct participant *participants) {
	int count = 0;
	participants[count] = (struct participant){.kind = KIND_REFERENCE, .id = "reference"};
	enter(&participants[count++], 0);
	for (int i = 0; i < request->baseline_count; i++) {
		participants[count] = (struct participant){.kind = KIND_BASELINE, .id = request->baselines[i].id};
		enter(&participants[count++], i);
	}
	for (int i = 0; i < request->candidate_count; i++) {
		participants[count] = (struct participant){.kind = KIND_CANDIDATE, .id = request->candidates[i].id};
		enter(&participants[count++], i);
	}
	return count;
}

void time_all(const struct request *asked) {
	request = asked;
	workload = calloc(1, sizeof *workload);
	struct participant *participants =
		calloc((size_t)(1 + request->baseline_count + request->candidate_count), sizeof *participants);
	if (workload == NULL || participants == NULL) exit(71);
	workload_load(workload, request, 0, PLACEMENT_FAST, NULL);
	processors_begin(request->threads);
	const int count = gather(participants);
	only_long_runs = 1;
	for (int i = 0; i < count; i++)
		if (participants[i].taking_part && participants[i].kind != KIND_REFERENCE && !participants[i].is_long) only_long_runs = 0;
	for (int i = 0; i < request->candidate_count; i++)
		if (packed_for(participants + count - request->candidate_count, i) != NULL) cools_before_bursts = 1;
	const double end = now_nanoseconds() + (double)request->budget_milliseconds * 1e6;
	for (int round = 0; round < request->rounds_max; round++) {
		if (round >= request->rounds_min && now_nanoseconds() > end) break;
		for (int i = 0; i < count; i++)
			if (participants[i].taking_part) burst(&participants[i], round);
	}
	for (int i = 0; i < count; i++)
		if (participants[i].taking_part && participants[i].kind == KIND_CANDIDATE) check_again(&participants[i]);
}
