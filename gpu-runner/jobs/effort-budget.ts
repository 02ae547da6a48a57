import type { MeasureBudget } from "#runner/measure/measure-request.ts";
import type { Effort } from "#shared/pipeline/plan.ts";

export interface RunnerBudget {
	readonly measure: MeasureBudget;
	/** Stretches (continue-search.ts) by which a search that stopped with a cursor is carried on. */
	readonly searchContinuations: number;
}

/**
 * At most 5 s, 20 s and some 3 minutes for each program; compiling and checking come on top, but for those of refining,
 * which are part of its time.
 */
const budgets: Readonly<Record<Effort, RunnerBudget>> = {
	quick: {
		measure: {
			screenMilliseconds: 1200,
			contestMilliseconds: 1000,
			refineMilliseconds: 1500,
			confirmMilliseconds: 1500,
			contestRoundsMax: 20,
			confirmRoundsMax: 30,
			quietMilliseconds: 5,
		},
		searchContinuations: 0,
	},
	standard: {
		measure: {
			screenMilliseconds: 4000,
			contestMilliseconds: 4000,
			refineMilliseconds: 7000,
			confirmMilliseconds: 5000,
			contestRoundsMax: 30,
			confirmRoundsMax: 60,
			quietMilliseconds: 20,
		},
		searchContinuations: 8,
	},
	max: {
		measure: {
			screenMilliseconds: 25_000,
			contestMilliseconds: 20_000,
			refineMilliseconds: 120_000,
			confirmMilliseconds: 30_000,
			contestRoundsMax: 80,
			confirmRoundsMax: 200,
			quietMilliseconds: 50,
		},
		searchContinuations: 36,
	},
};

/** The budget of an effort, its measuring time scaled by `share`. */
export function effortBudget(effort: Effort, share: number): RunnerBudget {
	const { measure, searchContinuations } = budgets[effort];
	return {
		searchContinuations,
		measure: {
			...measure,
			screenMilliseconds: measure.screenMilliseconds * share,
			contestMilliseconds: measure.contestMilliseconds * share,
			refineMilliseconds: measure.refineMilliseconds * share,
			confirmMilliseconds: measure.confirmMilliseconds * share,
			quietMilliseconds: Math.round(measure.quietMilliseconds * Math.min(1, share)),
		},
	};
}
