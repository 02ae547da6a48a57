// Kernels that read weights alone, run by the prepare step, against the float64 reference.

import { describe, expect, test } from "vitest";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { float16ToNumber, numberToFloat16 } from "#shared/tensor/float16.ts";
import {
	expectSameAsReference,
	lowerAll,
	randomInputs,
	type TestedCandidate,
} from "#test/support/check-candidates.ts";
import { compilePrograms, compilerMissing, hostTarget } from "#test/support/compiled-kernel.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import * as programs from "#test/support/weight-programs.ts";

const missing = compilerMissing();
if (missing !== null) console.warn(`kernels are not compiled: ${missing}`);

/** The first few that prepare something. */
function preparing(program: Program, muGraphs: number, schedulesEach: number): readonly TestedCandidate[] {
	return searchMuGraphs(program, { statesMax: 2000, foundMax: 40 })
		.found.filter((muGraph) => findPreparePart(muGraph).kernels.size > 0)
		.slice(0, muGraphs)
		.flatMap((muGraph) =>
			enumerateSchedules(muGraph, hostTarget, 2, schedulesEach).map((schedule) => ({ muGraph, schedule })),
		);
}

const cases: Readonly<Record<string, readonly Program[]>> = {
	"LoRA, folded": [programs.foldedLora(15, 65, 64, 3), programs.foldedLora(2, 130, 33, 7)],
	"gain, folded": [programs.foldedGain(17, 65, 63), programs.foldedGain(3, 16, 130)],
	"column sums": [programs.columnSums(15, 63, 65)],
	"outer product of weights": [programs.outerProductWeights(5, 33, 17)],
	"softmax of weights": [programs.softmaxWeights(9, 33, 65, 5)],
};

describe.skipIf(missing !== null)("kernels with a prepared part compute their program", () => {
	test.each(Object.entries(cases))("%s", (_, own) => {
		for (const program of own) expectSameAsReference(program, preparing(program, 3, 2));
	});

	test("weights count as they were when they were prepared, and anew when they are prepared again", () => {
		const program = programs.foldedLora(5, 33, 47, 3);
		const [kernel] = compilePrograms(lowerAll(preparing(program, 1, 1)));
		if (kernel === undefined) throw new Error("nothing was prepared");
		const inputs = randomInputs(program, testSeed);
		const call = kernel.bind(inputs);
		const before = reference(program, inputs);
		expect(errorOf(before, call())).toBeLessThan(2e-6);
		for (const [id, weights] of inputs.entries()) if (id > 0) weights.set(weights.map((_, at) => -at / 50));
		expect(errorOf(before, call())).toBeLessThan(2e-6);
		const after = reference(program, inputs);
		expect(errorOf(after, call())).toBeGreaterThan(0.1);
		expect(errorOf(after, kernel.run(inputs))).toBeLessThan(2e-6);
	});

	test("weights of half precision are folded in float32", () => {
		const whole = programs.foldedLora(5, 33, 47, 15);
		const half: Program = {
			...whole,
			inputs: whole.inputs.map((input) =>
				input.role === "weight" ? { ...input, dataType: "float16" } : input,
			),
		};
		const kernels = compilePrograms(lowerAll(preparing(half, 3, 2)));
		expect(kernels.length).toBeGreaterThan(0);
		const [x = new Float32Array(), ...weights] = randomInputs(whole, testSeed);
		const bits = weights.map((values) => Uint16Array.from(values, numberToFloat16));
		const rounded = bits.map((values) => Float32Array.from(values, float16ToNumber));
		const expected = reference(whole, [x, ...rounded]);
		for (const kernel of kernels) expect(errorOf(expected, kernel.run([x, ...bits]))).toBeLessThan(2e-6);
	});
});

/** The first output. */
function reference(program: Program, inputs: readonly Float32Array[]): Float64Array {
	const exact = inputs.map((input) => Float64Array.from(input));
	return interpretProgramFloat64(program, exact)[0] ?? new Float64Array();
}

/** Largest difference of the first output over its largest value. */
function errorOf(expected: Float64Array, [output]: readonly ArrayBufferView[]): number {
	if (!(output instanceof Float32Array) || output.length !== expected.length) return Number.NaN;
	const largest = (values: Float64Array): number => Math.max(...values.map(Math.abs));
	return largest(expected.map((value, at) => value - (output[at] ?? Number.NaN))) / largest(expected);
}

describe("lowering", () => {
	test("folded LoRA is one packed product a call, and reads no weight in it", () => {
		const [candidate] = preparing(programs.foldedLora(16, 64, 64, 4), 1, 1);
		if (candidate === undefined) throw new Error("nothing was prepared");
		const lowered = lowerMuGraph(candidate.muGraph, candidate.schedule, hostTarget, 1);
		expect(lowered.prepare.kernels.length).toBe(1);
		expect(lowered.kernels.length).toBe(1);
		const places = lowered.kernels[0]?.buffers.map(({ place }) => place.kind).sort();
		expect(places?.filter((kind) => kind !== "local" && kind !== "thread")).toEqual([
			"input",
			"output",
			"prepared",
		]);
		// W + A·B and its panels, and what the prepare kernel needs beside them.
		expect(lowered.prepare.scratchOffsetBytes).toBeGreaterThanOrEqual(2 * 64 * 64 * 4);
		expect(lowered.preparedBytes).toBe(lowered.prepare.scratchOffsetBytes + lowered.prepare.scratchBytes);
	});
});
