// The real compiler behind the edge's port.

import { analyseBytes } from "#functions/models/analyse-bytes.ts";
import type { ModelCompiler, PlanOptions } from "#functions/models/model-compiler.ts";
import { type SearchRoute, searchInParallel } from "#functions/search/search-in-parallel.ts";
import { searchWidth } from "#functions/search/search-width.ts";
import type { Plan } from "#shared/pipeline/plan.ts";
import { assemblePlan, searchOfPlan } from "#shared/pipeline/plan-program.ts";

export interface SearchPlatform extends Omit<SearchRoute, "calls"> {
	/** Shards of one search at most. */
	readonly widthMax: number;
}

export function createModelCompiler(platform: SearchPlatform): ModelCompiler {
	return { analyse: analyseBytes, plan: (options) => plan(options, platform) };
}

async function plan({ calls, ...options }: PlanOptions, platform: SearchPlatform): Promise<Plan> {
	const request = { ...options, cursor: null };
	// To divide a search without anywhere to send the parts would only cost.
	const width = platform.send === null ? 1 : searchWidth(request.program, request.effort, platform.widthMax);
	return assemblePlan(request, await searchInParallel(searchOfPlan(request), width, { ...platform, calls }));
}
