// kernel.h: the C ABI of one kernel, with what its buffers hold.

import type { LoopProgram } from "#shared/loop-ir/loop-ir.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { cTypes } from "./c-expression.ts";
import { abiVersion } from "./c-runtime.ts";

/** The header that belongs to `emitC([{ prefix, program }])`. */
export function printHeader(program: LoopProgram, prefix: string): string {
	const inputs = program.inputs.map(
		({ shape, dataType, role }, at) => `   inputs[${at}]: ${describe(dataType, shape)}, ${role}`,
	);
	const outputs = program.outputs.map(
		({ shape, dataType }, at) => `   outputs[${at}]: ${describe(dataType, shape)}`,
	);
	const guard = `${prefix.toUpperCase()}_H`;
	return `/* One optimised kernel.

   Buffers are dense and row-major, aligned to their elements; float16 and bfloat16 are given as their bits.
${inputs.join("\n")}
${outputs.join("\n")}

   1. Allocate ${prefix}_prepared_bytes() and ${prefix}_workspace_bytes(threads), both aligned to 64 bytes.
   2. Call ${prefix}_prepare once for a set of weights. Only weights are read; the other inputs may be NULL.
   3. Call ${prefix}_run for every evaluation. Weights must still be given, but for those of which ${prefix}_reads
      says 0. Outputs must not overlap anything else; a run reads back what it wrote there.
   Calls may run at the same time if they have workspaces of their own. Link with -lm${
			program.kernels.some((kernel) => kernel.isParallel) ? " and -pthread" : ""
		}. */
#ifndef ${guard}
#define ${guard}
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of these functions: ${abiVersion}. */
int ${prefix}_abi_version(void);

/* Bytes of packed weights; 0 when nothing is packed. */
size_t ${prefix}_prepared_bytes(void);

/* Bytes that a run with this many threads needs beside its buffers. */
size_t ${prefix}_workspace_bytes(int threads);

/* Packs the weights. Returns 0. */
int ${prefix}_prepare(const void *const *inputs, void *prepared);

/* Computes the outputs with at most this many threads (1 or more). Returns 0. */
int ${prefix}_run(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace,
	int threads);

/* Whether a run reads inputs[input]; 0: only ${prefix}_prepare does, and it may be NULL in a run. Since version 2. */
int ${prefix}_reads(int input);

/* One share of a run's work. */
typedef void ${prefix}_task(void *data, size_t index);

/* Calls task(data, 0) to task(data, count - 1), in any order and at the same time if it can, and returns after all. */
typedef void ${prefix}_apply(void *context, ${prefix}_task *task, size_t count, void *data);

/* The same as ${prefix}_run for a host with threads of its own: makes none, and shares work out through apply
   in at most this many tasks. Since version 2. */
int ${prefix}_run_with(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace,
	int threads, ${prefix}_apply *apply, void *context);

#ifdef __cplusplus
}
#endif
#endif
`;
}

function describe(dataType: DataType, shape: Shape): string {
	const extents = shape.length === 0 ? "scalar" : `[${shape.join(", ")}]`;
	return `${dataType} ${extents} (${cTypes[dataType]})`;
}
