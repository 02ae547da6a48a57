/* Fences around candidate code: resource limits and a system-call filter. They hold for the rest of the process's life. */
#ifndef KILN_SANDBOX_H
#define KILN_SANDBOX_H
#include <stddef.h>

/* CPU seconds, address space and file length; no core file; ends with the runner. Ends the process when it cannot. */
void sandbox_limit(size_t cpu_seconds, size_t address_space_bytes, size_t file_bytes);
/* No network, no new process, no tracing or signalling of others. 1 when in force, 0 where the system has no filters. */
int sandbox_filter(void);
#endif
