import { expect, test } from "vitest";
import { readRateOf } from "#runner/measure/reference-read.ts";
import type { Burst } from "#runner/measure/statistics.ts";

const burst = (participant: string, round: number, nanoseconds: number): Burst => ({
	participant,
	round,
	runsPerSample: 1,
	nanoseconds: [nanoseconds, nanoseconds],
	clean: [true, true],
});

test("the rate is that of the median round, 64 MiB by its time", () => {
	const bursts = [1e6, 2e6, 9e6].map((nanoseconds, round) => burst("reference", round, nanoseconds));
	expect(readRateOf([...bursts, burst("candidate-0", 0, 1)])).toBeCloseTo((64 * 2 ** 20) / 2e6);
});

test("without a read there is no rate", () => {
	expect(readRateOf([burst("candidate-0", 0, 1)])).toBeNull();
});
