/* The measuring process: loads ONNX Runtime and compiled candidates, checks them or times them, and reports JSON lines.
 * usage: harness REQUEST. It is started by the runner for one request folder, in a process group of its own. */
#define _GNU_SOURCE
#include "baseline.h"
#include "check.h"
#include "report.h"
#include "request.h"
#include "sandbox.h"
#include "timing.h"
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
	static struct request request;
	char error[BASELINE_ERROR_BYTES] = "";
	if (count != 2) {
		fprintf(stderr, "usage: %s REQUEST\n", words[0]);
		return 64;
	}
	request_read(&request, words[1]);
	report_open();
	sandbox_limit(request.cpu_seconds, request.address_space_bytes, request.file_bytes);
	const int sandboxed = sandbox_filter();
	const char *version = "";
	if (request.runtime != NULL) {
		version = baseline_open_runtime(request.runtime, error);
		if (version == NULL) {
			fprintf(stderr, "%s\n", error);
			return 69;
		}
	}
	report_ready(version, sandboxed);
	if (request.mode == MODE_TIME) time_all(&request);
	else check_all(&request);
	report_done();
	/* Without the destructors of libraries that candidates may have harmed. */
	_Exit(0);
}
