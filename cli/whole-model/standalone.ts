// A model of nothing but kernels as a C library of its own: one function that runs them in order. Generated text; names of
// the model stand in the header's comment alone, escaped.

import { cRuntime, cThreads } from "#shared/codegen/c-runtime.ts";
import { present } from "#shared/fault/assert.ts";
import type { TensorType } from "#shared/onnx/stored-tensor.ts";
import type { TargetId } from "#shared/target/target.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { type Kernels, prefixAt, printProcessorCheck } from "./operator-table.ts";
import type { Operand, PlannedOperator } from "./plan-operators.ts";

/** What the library takes or gives, in the order of its pointers. */
export interface StandalonePort {
	readonly name: string;
	readonly type: TensorType;
}

export interface StandaloneModel {
	readonly kernels: Kernels;
	/** In the order in which they run. */
	readonly steps: readonly PlannedOperator[];
	readonly inputs: readonly StandalonePort[];
	readonly outputs: readonly StandalonePort[];
	readonly offsetOf: (operand: Operand) => number;
	readonly weightsBytes: number;
	readonly target: TargetId;
}

const alignmentBytes = 64;

/** Where each value of the model is in a run: C expressions by name, and the bytes of what lies in the workspace. */
function placeValues({ steps, inputs, outputs }: StandaloneModel): {
	readonly places: ReadonlyMap<string, string>;
	readonly bytes: number;
} {
	const places = new Map<string, string>();
	for (const [at, { name }] of inputs.entries()) places.set(name, `inputs[${at}]`);
	for (const [at, { name }] of outputs.entries()) places.set(name, `outputs[${at}]`);
	let bytes = 0;
	for (const { name, type } of steps.flatMap(({ results }) => results)) {
		if (places.has(name)) continue;
		places.set(name, `area + ${bytes}`);
		bytes += Math.ceil(bytesOf(type) / alignmentBytes) * alignmentBytes;
	}
	return { places, bytes };
}

const bytesOf = ([dataType, shape]: TensorType): number => elementCount(shape) * elementBytes(dataType);

/** C source of the model; to be linked with native/map-weights.c. */
export function printStandalone(model: StandaloneModel): string {
	const { places, bytes } = placeValues(model);
	const positions = new Map([...model.kernels.keys()].map((program, at) => [program, at]));
	const kernelOf = (step: PlannedOperator): number => present(positions.get(step.program), "a kernel");
	const used = [...new Set(model.steps.map(kernelOf))];
	const runs = model.steps.map((step) => printStep(model, step, kernelOf(step), places, bytes));
	return `#include "model.h"
#include <pthread.h>
#include <sched.h>

${cRuntime}
${cThreads}
typedef struct { kiln_task *task; void *data; } kiln_work;
static void kiln_work_on(const kiln_call *call, long thread, kiln_range *range) {
	const kiln_work *work = (const kiln_work *)call->prepared;
	long begin, end;
	(void)thread;
	while (kiln_take(range, &begin, &end)) {
		for (long index = begin; index < end; index++) work->task(work->data, (size_t)index);
	}
}
static void kiln_share_out(void *context, kiln_task *task, size_t count, void *data) {
	const kiln_work work = {task, data};
	const kiln_call call = {.prepared = (const char *)&work};
	(void)context;
	kiln_together(kiln_work_on, &call, (long)count, (int)count, 0, 0);
}
${used.map(declareKernel).join("")}const void *kiln_model_weights(const kiln_model *model);
const size_t kiln_weights_bytes = ${model.weightsBytes};
${printProcessorCheck(model.target)}
#define EXPORT __attribute__((visibility("default")))

EXPORT size_t kiln_model_workspace_bytes(int threads) {
	size_t most = 0;
${used.map((at) => `\tif (${prefixAt(at)}_workspace_bytes(threads) > most) most = ${prefixAt(at)}_workspace_bytes(threads);\n`).join("")}\treturn ${bytes} + most;
}
EXPORT int kiln_model_run(const kiln_model *model, const void *const *inputs, void *const *outputs, void *workspace,
	int threads) {
	char *const area = workspace;
	const char *const weights = kiln_model_weights(model);
	int fault = 0;
	(void)area, (void)weights, (void)inputs;
${runs.join("")}	return fault;
}
`;
}

function declareKernel(position: number): string {
	const prefix = prefixAt(position);
	return `size_t ${prefix}_workspace_bytes(int threads);
int ${prefix}_run_with(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads,
	kiln_apply *apply, void *context);
`;
}

function printStep(
	model: StandaloneModel,
	{ program, operands, results }: PlannedOperator,
	kernel: number,
	places: ReadonlyMap<string, string>,
	scratchOffset: number,
): string {
	const { manifest } = present(model.kernels.get(program), "a kernel");
	const given = new Array<string>(manifest.inputs.length).fill("NULL");
	let prepared = "NULL";
	for (const operand of operands) {
		const stored = `weights + ${model.offsetOf(operand)}`;
		if (operand.kind === "prepared") prepared = stored;
		else if (operand.kind === "constant") given[operand.input] = stored;
		else given[operand.input] = present(places.get(operand.name), "a value that was made");
	}
	const made = results.map(({ name }) => present(places.get(name), "a result has a place"));
	return `	if (fault == 0) {
		const void *const from[] = {${given.join(", ")}};
		void *const to[] = {${made.join(", ")}};
		fault = ${prefixAt(kernel)}_run_with(from, to, ${prepared}, area + ${scratchOffset}, threads, kiln_share_out, 0);
	}
`;
}

/** model.h: the library's interface, with what its pointers are. */
export function printModelHeader({ inputs, outputs }: Pick<StandaloneModel, "inputs" | "outputs">): string {
	const describe = (port: StandalonePort, what: string, at: number): string =>
		`   ${what}[${at}]: ${port.type[0]} [${port.type[1].join(", ")}], ${bytesOf(port.type)} bytes: ${escapeComment(port.name)}`;
	return `/* A whole model without a runtime. Link the library, with -lm and -pthread.

${inputs.map((port, at) => describe(port, "inputs", at)).join("\n")}
${outputs.map((port, at) => describe(port, "outputs", at)).join("\n")}

   Buffers are dense and row-major, aligned to their elements. */
#ifndef KILN_MODEL_H
#define KILN_MODEL_H
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kiln_model kiln_model;

/* Maps model.kiln.bin. Returns 0, or an errno: EINVAL for another model's file, ENOTSUP where the processor lacks
   instructions that the kernels use. */
int kiln_model_open(const char *weights_path, kiln_model **model);

/* Bytes that a run with this many threads needs beside its buffers, aligned to 64. */
size_t kiln_model_workspace_bytes(int threads);

/* Computes the outputs with at most this many threads (1 or more). Returns 0. Runs of one model may overlap if they have
   workspaces of their own. */
int kiln_model_run(const kiln_model *model, const void *const *inputs, void *const *outputs, void *workspace, int threads);

void kiln_model_close(kiln_model *model);

#ifdef __cplusplus
}
#endif
#endif
`;
}

/** Untrusted text as JSON of printable ASCII, without what would end the comment. */
function escapeComment(text: string): string {
	const printable = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
	return JSON.stringify(text).replace(/[^ -~]|[*/\\?]/g, printable);
}
