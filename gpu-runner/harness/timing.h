/* Interleaved timing of baselines, candidates and a reference read, in one process and on the same buffers. */
#ifndef KILN_TIMING_H
#define KILN_TIMING_H
#include "request.h"
void time_all(const struct request *request);
#endif
