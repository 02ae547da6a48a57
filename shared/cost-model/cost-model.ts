// Ranks candidates by predicted time, so that a runner compiles and times only the most promising. In: candidates of any
// number of µGraphs of one program. Out: the same, fastest first. The analytic model is the only one so far; a learned one
// implements the same interface.

import { present } from "#shared/fault/assert.ts";
import type { ScheduledMuGraph } from "#shared/schedule/candidate.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { analyticCostModel } from "./analytic.ts";

export interface CostModel {
	/** Stored with every plan that it ranked; changes when its predictions do. */
	readonly name: string;
	/** Nanoseconds a run, in the order of the candidates. Only their order is relied on. */
	predict(candidates: readonly ScheduledMuGraph[], target: CpuTarget, threads: number): Float32Array;
}

export interface RankedCandidate<C extends ScheduledMuGraph> {
	readonly candidate: C;
	readonly nanoseconds: number;
}

export interface Ranking<C extends ScheduledMuGraph> {
	/** Name of the model. */
	readonly model: string;
	/** Fastest first; equal predictions keep the given order. */
	readonly candidates: readonly RankedCandidate<C>[];
}

export function rankCandidates<C extends ScheduledMuGraph>(
	candidates: readonly C[],
	target: CpuTarget,
	threads: number,
	model: CostModel = analyticCostModel,
): Ranking<C> {
	const predicted = model.predict(candidates, target, threads);
	const ranked = candidates.map((candidate, at) => ({
		candidate,
		nanoseconds: present(predicted[at], "a prediction for every candidate"),
	}));
	return { model: model.name, candidates: ranked.sort((a, b) => a.nanoseconds - b.nanoseconds) };
}
