// Lowers, compiles and runs candidates of a program, and compares each with the float64 reference.

import { expect } from "vitest";
import { checkLoopProgram } from "#shared/loop-ir/check.ts";
import type { LoopProgram } from "#shared/loop-ir/loop-ir.ts";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { createRoundingArithmetic } from "#shared/numeric/rounding-arithmetic.ts";
import { interpretProgram, interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { compilePrograms, hostTarget } from "#test/support/compiled-kernel.ts";

export interface TestedCandidate {
	readonly muGraph: MuGraph;
	readonly schedule: Schedule;
}

/** The first µGraphs that the search finds, each with its most promising schedules. */
export function someCandidates(
	program: Program,
	muGraphs: number,
	schedulesEach: number,
	threads = 2,
	target: CpuTarget = hostTarget,
): TestedCandidate[] {
	const { found } = searchMuGraphs(program, { statesMax: 2000, foundMax: muGraphs });
	return found.flatMap((muGraph) =>
		enumerateSchedules(muGraph, target, threads, schedulesEach).map((schedule) => ({
			muGraph,
			schedule,
		})),
	);
}

/** So slow that every kernel seems worth sharing out: small tests then run the worker threads too. */
const slowly = (target: CpuTarget): CpuTarget => ({
	...target,
	fusedMultiplyAddGflops: 1e-6,
	readGigabytesPerSecond: 1e-6,
});

export function lowerAll(
	candidates: readonly TestedCandidate[],
	threads = 2,
	target: CpuTarget = hostTarget,
): LoopProgram[] {
	return candidates.map(({ muGraph, schedule }) => {
		const lowered = lowerMuGraph(muGraph, schedule, slowly(target), threads);
		expect(checkLoopProgram(lowered), JSON.stringify(schedule)).toEqual([]);
		return lowered;
	});
}

/** Uniform in [-1, 1]. */
export function randomInputs(program: Program, seed: number): Float32Array[] {
	return program.inputs.map(({ shape }, at) => {
		const random = createRandom(seed, at);
		const elements = shape.reduce((product, extent) => product * extent, 1);
		return Float32Array.from({ length: elements }, () => random.nextUnit() * 2 - 1);
	});
}

/** Error of float32 arithmetic in another order, relative to the largest output. */
export const float32ErrorMax = 2e-6;

/** Every candidate, with one thread and with two, gives what the program means. */
export function expectSameAsReference(
	program: Program,
	candidates: readonly TestedCandidate[],
	inputs: readonly Float32Array[] = randomInputs(program, Number(process.env["TEST_SEED"])),
	errorMax = float32ErrorMax,
	target: CpuTarget = hostTarget,
): void {
	expect(candidates.length).toBeGreaterThan(0);
	const expected = interpretProgramFloat64(
		program,
		inputs.map((input) => Float64Array.from(input)),
	);
	const allowed = expected.map((output, at) => allowedError(program, inputs, output, at, errorMax));
	const kernels = compilePrograms(lowerAll(candidates, 2, target), target);
	kernels.forEach((kernel, at) => {
		for (const threads of [1, 2, 3]) {
			const results = kernel.run(inputs, threads);
			const label = `threads ${threads}, ${JSON.stringify(candidates[at]?.schedule)}`;
			expected.forEach((output, index) => {
				expect(errorOf(output, results[index]), label).toBeLessThan(allowed[index] ?? 0);
			});
		}
	});
}

/** A single number that is what is left of a sum of both signs is as inexact as the program's own float32 has it. */
const ownErrorFactor = 8;

/** `errorMax`, or for an output of one element a multiple of what the program loses in float32 as it is written. */
function allowedError(
	program: Program,
	inputs: readonly Float32Array[],
	expected: Float64Array,
	output: number,
	errorMax: number,
): number {
	if (expected.length > 1) return errorMax;
	const exact = inputs.map((input) => Float64Array.from(input));
	const own = interpretProgram(program, exact, createRoundingArithmetic(Math.fround))[output];
	return Math.max(errorMax, ownErrorFactor * errorOf(expected, Float32Array.from(own ?? [])));
}

/** Largest difference over largest value; NaN where one has it and the other has not. */
function errorOf(expected: Float64Array, result: ArrayBufferView | undefined): number {
	if (!(result instanceof Float32Array) || result.length !== expected.length) return Number.NaN;
	let scale = 0;
	let error = 0;
	expected.forEach((value, at) => {
		const difference = Math.abs(value - (result[at] ?? Number.NaN));
		scale = Math.max(scale, Math.abs(value));
		error = Math.max(error, difference);
	});
	return scale === 0 ? error : error / scale;
}
