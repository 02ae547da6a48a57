/* Found outputs against expected float64 values. */
#ifndef KILN_COMPARE_H
#define KILN_COMPARE_H
#include "request.h"
#include "workload.h"

/* Largest |found - expected| over the largest finite |expected|; an element that is not finite on one side only, or not
 * the same infinity, is a mismatch. Reports the two and where. */
void compare_output(const struct request *request, const struct workload *workload, int dataset, int output, const char *id);
#endif
