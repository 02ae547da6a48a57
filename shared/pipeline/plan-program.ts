// Program -> plan: search, verify, schedule, rank, in order, on one page. Runs at the edge within a state budget; a runner
// goes on from `search.cursor` when the budget ended it.

import { rankCandidates } from "#shared/cost-model/cost-model.ts";
import { present } from "#shared/fault/assert.ts";
import type { Program } from "#shared/program/program.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { type TargetId, targets } from "#shared/target/target.ts";
import type { VerifiedMuGraph } from "#shared/verify/verified-mugraph.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import type { Effort, Plan, PlannedCandidate } from "./plan.ts";

/** What one level of effort may spend. Counts, not seconds, so that every instance gives the same plan. */
export interface EffortBudget {
	/** States that the search may visit before it stops with a cursor. */
	readonly searchStatesMax: number;
	/** µGraphs that are verified and scheduled, cheapest in device bytes first. */
	readonly muGraphsMax: number;
	/** Schedules drawn for each µGraph before ranking. */
	readonly schedulesEachMax: number;
	/** Candidates that a runner compiles and times. */
	readonly candidatesMax: number;
}

export const effortBudgets: Readonly<Record<Effort, EffortBudget>> = {
	quick: { searchStatesMax: 20_000, muGraphsMax: 8, schedulesEachMax: 24, candidatesMax: 16 },
	standard: { searchStatesMax: 60_000, muGraphsMax: 16, schedulesEachMax: 64, candidatesMax: 40 },
	max: { searchStatesMax: 200_000, muGraphsMax: 48, schedulesEachMax: 256, candidatesMax: 160 },
};

export interface PlanRequest {
	readonly program: Program;
	readonly programDigest: string;
	readonly target: TargetId;
	readonly threads: number;
	readonly effort: Effort;
	/** Where an earlier search stopped, or null to begin. */
	readonly cursor: string | null;
	/** Fewer states than the effort allows, where the place of the search demands it. */
	readonly searchStatesMax?: number;
	/** Fewer µGraphs than the effort allows, likewise. */
	readonly muGraphsMax?: number;
}

/** Seed of the verifier's field inputs; fixed so that equal requests give equal plans, stored in every certificate. */
const verifySeed = 20_250_701;

/**
 * Finds, proves and ranks candidates for one program. The plan has no baselines yet (island-baselines.ts writes them).
 * Every µGraph in it is verified; one that is not equal is dropped and counted under `statesPruned.unverified`.
 */
export function planProgram(request: PlanRequest): Plan {
	const budget = effortBudgets[request.effort];
	const target = targets[request.target];
	const outcome = searchMuGraphs(
		request.program,
		{
			statesMax: Math.min(budget.searchStatesMax, request.searchStatesMax ?? budget.searchStatesMax),
			foundMax: Math.min(budget.muGraphsMax, request.muGraphsMax ?? budget.muGraphsMax),
		},
		request.cursor ?? undefined,
	);
	const verified: VerifiedMuGraph[] = [];
	let unverified = 0;
	for (const muGraph of outcome.found) {
		const verdict = verifyMuGraph(muGraph, request.program, { seed: verifySeed });
		if (verdict.kind === "equal") verified.push(verdict.verified);
		else unverified++;
	}
	const ranked = rankCandidates(
		verified.flatMap((muGraph) =>
			enumerateSchedules(muGraph.muGraph, target, request.threads, budget.schedulesEachMax).map(
				(schedule) => ({ muGraph, schedule }),
			),
		),
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
		muGraphs: verified.map(({ digest, muGraph, certificate }) => ({ digest, muGraph, certificate })),
		candidates: spreadOverMuGraphs(ranked.candidates, verified, budget.candidatesMax),
		search: {
			statesVisited: outcome.report.statesVisited,
			statesPruned: { ...outcome.report.statesPruned, unverified },
			stop: outcome.report.stop,
			cursor: outcome.cursor,
		},
		rankedBy: ranked.model,
		baselines: [],
	};
}

interface Ranked {
	readonly candidate: { readonly muGraph: VerifiedMuGraph; readonly schedule: Schedule };
	readonly nanoseconds: number;
}

/**
 * The best of the ranking, but with the best schedule of every µGraph first: an analytic model separates schedules of one
 * µGraph better than it separates µGraphs.
 */
function spreadOverMuGraphs(
	ranked: readonly Ranked[],
	verified: readonly VerifiedMuGraph[],
	limit: number,
): PlannedCandidate[] {
	const indexOf = new Map(verified.map((muGraph, index) => [muGraph, index]));
	const seen = new Set<VerifiedMuGraph>();
	const leaders: Ranked[] = [];
	const others: Ranked[] = [];
	for (const entry of ranked) {
		(seen.has(entry.candidate.muGraph) ? others : leaders).push(entry);
		seen.add(entry.candidate.muGraph);
	}
	return [...leaders, ...others]
		.slice(0, limit)
		.sort((a, b) => a.nanoseconds - b.nanoseconds)
		.map(({ candidate, nanoseconds }) => ({
			muGraph: present(indexOf.get(candidate.muGraph), "a ranked µGraph was verified"),
			schedule: candidate.schedule,
			predictedNanoseconds: nanoseconds,
		}));
}
