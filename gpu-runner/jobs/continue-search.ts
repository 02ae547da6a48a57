import { setImmediate } from "node:timers/promises";
import type { Plan, PlannedCandidate, PlannedMuGraph } from "#shared/pipeline/plan.ts";
import { effortBudgets, planProgram } from "#shared/pipeline/plan-program.ts";
import { addCounts } from "#shared/pipeline/search-part.ts";

/** What one stretch may take before messages and leases are looked after again: a few seconds. */
const stretchStates = 5_000;
const stretchMuGraphs = 8;

/** Takes a search that stopped at its state limit up again, at most `continuations` times: the plan with what was found besides. */
export async function continueSearch(plan: Plan, continuations: number, signal: AbortSignal): Promise<Plan> {
	let whole = plan;
	for (let done = 0; done < continuations && whole.search.cursor !== null && !signal.aborted; done++) {
		// Between two stretches messages and leases are kept alive.
		await setImmediate();
		const { program, programDigest, target, threads, effort } = whole;
		const more = planProgram({
			program,
			programDigest,
			target,
			threads,
			effort,
			cursor: whole.search.cursor,
			searchStatesMax: stretchStates,
			muGraphsMax: stretchMuGraphs,
		});
		whole = mergePlans(whole, more);
	}
	return whole;
}

/** Candidates of both, best first, no more than the effort allows; a µGraph found twice counts once. */
function mergePlans(plan: Plan, more: Plan): Plan {
	const indices = new Map(plan.muGraphs.map((muGraph, index) => [muGraph.digest, index]));
	const muGraphs: PlannedMuGraph[] = [...plan.muGraphs];
	const candidates: PlannedCandidate[] = [...plan.candidates];
	for (const [position, muGraph] of more.muGraphs.entries()) {
		if (indices.has(muGraph.digest)) continue;
		const index = muGraphs.push(muGraph) - 1;
		indices.set(muGraph.digest, index);
		for (const candidate of more.candidates)
			if (candidate.muGraph === position) candidates.push({ ...candidate, muGraph: index });
	}
	candidates.sort((a, b) => a.predictedNanoseconds - b.predictedNanoseconds);
	const { statesVisited, cursor, stop } = more.search;
	return {
		...plan,
		muGraphs,
		candidates: candidates.slice(0, effortBudgets[plan.effort].candidatesMax),
		search: {
			statesVisited: plan.search.statesVisited + statesVisited,
			statesPruned: addCounts([plan.search.statesPruned, more.search.statesPruned]),
			stop,
			cursor,
		},
	};
}
