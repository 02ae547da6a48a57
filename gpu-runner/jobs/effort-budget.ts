import type { MeasureBudget } from "#runner/measure/measure-candidates.ts";
import type { Effort } from "#shared/pipeline/plan.ts";

export interface RunnerBudget {
	readonly measure: MeasureBudget;
	/** Stretches (continue-search.ts) by which a search that stopped with a cursor is carried on. */
	readonly searchContinuations: number;
}

/** At most 5 s, 20 s and 2 minutes of timing for each program; compiling and checking come on top. */
const budgets: Readonly<Record<Effort, RunnerBudget>> = {
	quick: {
		measure: {
			screenMilliseconds: 1500,
			contestMilliseconds: 1500,
			confirmMilliseconds: 2000,
			contestRoundsMax: 20,
			confirmRoundsMax: 30,
			quietMilliseconds: 5,
		},
		searchContinuations: 0,
	},
	standard: {
		measure: {
			screenMilliseconds: 5000,
			contestMilliseconds: 7000,
			confirmMilliseconds: 8000,
			contestRoundsMax: 30,
			confirmRoundsMax: 60,
			quietMilliseconds: 20,
		},
		searchContinuations: 8,
	},
	max: {
		measure: {
			screenMilliseconds: 30_000,
			contestMilliseconds: 40_000,
			confirmMilliseconds: 50_000,
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
			confirmMilliseconds: measure.confirmMilliseconds * share,
			quietMilliseconds: Math.round(measure.quietMilliseconds * Math.min(1, share)),
		},
	};
}
