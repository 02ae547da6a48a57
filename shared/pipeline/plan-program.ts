// Program -> plan: search, verify, schedule, rank, in order, on one page. Runs at the edge within a state budget; a runner
// goes on from `search.cursor` when the budget ended it.

import type { ToleranceId } from "#shared/artefact/tolerance.ts";
import { kernelTolerances } from "#shared/artefact/tolerance.ts";
import { rankCandidates } from "#shared/cost-model/cost-model.ts";
import type { Program } from "#shared/program/program.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import { type TargetId, targets } from "#shared/target/target.ts";
import { chooseCandidates } from "./choose-candidates.ts";
import type { Effort, Plan, PlannedMuGraph } from "./plan.ts";
import {
	addCounts,
	type ProvenSearch,
	proveMuGraphs,
	provenMuGraphs,
	type SearchPartRequest,
	searchPart,
} from "./search-part.ts";

/** What one level of effort may spend. Counts, not seconds, so that every instance gives the same plan. */
export interface EffortBudget {
	/** States (a DAG and one of its cuts) that the search may visit before it stops with a cursor. */
	readonly searchStatesMax: number;
	/** µGraphs that are verified and scheduled, cheapest in device bytes first. */
	readonly muGraphsMax: number;
	/** Schedules drawn for each µGraph before ranking. */
	readonly schedulesEachMax: number;
	/** Candidates that a runner compiles and times. */
	readonly candidatesMax: number;
}

export const effortBudgets: Readonly<Record<Effort, EffortBudget>> = {
	quick: { searchStatesMax: 300, muGraphsMax: 8, schedulesEachMax: 24, candidatesMax: 16 },
	standard: { searchStatesMax: 1_200, muGraphsMax: 16, schedulesEachMax: 64, candidatesMax: 40 },
	max: { searchStatesMax: 20_000, muGraphsMax: 48, schedulesEachMax: 256, candidatesMax: 160 },
};

export interface PlanRequest {
	readonly program: Program;
	readonly programDigest: string;
	readonly target: TargetId;
	readonly threads: number;
	readonly effort: Effort;
	readonly tolerance: ToleranceId;
	/** Where an earlier search stopped, or null to begin. */
	readonly cursor: string | null;
	/** Fewer states than the effort allows, where the place of the search demands it. */
	readonly searchStatesMax?: number;
	/** Fewer µGraphs than the effort allows, likewise. */
	readonly muGraphsMax?: number;
}

/** What to search for a plan; a shard of it with `shard` added. */
export function searchOfPlan(request: PlanRequest): SearchPartRequest {
	const budget = effortBudgets[request.effort];
	return {
		program: request.program,
		cursor: request.cursor,
		statesMax: Math.min(budget.searchStatesMax, request.searchStatesMax ?? budget.searchStatesMax),
		muGraphsMax: Math.min(budget.muGraphsMax, request.muGraphsMax ?? budget.muGraphsMax),
	};
}

/** Finds, proves and ranks candidates for one program, here and now. */
export function planProgram(request: PlanRequest): Plan {
	const search = searchPart(searchOfPlan(request));
	const certificates = proveMuGraphs(
		request.program,
		search.found.map(({ muGraph }) => muGraph),
	);
	return assemblePlan(request, { search, certificates });
}

/**
 * The plan from its search, all shards merged, and the proofs. It has no baselines yet (island-baselines.ts writes them).
 * Every µGraph in it is proven and as accurate as the program; one that is not is dropped and counted
 * under `statesPruned.unverified`.
 */
export function assemblePlan(request: PlanRequest, proven: ProvenSearch): Plan {
	const budget = effortBudgets[request.effort];
	const target = targets[request.target];
	const muGraphs = provenMuGraphs(proven);
	const { statesVisited, statesPruned, stop, cursor, found } = proven.search;
	const unverified = found.length - muGraphs.length;
	const { productTypes } = kernelTolerances[request.tolerance];
	const schedulesOf = ({ muGraph }: PlannedMuGraph): readonly Schedule[] =>
		enumerateSchedules(muGraph, target, request.threads, budget.schedulesEachMax, productTypes);
	const ranked = rankCandidates(
		muGraphs.flatMap((muGraph) => schedulesOf(muGraph).map((schedule) => ({ muGraph, schedule }))),
		target,
		request.threads,
	);
	return {
		schema: "kiln.plan/1",
		programDigest: request.programDigest,
		program: request.program,
		target: request.target,
		threads: request.threads,
		effort: request.effort,
		tolerance: request.tolerance,
		muGraphs,
		candidates: chooseCandidates(ranked.candidates, muGraphs, budget.candidatesMax),
		search: { statesVisited, statesPruned: addCounts([statesPruned, { unverified }]), stop, cursor },
		rankedBy: ranked.model,
		baselines: [],
	};
}
