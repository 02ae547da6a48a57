import { describe, expect, test } from "vitest";
import {
	type Burst,
	bootstrapMedian,
	compareWithBaseline,
	latencyOf,
	quantile,
	roundRatios,
	scoreBurst,
} from "#runner/measure/statistics.ts";
import { createRandom } from "#shared/numeric/random.ts";

const burst = (participant: string, round: number, nanoseconds: number[], clean?: boolean[]): Burst => ({
	participant,
	round,
	runsPerSample: 1,
	nanoseconds,
	clean: clean ?? nanoseconds.map(() => true),
});

/** `rounds` rounds of a baseline of 100 ns and a kernel `ratio` times as fast, each round slowed alike by `drift`. */
function race(ratio: number, rounds: number, noise: number, drift = 1.6): Burst[] {
	const random = createRandom(7);
	return Array.from({ length: rounds }, (_, round) => {
		const slowdown = round % 2 === 0 ? 1 : drift;
		const jitter = (): number => 1 + noise * (random.nextUnit() - 0.5);
		const five = (value: number): number[] => Array.from({ length: 5 }, () => value * slowdown * jitter());
		return [burst("b", round, five(100)), burst("k", round, five(100 / ratio))];
	}).flat();
}

describe("scores", () => {
	test.each([
		[[3], 0.2, 3],
		[[1, 2], 0.5, 1.5],
		[[5, 1, 3], 0, 1],
		[[5, 1, 3], 1, 5],
		[[0, 10, 20, 30, 40, 50], 0.2, 10],
	])("quantile of %j at %d is %d", (values, q, expected) => {
		expect(quantile(values, q)).toBeCloseTo(expected, 12);
	});

	test("a burst's score ignores unclean samples while there are others", () => {
		expect(scoreBurst(burst("k", 0, [1, 50, 51, 52], [false, true, true, true]))).toBeGreaterThan(49);
		expect(scoreBurst(burst("k", 0, [7, 7], [false, false]))).toBe(7);
	});

	test("ratios are taken within a round, and rounds without both sides are left out", () => {
		const bursts = [burst("b", 0, [10]), burst("k", 0, [5]), burst("b", 1, [30]), burst("k", 2, [1])];
		expect(roundRatios(bursts, "b", "k")).toEqual([2]);
		expect(latencyOf(bursts, "b")).toBe(20);
	});
});

describe("the bootstrap", () => {
	test("is the same for the same seed and brackets the median", () => {
		const ratios = roundRatios(race(1.5, 20, 0.1), "b", "k");
		const interval = bootstrapMedian(ratios, createRandom(3));
		expect(bootstrapMedian(ratios, createRandom(3))).toEqual(interval);
		expect(interval.low).toBeLessThanOrEqual(interval.median);
		expect(interval.high).toBeGreaterThanOrEqual(interval.median);
	});
});

describe("verdicts", () => {
	test.each([
		["faster", 1.5, "faster"],
		["2 % faster", 1.02, "tie"],
		["the same", 1, "baseline"],
		["slower", 0.7, "baseline"],
	] as const)("a kernel that is %s is judged so through a machine that drifts", (_, ratio, verdict) => {
		const comparison = compareWithBaseline(race(ratio, 24, 0.004), "b", "k", createRandom(1));
		expect(comparison.verdict).toBe(verdict);
		expect(comparison.speedup.median).toBeCloseTo(ratio, 2);
	});

	test("noise wider than the difference is not called faster", () => {
		expect(compareWithBaseline(race(1.02, 24, 0.5), "b", "k", createRandom(1)).verdict).toBe("baseline");
	});

	test("too few rounds, or mostly unclean samples, are inconclusive however large the difference", () => {
		expect(compareWithBaseline(race(3, 4, 0), "b", "k", createRandom(1)).verdict).toBe("inconclusive");
		const unclean = race(3, 20, 0).map((entry) => ({ ...entry, clean: [true, true, false, false, false] }));
		expect(compareWithBaseline(unclean, "b", "k", createRandom(1)).verdict).toBe("inconclusive");
		expect(compareWithBaseline([], "b", "k", createRandom(1)).verdict).toBe("inconclusive");
	});
});
