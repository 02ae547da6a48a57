// Which µGraphs a search returns when it may return only a few.

import { muGraphHash } from "#shared/mugraph/fingerprint.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import { muGraphCost } from "./cost.ts";

export interface RankedMuGraph {
	readonly muGraph: MuGraph;
	/** muGraphHash. */
	readonly identity: string;
	/** See cost.ts. */
	readonly cost: number;
}

/** Merges what several calls of one search found: distinct µGraphs, the first of equals, at most `limit`. */
export function selectMuGraphs(muGraphs: readonly MuGraph[], limit: number): readonly MuGraph[] {
	const entries = new Map<string, RankedMuGraph>();
	for (const muGraph of muGraphs) {
		const identity = muGraphHash(muGraph);
		if (!entries.has(identity)) entries.set(identity, { muGraph, identity, cost: muGraphCost(muGraph) });
	}
	return selectRankedEntries([...entries.values()], limit).map(({ muGraph }) => muGraph);
}

/**
 * At most `limit`, cheapest first, ties by identity. Variety comes before rank: first the cheapest of each pattern of loops,
 * of single kernels in a call half of the places at most, of each other number of kernels a quarter; what is left goes to
 * the cheapest of the rest. Law: selecting from parts and then from what they kept gives what selecting from the whole gives
 * (the first pass is greedy on a laminar matroid).
 */
export function selectRankedEntries<Entry extends RankedMuGraph>(
	entries: readonly Entry[],
	limit: number,
): readonly Entry[] {
	const ranked = [...entries].sort((a, b) => a.cost - b.cost || (a.identity < b.identity ? -1 : 1));
	const patterns = new Set<string>();
	const countOfKernels = new Map<number, number>();
	const varied = ranked.filter(({ muGraph }) => {
		const kernels = muGraph.kernels.length - findPreparePart(muGraph).kernels.size;
		const count = countOfKernels.get(kernels) ?? 0;
		const pattern = loopPattern(muGraph);
		if (patterns.has(pattern) || count >= Math.ceil(limit / (kernels === 1 ? 2 : 4))) return false;
		patterns.add(pattern);
		countOfKernels.set(kernels, count + 1);
		return true;
	});
	const kept = new Set([...new Set([...varied.slice(0, limit), ...ranked])].slice(0, limit));
	return ranked.filter((entry) => kept.has(entry));
}

/** The kernels' grids and loops. */
function loopPattern(muGraph: MuGraph): string {
	return JSON.stringify(muGraph.kernels.map(({ grid, loop }) => [grid, loop]));
}
