/* One JSON object a line to the runner. Candidates cannot write to this channel by printing: see report_open. */
#ifndef KILN_REPORT_H
#define KILN_REPORT_H
#include <stddef.h>
#include <stdint.h>

/* Moves standard output away from under candidate code; reports go to the copy. */
void report_open(void);
/* Said before candidate or runtime code is entered, so that the runner knows whom to blame when nothing follows. */
void report_begin(const char *participant, const char *stage, int dataset);
void report_ready(const char *runtime_version, int sandboxed);
/* The participant takes no further part: `kind` is refused, outOfBounds or unrepeatable. */
void report_fault(const char *participant, const char *kind, const char *message);
/* The weights are packed: how many bytes they take, and a digest of them. */
void report_packed(const char *participant, size_t bytes, uint64_t digest);
void report_checked(const char *participant, int dataset, int output, double error_max, size_t worst, size_t mismatches,
	uint64_t digest);
void report_burst(const char *participant, int round, size_t runs_per_sample, const double *nanoseconds,
	const unsigned char *clean, int count);
void report_done(void);
#endif
