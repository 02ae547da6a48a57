// The generated part of an operator library: C text that says which kernels there are and what their operators take.
// Nothing of a model's own text goes into it: names are digests, the rest are numbers.

import { createHash } from "node:crypto";
import { codeOfDataType } from "#shared/onnx/element-type.ts";
import type { TensorType } from "#shared/onnx/stored-tensor.ts";
import type { TargetId } from "#shared/target/target.ts";
import type { PackedKernel } from "./packed-kernel.ts";
import type { PlannedOperator } from "./plan-operators.ts";

/** Kernels by program digest, in the order of their C files. */
export type Kernels = ReadonlyMap<string, PackedKernel>;

/** As compilers name what a processor can do. */
const featuresNeeded: Readonly<Record<TargetId, readonly string[]>> = {
	"cpu-portable": [],
	"cpu-x86-64-v3": ["avx2", "bmi", "bmi2", "fma"],
	"cpu-x86-64-v4": ["avx2", "bmi2", "fma", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
};

const kernelFunctions = [
	"abi_version",
	"prepared_bytes",
	"workspace_bytes",
	"prepare",
	"reads",
	"run",
	"run_with",
] as const;
const domainDigits = 8;

/** Prefix of the functions of the kernel at a position. */
export const prefixAt = (position: number): string => `kiln_kernel_${position}`;

/** What sets a model's operators apart from every other's: two libraries of one domain cannot serve one session. */
export function operatorDomain(model: Uint8Array, kernels: Kernels): string {
	const digest = createHash("sha256").update(model);
	for (const { source } of kernels.values()) digest.update(source);
	return `kiln.${digest.digest("hex").slice(0, domainDigits)}`;
}

/** `kernel.c` with functions of its own name: every published one calls them alike. */
export function renamedKernel(source: string, position: number): string {
	const renamings = kernelFunctions.map(
		(name) => `#define kiln_kernel_${name} ${prefixAt(position)}_${name}\n`,
	);
	return `${renamings.join("")}#line 1 "kernel.c"\n${source}`;
}

/** C source of the table (native/operators.h). `operators`: one for each name. */
export function printOperatorTable(
	domain: string,
	kernels: Kernels,
	operators: readonly PlannedOperator[],
	target: TargetId,
): string {
	const positions = new Map([...kernels.keys()].map((program, at) => [program, at]));
	const named = [...new Map(operators.map((planned) => [planned.operator, planned])).values()];
	const information = { domain, target, operators: named.map(({ operator }) => operator) };
	return [
		'#include "operators.h"',
		...[...kernels.values()].map(printKernel),
		...named.map((planned, at) => printOperands(planned, at)),
		"const kiln_operator kiln_operators[] = {",
		...named.map((planned, at) => printOperator(planned, at, positions.get(planned.program) ?? 0)),
		"};",
		`const size_t kiln_operator_count = ${named.length};`,
		`const char kiln_domain[] = "${domain}";`,
		`const char kiln_information[] = ${JSON.stringify(JSON.stringify(information))};`,
		printProcessorCheck(target),
	].join("\n");
}

/** C: whether the processor has the target's instructions. */
export function printProcessorCheck(target: TargetId): string {
	const checks = featuresNeeded[target].map((name) => `__builtin_cpu_supports("${name}")`);
	return `int kiln_processor_fits(void) {\n\treturn ${checks.join(" && ")};\n}\n`;
}

function printKernel({ manifest }: PackedKernel, position: number): string {
	const prefix = prefixAt(position);
	const { threads } = manifest.components;
	return `size_t ${prefix}_workspace_bytes(int threads);
int ${prefix}_run_with(const void *const *inputs, void *const *outputs, const void *prepared, void *workspace, int threads,
	kiln_apply *apply, void *context);
static const kiln_kernel kernel_${position} = {${prefix}_workspace_bytes, ${prefix}_run_with, ${manifest.inputs.length}, ${threads}};`;
}

function printOperands({ operands, results }: PlannedOperator, position: number): string {
	const inputs = operands.map((operand) => {
		const input = operand.kind === "prepared" ? "KILN_PREPARED" : operand.input;
		return `\t{${printTensor(operand.type)}, ${input}, ${operand.kind === "value" ? 0 : 1}},`;
	});
	const outputs = results.map(({ type }) => `\t${printTensor(type)},`);
	return [
		`static const kiln_operand operands_${position}[] = {`,
		...inputs,
		"};",
		`static const kiln_tensor results_${position}[] = {`,
		...outputs,
		"};",
	].join("\n");
}

/** A scalar has no extents, and C no empty arrays. */
function printTensor([dataType, shape]: TensorType): string {
	const extents = shape.length === 0 ? "0" : shape.join(", ");
	return `{${codeOfDataType(dataType)}, ${shape.length}, (const int64_t[]){${extents}}}`;
}

function printOperator({ operator, operands, results }: PlannedOperator, at: number, kernel: number): string {
	return `\t{"${operator}", &kernel_${kernel}, ${operands.length}, operands_${at}, ${results.length}, results_${at}},`;
}
