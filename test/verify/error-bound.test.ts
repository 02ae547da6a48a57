import fc from "fast-check";
import { expect, test } from "vitest";
import { multiplyModulo, powerModulo } from "#shared/numeric/field-pair.ts";
import { batchErrorLog2, lanePassProbability } from "#shared/verify/error-bound.ts";

const seed = Number(process.env.TEST_SEED ?? "1");
/** A pair small enough to try every character. */
const pair = { p: 47, q: 23 };
const rootOfUnity = 4;

test("a sum of k exponentials with distinct exponents vanishes under at most q - q/k characters", () => {
	const terms = fc.uniqueArray(fc.tuple(fc.nat(pair.q - 1), fc.integer({ min: 1, max: pair.p - 1 })), {
		minLength: 1,
		maxLength: 12,
		selector: ([exponent]) => exponent,
	});
	fc.assert(
		fc.property(terms, (sum) => {
			let zeros = 0;
			for (let character = 0; character < pair.q; character++) {
				const value = sum.reduce((total, [exponent, coefficient]) => {
					const power = powerModulo(rootOfUnity, (exponent * character) % pair.q, pair.p);
					return (total + multiplyModulo(coefficient, power, pair.p, 1 / pair.p)) % pair.p;
				}, 0);
				if (value === 0) zeros++;
			}
			expect(zeros).toBeLessThanOrEqual(pair.q - pair.q / sum.length);
		}),
		{ seed, numRuns: 2000 },
	);
});

const large = { p: 94905743, q: 47452871 };

test("a rational difference is missed with at most its degree over q", () => {
	expect(lanePassProbability({ degree: 6, terms: 3, exponent: 0 }, large)).toBeCloseTo(6 / large.q, 12);
});

test("more exponential terms need more trials", () => {
	const probabilities = [2, 8, 32, 128].map((terms) =>
		lanePassProbability({ degree: 3, terms, exponent: 3 }, large),
	);
	expect(probabilities).toEqual([...probabilities].sort((a, b) => a - b));
	expect(probabilities.every((probability) => probability > 0 && probability < 1)).toBe(true);
});

test("no number of trials helps where the bound says nothing", () => {
	const hopeless = { degree: 1e12, terms: 1, exponent: 0 };
	expect(batchErrorLog2({ output: hopeless, argument: null }, large, 1024, 0)).toBe(0);
});

test("collisions of uninterpreted functions' arguments are counted", () => {
	const output = { degree: 2, terms: 1, exponent: 0 };
	const without = batchErrorLog2({ output, argument: null }, large, 16, 1000);
	const withArguments = batchErrorLog2({ output, argument: output }, large, 16, 1000);
	expect(withArguments).toBeGreaterThan(without);
	expect(withArguments).toBeLessThan(-30);
});
