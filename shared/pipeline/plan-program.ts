// Program -> plan: search, verify, schedule, rank, in order, on one page. Runs at the edge within a state budget; a runner
// goes on from `search.cursor` when the budget ended it.

import type { ToleranceId } from "#shared/artefact/tolerance.ts";
import { kernelTolerances } from "#shared/artefact/tolerance.ts";
import { type RankedCandidate, rankCandidates } from "#shared/cost-model/cost-model.ts";
import { present } from "#shared/fault/assert.ts";
import type { Program } from "#shared/program/program.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import { type TargetId, targets } from "#shared/target/target.ts";
import type { Effort, Plan, PlannedCandidate, PlannedMuGraph } from "./plan.ts";
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
		candidates: spreadOverMuGraphs(ranked.candidates, muGraphs, budget.candidatesMax),
		search: { statesVisited, statesPruned: addCounts([statesPruned, { unverified }]), stop, cursor },
		rankedBy: ranked.model,
		baselines: [],
	};
}

type Ranked = RankedCandidate<{ readonly muGraph: PlannedMuGraph; readonly schedule: Schedule }>;

/** Of the candidates, what the schedules of one family may be as long as others have some. */
const shareOfFamily = 1 / 3;

/**
 * The best of the ranking, but with the best schedule of every family first, and not too many of any: an analytic model
 * separates schedules of one µGraph better than it separates µGraphs. A family is a µGraph with products that are rounded,
 * or with none: rounding may turn out to be too coarse.
 */
function spreadOverMuGraphs(
	ranked: readonly Ranked[],
	muGraphs: readonly PlannedMuGraph[],
	limit: number,
): PlannedCandidate[] {
	const indexOf = new Map(muGraphs.map((muGraph, index) => [muGraph, index]));
	const eachMax = Math.ceil(limit * shareOfFamily);
	const familyOf = ({ muGraph, schedule }: Ranked["candidate"]): string =>
		`${indexOf.get(muGraph)} ${schedule.kernels.some(({ productType }) => productType !== "float32")}`;
	const counts = new Map<string, number>();
	const leaders: Ranked[] = [];
	const followers: Ranked[] = [];
	const others: Ranked[] = [];
	for (const entry of ranked) {
		const family = familyOf(entry.candidate);
		const count = counts.get(family) ?? 0;
		counts.set(family, count + 1);
		(count === 0 ? leaders : count < eachMax ? followers : others).push(entry);
	}
	return [...leaders, ...followers, ...others]
		.slice(0, limit)
		.sort((a, b) => a.nanoseconds - b.nanoseconds)
		.map(({ candidate, nanoseconds }) => ({
			muGraph: present(indexOf.get(candidate.muGraph), "a ranked µGraph is one of the plan"),
			schedule: candidate.schedule,
			predictedNanoseconds: nanoseconds,
		}));
}
