#define _GNU_SOURCE
#include "compare.h"
#include "report.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void compare_output(const struct request *request, const struct workload *workload, int dataset, int output, const char *id) {
	const struct tensor_request *tensor = &request->outputs[output];
	const size_t count = tensor->bytes / tensor->element_bytes;
	const char *path = request->datasets[dataset].expected[output];
	double error_max = 0, largest = 0;
	size_t worst = 0, mismatches = 0;
	if (path != NULL) {
		struct buffer expected;
		char error[512];
		if (buffer_create(&expected, count * sizeof(double), sizeof(double), 0, PLACEMENT_FENCED) != 0 ||
			buffer_read_file(&expected, path, error, sizeof error) != 0) {
			fprintf(stderr, "expected values of output %d cannot be read\n", output);
			exit(66);
		}
		const double *values = (const double *)expected.data;
		for (size_t i = 0; i < count; i++) {
			const double found = element_value(tensor->element, workload->outputs[output].data, i);
			if (isfinite(values[i]) && isfinite(found)) {
				const double error_here = fabs(found - values[i]);
				if (fabs(values[i]) > largest) largest = fabs(values[i]);
				if (error_here > error_max) error_max = error_here, worst = i;
			} else if (!(isnan(values[i]) && isnan(found)) && values[i] != found) {
				if (mismatches++ == 0) worst = i;
			}
		}
		buffer_release(&expected);
	}
	report_checked(id, dataset, output, largest > 0 ? error_max / largest : error_max, worst, mismatches,
		workload_output_digest(workload, output));
}
