#define _GNU_SOURCE
#include "processors.h"
#include <sched.h>

static cpu_set_t first, others;
static int is_placing;

void processors_begin(int threads) {
	cpu_set_t all;
	is_placing = 0;
	if (threads < 2 || sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) < threads) return;
	CPU_ZERO(&first);
	others = all;
	for (int processor = 0; processor < CPU_SETSIZE; processor++) {
		if (!CPU_ISSET(processor, &all)) continue;
		CPU_SET(processor, &first);
		CPU_CLR(processor, &others);
		break;
	}
	is_placing = 1;
}

void processors_for_workers(void) {
	if (is_placing) sched_setaffinity(0, sizeof others, &others);
}

void processors_for_caller(void) {
	if (is_placing) sched_setaffinity(0, sizeof first, &first);
}
