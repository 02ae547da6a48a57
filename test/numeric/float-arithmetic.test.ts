import fc from "fast-check";
import { expect, test } from "vitest";
import { errorFunction } from "#shared/numeric/error-function.ts";
import { float64Arithmetic } from "#shared/numeric/float-arithmetic.ts";
import { createRandom } from "#shared/numeric/random.ts";

const seed = Number(process.env.TEST_SEED ?? "1");

/** Every order of [m, k] and [k, n] in memory reaches another loop. */
test("contractions agree with the sum written out, whatever the strides", () => {
	const sizes = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 17);
	fc.assert(
		fc.property(sizes, sizes, sizes, fc.boolean(), fc.boolean(), fc.boolean(), (m, k, n, a, b, c) => {
			const random = createRandom(seed, m * 1000 + k * 100 + n);
			const draw = (count: number) => new Float64Array(count).map(() => random.nextUnit() - 0.5);
			const [left, right, result] = [draw(m * k), draw(k * n), draw(m * n)];
			const before = result.slice();
			const strides = {
				left: a ? [k, 0, 1] : [1, 0, m],
				right: b ? [0, 1, n] : [0, k, 1],
				result: c ? [n, 1, 0] : [1, m, 0],
			};
			float64Arithmetic.contract(
				[m, n, k],
				{ buffer: left, offset: 0, strides: strides.left },
				{ buffer: right, offset: 0, strides: strides.right },
				{ buffer: result, offset: 0, strides: strides.result },
			);
			const place = (own: readonly number[], i: number, j: number, l: number): number =>
				i * (own[0] ?? 0) + j * (own[1] ?? 0) + l * (own[2] ?? 0);
			for (let i = 0; i < m; i++) {
				for (let j = 0; j < n; j++) {
					const at = place(strides.result, i, j, 0);
					let sum = before[at] ?? 0;
					for (let l = 0; l < k; l++)
						sum += (left[place(strides.left, i, j, l)] ?? 0) * (right[place(strides.right, i, j, l)] ?? 0);
					expect(result[at]).toBeCloseTo(sum, 12);
				}
			}
		}),
		{ seed, numRuns: 300 },
	);
});

/** Values of Abramowitz and Stegun, table 7.1. */
test.each([
	[0, 0],
	[0.5, 0.5204998778],
	[1, 0.8427007929],
	[2, 0.995322265],
	[2.5, 0.999593048],
	[3, 0.9999779095],
	[-1, -0.8427007929],
	[Infinity, 1],
])("erf(%f) = %f", (x, expected) => {
	expect(errorFunction(x)).toBeCloseTo(expected, 9);
});

test("erf has no step where its two forms meet", () => {
	expect(errorFunction(2.5) - errorFunction(2.5 - 2 ** -50)).toBeLessThan(4e-15);
	expect(errorFunction(2.5) - errorFunction(2.5 - 2 ** -50)).toBeGreaterThanOrEqual(-4e-15);
});

test("a running maximum starts finite, so that a fully masked step adds nothing", () => {
	const running = float64Arithmetic.allocateNeutral("max", 1, true)[0] ?? Number.NaN;
	expect(Math.exp(Number.NEGATIVE_INFINITY - running)).toBe(0);
	expect(float64Arithmetic.allocateNeutral("max", 1)[0]).toBe(Number.NEGATIVE_INFINITY);
});
