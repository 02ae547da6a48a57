// Goes on where the edge's search stopped. Nothing of it is kept between attempts: a runner that dies repeats it from the
// plan, and ends with the same plan.

import { setImmediate } from "node:timers/promises";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import type { Plan } from "#shared/pipeline/plan.ts";
import { assemblePlan, searchOfPlan } from "#shared/pipeline/plan-program.ts";
import {
	mergeParts,
	type ProvenSearch,
	proveMuGraphs,
	type SearchPart,
	searchPart,
} from "#shared/pipeline/search-part.ts";

/** What one stretch may take before messages and leases are looked after again: about half a second. */
const stretchStatesDefault = 200;

export interface ContinueLimits {
	/** Stretches at most. */
	readonly continuations: number;
	/** The plan depends on their product alone, not on where stretches end. */
	readonly stretchStates?: number;
}

/**
 * Takes a search that stopped at its state limit up again: the plan over what was found before and what was found besides,
 * chosen as one search would have chosen. When `signal` ends it, the plan as it was.
 */
export async function continueSearch(plan: Plan, limits: ContinueLimits, signal: AbortSignal): Promise<Plan> {
	if (plan.search.cursor === null || limits.continuations === 0) return plan;
	const request = { ...plan, cursor: plan.search.cursor };
	const { muGraphsMax } = searchOfPlan(request);
	let search = partOf(plan);
	for (let done = 0; done < limits.continuations && search.cursor !== null; done++) {
		// Between two stretches messages and leases are kept alive.
		await setImmediate();
		if (signal.aborted) return plan;
		const more = searchPart({
			program: plan.program,
			cursor: search.cursor,
			statesMax: limits.stretchStates ?? stretchStatesDefault,
			muGraphsMax,
		});
		search = { ...mergeParts([search, more], muGraphsMax), stop: more.stop, cursor: more.cursor };
	}
	const proven = await prove(plan, search, signal);
	return proven === null ? plan : { ...assemblePlan(request, proven), baselines: plan.baselines };
}

/** What the edge found, as the first part: its µGraphs come before all that a continuation can find. */
function partOf(plan: Plan): SearchPart {
	const { statesVisited, statesPruned, stop, cursor } = plan.search;
	const found = plan.muGraphs.map(({ muGraph }, index) => ({
		muGraph,
		position: index - plan.muGraphs.length,
	}));
	return { found, statesVisited, statesPruned, stop, cursor };
}

/** Certificates of the plan's own µGraphs are taken over (they are all proven again later); null when `signal` ended it. */
async function prove(plan: Plan, search: SearchPart, signal: AbortSignal): Promise<ProvenSearch | null> {
	const known = new Map(plan.muGraphs.map(({ digest, certificate }) => [digest, certificate]));
	const certificates = [];
	for (const { muGraph } of search.found) {
		const certificate = known.get(muGraphDigest(muGraph));
		if (certificate !== undefined) {
			certificates.push(certificate);
			continue;
		}
		await setImmediate();
		if (signal.aborted) return null;
		certificates.push(...proveMuGraphs(plan.program, [muGraph]));
	}
	return { search, certificates };
}
