/* A C program that uses a model as a library: WEIGHTS THREADS INPUT_ELEMENTS OUTPUT_ELEMENTS. Float32 in and out; inputs
 * are (i % 32) / 8. Prints what opening gave, and then each output element. */
#include "model.h"
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
	if (count != 5) return 2;
	kiln_model *model = NULL;
	int fault = kiln_model_open(arguments[1], &model);
	printf("%d\n", fault);
	if (fault != 0) return 0;
	int threads = atoi(arguments[2]);
	size_t inputs = strtoul(arguments[3], NULL, 10), outputs = strtoul(arguments[4], NULL, 10);
	float *x = malloc(inputs * sizeof *x), *y = malloc(outputs * sizeof *y);
	for (size_t at = 0; at < inputs; at++) x[at] = (float)(at % 32) / 8;
	void *workspace = aligned_alloc(64, (kiln_model_workspace_bytes(threads) + 64) / 64 * 64);
	const void *const from[] = {x};
	void *const to[] = {y};
	fault = kiln_model_run(model, from, to, workspace, threads);
	kiln_model_close(model);
	for (size_t at = 0; at < outputs; at++) printf("%.9g\n", y[at]);
	free(workspace), free(x), free(y);
	return fault;
}
