// From raw samples to a verdict. Pure: what it needs of chance comes from a seeded generator.

import type { Interval, SpeedVerdict } from "#shared/artefact/manifest.ts";
import type { Random } from "#shared/numeric/random.ts";

/** One participant's samples of one round. `clean`: its threads hardly waited for a processor (docs/measuring.md). */
export interface Burst {
	readonly participant: string;
	readonly round: number;
	readonly runsPerSample: number;
	readonly nanoseconds: readonly number[];
	readonly clean: readonly boolean[];
}

/** Steadier than the minimum with several threads, and than the median on a busy machine. */
const scoreQuantile = 0.2;
const resamples = 2000;
const confidence = 0.95;
/** Differences below this are a tie on a shared machine, however narrow the interval. */
const tieRatio = 1.03;
const cleanShareMin = 0.5;
/** An interval over fewer rounds would be an illusion. */
const roundsMin = 5;

/** The value below which a share `q` of the values lies, interpolated; NaN for none. */
export function quantile(values: readonly number[], q: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	const position = (sorted.length - 1) * q;
	const below = sorted[Math.floor(position)];
	const above = sorted[Math.ceil(position)];
	if (below === undefined || above === undefined) return Number.NaN;
	return below + (above - below) * (position - Math.floor(position));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** 20th percentile of the clean samples, of all when none is clean: nanoseconds a run. */
export function scoreBurst(burst: Burst): number {
	const clean = burst.nanoseconds.filter((_, index) => burst.clean[index]);
	return quantile(clean.length > 0 ? clean : burst.nanoseconds, scoreQuantile);
}

/** Median over rounds of a participant's scores; NaN when it has none. */
export function latencyOf(bursts: readonly Burst[], participant: string): number {
	return median(bursts.filter((burst) => burst.participant === participant).map(scoreBurst));
}

/** Share of a participant's samples that are clean; 0 when it has none. */
function cleanShareOf(bursts: readonly Burst[], participant: string): number {
	const flags = bursts.filter((burst) => burst.participant === participant).flatMap((burst) => burst.clean);
	return flags.length === 0 ? 0 : flags.filter(Boolean).length / flags.length;
}

/** baseline / candidate of every round in which both took part, from scores of the same round. */
export function roundRatios(bursts: readonly Burst[], baseline: string, candidate: string): number[] {
	const scores = new Map<string, number>();
	for (const burst of bursts) scores.set(`${burst.participant} ${burst.round}`, scoreBurst(burst));
	const rounds = new Set(bursts.map((burst) => burst.round));
	return [...rounds].flatMap((round) => {
		const above = scores.get(`${baseline} ${round}`);
		const below = scores.get(`${candidate} ${round}`);
		return above === undefined || below === undefined ? [] : [above / below];
	});
}

/** Median of the ratios with a 95 % percentile bootstrap over rounds (Efron 1979). */
export function bootstrapMedian(ratios: readonly number[], random: Random): Interval {
	const medians: number[] = [];
	for (let i = 0; i < resamples; i++) {
		const draw = ratios.map(() => ratios[random.nextBelow(ratios.length)] ?? Number.NaN);
		medians.push(median(draw));
	}
	return {
		median: median(ratios),
		low: quantile(medians, (1 - confidence) / 2),
		high: quantile(medians, (1 + confidence) / 2),
	};
}

export interface Comparison {
	readonly verdict: SpeedVerdict;
	readonly speedup: Interval;
	readonly cleanShare: number;
	readonly rounds: number;
}

/**
 * `faster`: the interval lies above 1.03; `tie`: above 1; `baseline`: it does not clear 1, so the baseline is the answer;
 * `inconclusive`: too few rounds, or under half the samples of either side clean.
 */
export function compareWithBaseline(
	bursts: readonly Burst[],
	baseline: string,
	candidate: string,
	random: Random,
): Comparison {
	const ratios = roundRatios(bursts, baseline, candidate);
	const cleanShare = Math.min(cleanShareOf(bursts, baseline), cleanShareOf(bursts, candidate));
	if (ratios.length === 0)
		return { verdict: "inconclusive", speedup: { median: 1, low: 1, high: 1 }, cleanShare, rounds: 0 };
	const speedup = bootstrapMedian(ratios, random);
	const verdict = (): SpeedVerdict => {
		if (ratios.length < roundsMin || cleanShare < cleanShareMin) return "inconclusive";
		if (speedup.low > tieRatio) return "faster";
		return speedup.low > 1 ? "tie" : "baseline";
	};
	return { verdict: verdict(), speedup, cleanShare, rounds: ratios.length };
}
