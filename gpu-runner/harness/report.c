#define _GNU_SOURCE
#include "report.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 16384, MESSAGE_BYTES_MAX = 2000 };
static int channel = 1;

void report_open(void) {
	channel = fcntl(1, F_DUPFD_CLOEXEC, 100);
	const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (channel < 0 || nowhere < 0) exit(71);
	dup2(nowhere, 1);
	close(nowhere);
}

static void send_line(const char *format, ...) {
	char line[LINE_BYTES_MAX];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line - 1, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof line - 1) exit(71);
	line[length++] = '\n';
	for (int done = 0; done < length;) {
		const ssize_t count = write(channel, line + done, (size_t)(length - done));
		if (count <= 0) exit(71);
		done += (int)count;
	}
}

/* Text as the inside of a JSON string; cut when it is long. */
static const char *escaped(const char *text) {
	static char result[MESSAGE_BYTES_MAX * 6 + 1];
	size_t at = 0;
	for (size_t i = 0; text[i] != 0 && i < MESSAGE_BYTES_MAX; i++) {
		const unsigned char byte = (unsigned char)text[i];
		if (byte == '"' || byte == '\\') at += (size_t)sprintf(result + at, "\\%c", byte);
		else if (byte < 32 || byte > 126) at += (size_t)sprintf(result + at, "\\u%04x", byte);
		else result[at++] = (char)byte;
	}
	result[at] = 0;
	return result;
}

void report_begin(const char *participant, const char *stage, int dataset) {
	send_line("{\"event\":\"begin\",\"participant\":\"%s\",\"stage\":\"%s\",\"dataset\":%d}", participant, stage, dataset);
}

void report_ready(const char *runtime_version, int sandboxed) {
	send_line("{\"event\":\"ready\",\"runtime\":\"%s\",\"sandboxed\":%s}", escaped(runtime_version),
		sandboxed ? "true" : "false");
}

void report_fault(const char *participant, const char *kind, const char *message) {
	send_line("{\"event\":\"fault\",\"participant\":\"%s\",\"kind\":\"%s\",\"message\":\"%s\"}", participant, kind,
		escaped(message));
}

void report_packed(const char *participant, size_t bytes, uint64_t digest) {
	send_line("{\"event\":\"packed\",\"participant\":\"%s\",\"bytes\":%zu,\"digest\":\"%016" PRIx64 "\"}", participant, bytes, digest);
}

void report_checked(const char *participant, int dataset, int output, double error_max, size_t worst, size_t mismatches,
	uint64_t digest) {
	send_line("{\"event\":\"checked\",\"participant\":\"%s\",\"dataset\":%d,\"output\":%d,\"errorMax\":%.9g,\"worst\":%zu,"
		"\"mismatches\":%zu,\"digest\":\"%016" PRIx64 "\"}", participant, dataset, output, error_max, worst, mismatches, digest);
}

void report_burst(const char *participant, int round, size_t runs_per_sample, const double *nanoseconds,
	const unsigned char *clean, int count) {
	char samples[4096], flags[1024];
	size_t at = 0, flag = 0;
	for (int i = 0; i < count; i++) {
		at += (size_t)snprintf(samples + at, sizeof samples - at, "%s%.1f", i == 0 ? "" : ",", nanoseconds[i]);
		flag += (size_t)snprintf(flags + flag, sizeof flags - flag, "%s%s", i == 0 ? "" : ",", clean[i] ? "true" : "false");
	}
	send_line("{\"event\":\"burst\",\"participant\":\"%s\",\"round\":%d,\"runsPerSample\":%zu,\"nanoseconds\":[%s],\"clean\":[%s]}",
		participant, round, runs_per_sample, samples, flags);
}

void report_done(void) { send_line("{\"event\":\"done\"}"); }
