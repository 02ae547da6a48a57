// Means and variances in one pass over the data: against the interpreters, at odd sizes, and far from zero.

import { describe, expect, test } from "vitest";
import { interpretMuGraph } from "#shared/mugraph/interpret.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { float64Arithmetic } from "#shared/numeric/float-arithmetic.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { AxisId, Program } from "#shared/program/program.ts";
import { expectSameAsReference, lowerAll, randomInputs } from "#test/support/check-candidates.ts";
import { compilePrograms, compilerMissing } from "#test/support/compiled-kernel.ts";
import { loopedMuGraph, passesOf } from "#test/support/looped-program.ts";
import { largestDifference, randomTiles, testSeed } from "#test/support/mugraph-inputs.ts";
import { layerNorm } from "#test/support/programs.ts";
import {
	columnVariance,
	imageNorm,
	layerNormLinear,
	layerNormLinearInOnePass,
	rowVariance,
	totalVariance,
} from "#test/support/variance-programs.ts";
import { uniformSchedule } from "#test/support/whole-program.ts";

const missing = compilerMissing();
if (missing !== null) console.warn(`kernels are not compiled: ${missing}`);

const sizes = [2, 15, 16, 17, 63, 65];

/** Programs by the extent of the axis they walk, that axis, and the passes over it. */
const looped: Readonly<Record<string, readonly [(extent: number) => Program, AxisId, number]>> = {
	"variance of rows": [(extent) => rowVariance(17, extent), 1, 1],
	"variance and mean of columns": [(extent) => columnVariance(extent, 19), 0, 1],
	"variance of everything": [(extent) => totalVariance(extent, 5), 0, 1],
	"norm over two axes": [(extent) => imageNorm(3, extent, 7), 1, 2],
	"layer norm": [(extent) => layerNorm(5, extent), 1, 2],
	"layer norm and linear": [(extent) => layerNormLinear(5, extent, 9), 1, 2],
	"layer norm and linear in one pass": [(extent) => layerNormLinearInOnePass(5, extent, 9), 1, 1],
};

const carriesDeviations = (muGraph: MuGraph): boolean =>
	muGraph.kernels.some(({ nodes }) => nodes.some(({ kind }) => kind === "accumulateDeviations"));

describe.each(Object.entries(looped))("%s", (_, [programOf, loop, passes]) => {
	test("needs no pass for the variance alone", () => {
		const muGraph = loopedMuGraph(programOf(16), loop);
		expect(carriesDeviations(muGraph)).toBe(true);
		expect(passesOf(muGraph)).toBe(passes);
	});

	test("is interpreted as its program, whatever the tiles", () => {
		const random = createRandom(testSeed, 21);
		for (const extent of sizes) {
			const program = programOf(extent);
			const muGraph = loopedMuGraph(program, loop);
			const inputs = randomInputs(program, testSeed).map((input) => Float64Array.from(input));
			const expected = interpretProgramFloat64(program, inputs);
			for (let i = 0; i < 3; i++) {
				const actual = interpretMuGraph(muGraph, inputs, randomTiles(muGraph, random), float64Arithmetic);
				expect(largestDifference(expected, actual)).toBeLessThan(1e-10);
			}
		}
	});

	test.skipIf(missing !== null)("is compiled to its program, at every step and in one", () => {
		for (const extent of sizes) {
			const program = programOf(extent);
			const muGraph = loopedMuGraph(program, loop);
			const steps = extent < 20 ? [1, 8] : [16, extent];
			const candidates = steps.map((loopTile) => ({
				muGraph,
				schedule: uniformSchedule(muGraph, 6, { loopTile }),
			}));
			expectSameAsReference(program, candidates, undefined, 5e-6);
		}
	});
});

/** Normal by the sum of twelve uniform numbers. */
function normalAround(mean: number, count: number, seed: number): Float32Array {
	const random = createRandom(seed, 3);
	const draw = (): number => Array.from({ length: 12 }, () => random.nextUnit()).reduce((a, b) => a + b, -6);
	return Float32Array.from({ length: count }, () => mean + draw());
}

describe.skipIf(missing !== null)("a variance far from zero", () => {
	const [rows, columns] = [7, 1000];
	const program = rowVariance(rows, columns);
	const muGraph = loopedMuGraph(program, 1);
	const tiles = [1, 8, 50, 64, 999, columns];
	const kernels = compilePrograms(
		lowerAll(tiles.map((loopTile) => ({ muGraph, schedule: uniformSchedule(muGraph, 4, { loopTile }) }))),
	);
	const errorOf = (values: ArrayLike<number>, expected: ArrayLike<number>): number =>
		Math.max(...Array.from(expected, (value, at) => Math.abs((values[at] ?? Number.NaN) / value - 1)));

	test.each([0, 1, 1e4, -1e4])("around %d is exact to 1e-5", (mean) => {
		const x = normalAround(mean, rows * columns, testSeed);
		const [expected] = interpretProgramFloat64(program, [Float64Array.from(x)]);
		kernels.forEach((kernel, at) => {
			const [found] = kernel.run([x]);
			const label = `steps of ${tiles[at]}`;
			expect(errorOf(found as Float32Array, expected ?? []), label).toBeLessThan(1e-5);
		});
	});

	test("is one that the mean of squares less the squared mean misses", () => {
		const x = normalAround(1e4, rows * columns, testSeed);
		const [expected] = interpretProgramFloat64(program, [Float64Array.from(x)]);
		const naive = Array.from({ length: rows }, (_, row) => {
			let [sum, squares] = [0, 0];
			for (const value of x.subarray(row * columns, (row + 1) * columns)) {
				sum = Math.fround(sum + value);
				squares = Math.fround(squares + Math.fround(value * value));
			}
			const mean = Math.fround(sum / columns);
			return Math.fround(Math.fround(squares / columns) - Math.fround(mean * mean));
		});
		expect(errorOf(naive, expected ?? [])).toBeGreaterThan(0.1);
	});

	test("of equal elements is zero, not less", () => {
		for (const value of [0.1, 1e4 + 0.3, -3e10]) {
			const x = new Float32Array(rows * columns).fill(value);
			for (const kernel of kernels)
				for (const found of kernel.run([x])[0] as Float32Array) {
					expect(found).toBeGreaterThanOrEqual(0);
					expect(found).toBeLessThanOrEqual((Math.abs(value) * 1e-6) ** 2);
				}
		}
	});
});
