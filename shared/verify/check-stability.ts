// Algebra says that a µGraph computes its program; this asks how well it does so in the arithmetic of a kernel. In: both.
// Out: whether the µGraph's rounding error stays within a small multiple of the program's own, on data made to hurt.
// A softmax without its maximum, a variance as E[x²] - E[x]² or a product that overflows before its division are equal
// in exact arithmetic and useless in float32; a product that is scaled late may be good in float32 and overflow in float16.

import { present } from "#shared/fault/assert.ts";
import { interpretMuGraph } from "#shared/mugraph/interpret.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { interpretProgram, interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program, ProgramOutput } from "#shared/program/program.ts";
import { splitAxes } from "#shared/program/split-axes.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { roundToBfloat16, roundToFloat16 } from "#shared/tensor/float16.ts";
import { drawHostile, hostileRanges } from "./hostile-inputs.ts";
import { type KernelArithmetic, kernelArithmetics } from "./kernel-arithmetic.ts";
import { linkedReading, literalReading, shrinkPair } from "./readings.ts";
import { catalogueAccesses } from "./shrink.ts";

export type Stability =
	| { readonly kind: "stable" }
	| {
			readonly kind: "unstable";
			readonly range: string;
			readonly output: number;
			/** Largest error in an output, relative to the largest value of its row; infinite where it is no number. */
			readonly error: number;
			/** The same of the program as it is written. */
			readonly referenceError: number;
	  };

/** A µGraph's error may be this many times the program's own … */
const errorFactor = 8;
/** … or this many roundings of the output's type. */
const roundingsAllowed = 32;

const unitRoundoff: Readonly<Partial<Record<DataType, number>>> = { float16: 2 ** -11, bfloat16: 2 ** -8 };

const storedAs: Readonly<Partial<Record<DataType, (value: number) => number>>> = {
	float16: roundToFloat16,
	bfloat16: roundToBfloat16,
};

/**
 * The µGraph must be verified. Runs both at small extents, on each range of hostile-inputs.ts, in the arithmetic that
 * kernels will compute in, against the program in float64; inputs of narrower types are rounded to them first. Elements at
 * which the program itself has no finite value do not count. CPU targets compute in float32 whatever they load.
 */
export function checkStability(
	muGraph: MuGraph,
	whole: Program,
	seed: number,
	arithmetic: KernelArithmetic = "float32",
): Stability {
	const program = splitAxes(whole, muGraph.splits);
	const catalogue = catalogueAccesses(program);
	// The linked reading where there is one: a mean is the mean of what is there.
	const reading = linkedReading(muGraph, program) ?? literalReading(muGraph, program);
	const pair = present(shrinkPair(muGraph, program, reading)[0], "an instance");
	const { program: small, muGraph: smallMuGraph, tiles } = pair;
	const { rounded, stored, roundoff: ownRoundoff } = kernelArithmetics[arithmetic];
	const narrow = inputTypes(program, catalogue.inputs).map((type) => storedAs[type] ?? stored);
	for (const range of hostileRanges) {
		const shapes = small.inputs.map(({ shape }) => shape);
		const inputs = drawHostile(range, shapes, seed).map((values, at) =>
			values.map(present(narrow[at], "an input's type")),
		);
		const exact = interpretProgramFloat64(small, inputs);
		const reference = interpretProgram(small, inputs, rounded);
		const found = interpretMuGraph(smallMuGraph, inputs, tiles, rounded);
		const types = outputTypes(program, catalogue.outputs);
		for (const [output, values] of found.entries()) {
			const of = present(small.outputs[output], "output");
			const [error, referenceError] = largestErrors(
				of,
				present(exact[output], "output"),
				present(reference[output], "output"),
				values,
			);
			const roundoff = Math.max(ownRoundoff, unitRoundoff[types[output] ?? "float32"] ?? 0);
			if (!(error <= errorFactor * referenceError + roundingsAllowed * roundoff))
				return { kind: "unstable", range: range.name, output, error, referenceError };
		}
	}
	return { kind: "stable" };
}

/** Type of the real tensor behind each small one. */
function inputTypes(program: Program, inputs: ReadonlyMap<string, number>): DataType[] {
	return realTensors(inputs).map((tensor) => present(program.inputs[tensor], "input").dataType);
}

function outputTypes(program: Program, outputs: ReadonlyMap<string, number>): DataType[] {
	return realTensors(outputs).map((tensor) => present(program.outputs[tensor], "output").dataType);
}

/** The tensor that each access, in order of first use, is one of. */
function realTensors(accesses: ReadonlyMap<string, number>): number[] {
	return [...accesses.keys()].map((key) => {
		const [tensor]: unknown[] = JSON.parse(key);
		return typeof tensor === "number" ? tensor : 0;
	});
}

/** Of a µGraph and of the program, relative to the largest exact value of the element's row. */
function largestErrors(
	{ shape }: ProgramOutput,
	exact: Float64Array,
	reference: Float64Array,
	found: Float64Array,
): readonly [number, number] {
	const rowLength = shape.at(-1) ?? 1;
	let error = 0;
	let referenceError = 0;
	for (let row = 0; row < exact.length; row += rowLength) {
		let scale = 0;
		for (let at = row; at < row + rowLength; at++) {
			const magnitude = Math.abs(exact[at] as number);
			if (magnitude > scale && Number.isFinite(magnitude)) scale = magnitude;
		}
		for (let at = row; at < row + rowLength; at++) {
			const [truth, own, other] = [exact[at] as number, reference[at] as number, found[at] as number];
			if (!Number.isFinite(truth) || !Number.isFinite(own)) continue;
			const unit = scale === 0 ? 1 : scale;
			const off = Math.abs(other - truth) / unit;
			error = Number.isNaN(off) ? Number.POSITIVE_INFINITY : Math.max(error, off);
			referenceError = Math.max(referenceError, Math.abs(own - truth) / unit);
		}
	}
	return [error, referenceError];
}
