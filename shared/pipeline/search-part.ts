// Program -> proven µGraphs, in steps that can be done elsewhere: a search's shards and then slices of its proofs in
// parallel requests, or one stretch of it on a runner. However it is divided, the outcome is the same.

import { present } from "#shared/fault/assert.ts";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import { type SearchLimits, searchMuGraphs } from "#shared/search/search.ts";
import { selectMuGraphs } from "#shared/search/select.ts";
import type { Certificate } from "#shared/verify/certificate.ts";
import { checkStability } from "#shared/verify/check-stability.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import type { PlannedMuGraph } from "./plan.ts";

export interface SearchPartRequest {
	readonly program: Program;
	/** Where an earlier search stopped, or null to begin. */
	readonly cursor: string | null;
	readonly statesMax: number;
	/** µGraphs that are kept. */
	readonly muGraphsMax: number;
	readonly shard?: SearchLimits["shard"];
}

/** A µGraph that a shard chose, not proven yet. */
export interface FoundMuGraph {
	readonly muGraph: MuGraph;
	/** First position of the whole search that gave it: of equal µGraphs from several shards the first stands. */
	readonly position: number;
}

export interface SearchPart {
	readonly found: readonly FoundMuGraph[];
	readonly statesVisited: number;
	readonly statesPruned: Readonly<Record<string, number>>;
	readonly stop: "saturated" | "stateLimit";
	readonly cursor: string | null;
}

/** Seed of the verifier's field inputs; fixed so that equal requests give equal plans, stored in every certificate. */
const verifySeed = 20_250_701;

/** Searches, and proves nothing. Pure: any instance gives the same part for the same request. */
export function searchPart(request: SearchPartRequest): SearchPart {
	const { statesMax, muGraphsMax: foundMax, shard } = request;
	const { found, positions, report, cursor } = searchMuGraphs(
		request.program,
		{ statesMax, foundMax, ...(shard === undefined ? {} : { shard }) },
		request.cursor ?? undefined,
	);
	return {
		found: found.map((muGraph, index) => ({
			muGraph,
			position: present(positions[index], "a position for each"),
		})),
		statesVisited: report.statesVisited,
		statesPruned: report.statesPruned,
		stop: report.stop,
		cursor,
	};
}

/** All shards of one search (or the one part), in any order: what one part would have been. */
export function mergeParts(parts: readonly SearchPart[], muGraphsMax: number): SearchPart {
	const inOrder = parts.flatMap(({ found }) => found).sort((a, b) => a.position - b.position);
	const positions = new Map(inOrder.map(({ muGraph, position }) => [muGraph, position]));
	const selected = selectMuGraphs([...positions.keys()], muGraphsMax);
	const last = parts.find(({ cursor }) => cursor !== null) ?? parts[0];
	return {
		found: selected.map((muGraph) => ({
			muGraph,
			position: present(positions.get(muGraph), "it was found"),
		})),
		statesVisited: parts.reduce((sum, part) => sum + part.statesVisited, 0),
		statesPruned: addCounts(parts.map(({ statesPruned }) => statesPruned)),
		stop: last?.stop ?? "saturated",
		cursor: last?.cursor ?? null,
	};
}

/**
 * A certificate for each µGraph, or null for one that could not be proven or rounds much worse than the program does. Pure,
 * and of each µGraph alone.
 */
export function proveMuGraphs(
	program: Program,
	muGraphs: readonly MuGraph[],
): readonly (Certificate | null)[] {
	return muGraphs.map((muGraph) => {
		const verdict = verifyMuGraph(muGraph, program, { seed: verifySeed });
		if (verdict.kind !== "equal") return null;
		const isStable = checkStability(muGraph, program, verifySeed).kind === "stable";
		return isStable ? verdict.certificate : null;
	});
}

/** A search and its proofs, in the order of `found`. */
export interface ProvenSearch {
	readonly search: SearchPart;
	readonly certificates: readonly (Certificate | null)[];
}

/** Those that were proven. */
export function provenMuGraphs({ search, certificates }: ProvenSearch): readonly PlannedMuGraph[] {
	return search.found.flatMap(({ muGraph }, index) => {
		const certificate = certificates[index] ?? null;
		return certificate === null ? [] : [{ digest: muGraphDigest(muGraph), muGraph, certificate }];
	});
}

/** Counts by rule, added up; rules in alphabetical order. */
export function addCounts(
	counts: readonly Readonly<Record<string, number>>[],
): Readonly<Record<string, number>> {
	const sum = new Map<string, number>();
	for (const [rule, count] of counts.flatMap(Object.entries<number>))
		sum.set(rule, (sum.get(rule) ?? 0) + count);
	return Object.fromEntries([...sum].sort(([a], [b]) => (a < b ? -1 : 1)));
}
