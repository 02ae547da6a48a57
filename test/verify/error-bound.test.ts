import fc from "fast-check";
import { expect, test } from "vitest";
import { multiplyModulo, powerModulo } from "#shared/numeric/field-pair.ts";
import { batchErrorLog2, type DifferenceSize, lanePassProbability } from "#shared/verify/error-bound.ts";

const seed = Number(process.env.TEST_SEED ?? "1");
/** A pair small enough to try every character. */
const pair = { p: 47, q: 23 };
const rootOfUnity = 4;
const unit: DifferenceSize = { degree: 1, terms: 1, exponent: 0, exponentials: 0, roots: 0 };

test("a Laurent polynomial in two independent exponentials vanishes no more often than the bound says", () => {
	const weight = 2;
	const power = fc.integer({ min: -weight, max: weight });
	const term = fc.tuple(power, power, fc.integer({ min: 1, max: pair.p - 1 }));
	const sums = fc.uniqueArray(term, {
		minLength: 1,
		maxLength: 6,
		selector: ([first, second]) => `${first},${second}`,
	});
	const exponents = { count: 2, rank: 2, weight, confirmations: 4 };
	const seen = { radicands: 0, exponents };
	const bound = lanePassProbability({ ...unit, degree: 0, exponentials: 1 }, pair, seen);
	fc.assert(
		fc.property(sums, (sum) => {
			let zeros = 0;
			for (let first = 0; first < pair.q; first++) {
				for (let second = 0; second < pair.q; second++) {
					const value = sum.reduce((total, [a, b, coefficient]) => {
						const exponent = (((a * first + b * second) % pair.q) + pair.q) % pair.q;
						const term = powerModulo(rootOfUnity, exponent, pair.p);
						return (total + multiplyModulo(coefficient, term, pair.p, 1 / pair.p)) % pair.p;
					}, 0);
					if (value === 0) zeros++;
				}
			}
			expect(zeros).toBeLessThanOrEqual(bound * pair.q ** 2);
		}),
		{ seed, numRuns: 300 },
	);
});

const large = { p: 94905743, q: 47452871 };
const nothingSeen = { radicands: 0, exponents: null };
const plainBatch = { ...nothingSeen, lanes: 16, evaluations: 1000 };

test("a rational difference is missed with at most its degree over q", () => {
	expect(lanePassProbability({ ...unit, degree: 6, terms: 3 }, large, nothingSeen)).toBeCloseTo(
		6 / large.q,
		12,
	);
});

test("exponentials whose exponents are not understood say nothing", () => {
	expect(lanePassProbability({ ...unit, exponentials: 2 }, large, nothingSeen)).toBe(1);
});

test("more independent exponents, or larger weights, need more trials", () => {
	const size = { ...unit, degree: 3, terms: 9, exponent: 3, exponentials: 2 };
	const structures = [
		{ count: 30, rank: 2, weight: 1, confirmations: 8 },
		{ count: 30, rank: 20, weight: 1, confirmations: 8 },
		{ count: 30, rank: 20, weight: 7, confirmations: 8 },
	];
	const probabilities = structures.map((exponents) =>
		lanePassProbability(size, large, { radicands: 0, exponents }),
	);
	expect(probabilities).toEqual([...probabilities].sort((a, b) => a - b));
	expect(probabilities.every((probability) => probability > 0 && probability < 1e-4)).toBe(true);
});

test("combinations of exponents that few lanes confirm are counted", () => {
	const output = { ...unit, degree: 3, terms: 9, exponent: 3, exponentials: 2 };
	const after = (confirmations: number): number => {
		const exponents = { count: 1000, rank: 30, weight: 1, confirmations };
		return batchErrorLog2({ output, argument: null }, large, { ...plainBatch, lanes: 64, exponents });
	};
	expect(after(3)).toBeGreaterThan(after(10));
	expect(after(10)).toBeLessThan(-100);
});

test("no number of trials helps where the bound says nothing", () => {
	const hopeless = { ...unit, degree: 1e12 };
	expect(batchErrorLog2({ output: hopeless, argument: null }, large, { ...plainBatch, lanes: 1024 })).toBe(0);
});

test("collisions of uninterpreted functions' arguments are counted", () => {
	const output = { ...unit, degree: 2 };
	const without = batchErrorLog2({ output, argument: null }, large, plainBatch);
	const withArguments = batchErrorLog2({ output, argument: output }, large, plainBatch);
	expect(withArguments).toBeGreaterThan(without);
	expect(withArguments).toBeLessThan(-30);
});

test("a lane proves no more of k roots than that the signs of k squares fell right", () => {
	const after = (roots: number, radicands: number): number =>
		lanePassProbability({ ...unit, roots }, large, { radicands, exponents: null });
	for (const roots of [1, 2, 3]) {
		expect(after(roots, 8)).toBeGreaterThan(1 - 2 ** -roots);
		expect(after(roots, 8)).toBeLessThan(1 - 2 ** -(roots + 1));
	}
	expect(after(40, 2)).toBe(after(2, 2));
	expect(after(40, 40)).toBe(1);
});

test("degrees that overflow say nothing", () => {
	const output = {
		...unit,
		degree: Number.POSITIVE_INFINITY,
		exponent: Number.NaN,
		exponentials: Number.NaN,
	};
	const exponents = { count: 3, rank: 2, weight: 1, confirmations: 8 };
	expect(batchErrorLog2({ output, argument: null }, large, { ...plainBatch, exponents })).toBe(0);
});
