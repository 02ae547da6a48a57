/* Correctness: every participant on every dataset, with fenced and poisoned memory, against the expected values. */
#ifndef KILN_CHECK_H
#define KILN_CHECK_H
#include "request.h"
void check_all(const struct request *request);
#endif
