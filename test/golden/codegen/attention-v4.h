/* One optimised kernel.

   Buffers are dense and row-major, aligned to their elements; float16 and bfloat16 are given as their bits.
   inputs[0]: float32 [1, 8, 32] (float), activation
   inputs[1]: float32 [1, 256, 32] (float), activation
   inputs[2]: float32 [1, 256, 32] (float), activation
   inputs[3]: float32 [8, 256] (float), activation
   outputs[0]: float32 [1, 8, 32] (float)

   1. Allocate kiln_kernel_prepared_bytes() and kiln_kernel_workspace_bytes(threads), both aligned to 64 bytes.
   2. Call kiln_kernel_prepare once for a set of weights. Only weights are read; the other inputs may be NULL.
   3. Call kiln_kernel_run for every evaluation. Weights must still be given, but for those of which kiln_kernel_reads
      says 0. Outputs must not overlap anything else; a run reads back what it wrote there.
   Calls may run at the same time if they have workspaces of their own. Link with -lm. */
#ifndef KILN_KERNEL_H
#define KILN_KERNEL_H
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of these functions: 2. */
int kiln_kernel_abi_version(void);

/* Bytes of packed weights; 0 when nothing is packed. */
size_t kiln_kernel_prepared_bytes(void);

/* Bytes that a run with this many threads needs beside its buffers. */
size_t kiln_kernel_workspace_bytes(int threads);

/* Packs the weights. Returns 0. */
int kiln_kernel_prepare(const void *const *inputs, void *prepared);

/* Computes the outputs with at most this many threads (1 or more). Returns 0. */
int kiln_kernel_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace,
	int threads);

/* Whether a run reads inputs[input]; 0: only kiln_kernel_prepare does, and it may be NULL in a run. Since version 2. */
int kiln_kernel_reads(int input);

/* One share of a run's work. */
typedef void kiln_kernel_task(void *data, size_t index);

/* Calls task(data, 0) to task(data, count - 1), in any order and at the same time if it can, and returns after all. */
typedef void kiln_kernel_apply(void *context, kiln_kernel_task *task, size_t count, void *data);

/* The same as kiln_kernel_run for a host with threads of its own: makes none, and shares work out through apply
   in at most this many tasks. Since version 2. */
int kiln_kernel_run_with(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace,
	int threads, kiln_kernel_apply *apply, void *context);

#ifdef __cplusplus
}
#endif
#endif
