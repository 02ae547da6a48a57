// Program -> proven µGraphs: search and verify. One part of it may be done elsewhere: a shard in a parallel request, a
// stretch on a runner.

import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import { type SearchLimits, searchMuGraphs } from "#shared/search/search.ts";
import { selectMuGraphs } from "#shared/search/select.ts";
import type { Certificate } from "#shared/verify/certificate.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import type { PlannedMuGraph } from "./plan.ts";

export interface SearchPartRequest {
	readonly program: Program;
	/** Where an earlier search stopped, or null to begin. */
	readonly cursor: string | null;
	readonly statesMax: number;
	/** µGraphs that are kept and verified. */
	readonly muGraphsMax: number;
	readonly shard?: SearchLimits["shard"];
}

/** A µGraph that the search chose; null when it could not be proven, and then only so that no other takes its place. */
export interface SearchedMuGraph {
	readonly muGraph: MuGraph;
	readonly certificate: Certificate | null;
}

export interface SearchPart {
	readonly muGraphs: readonly SearchedMuGraph[];
	readonly statesVisited: number;
	readonly statesPruned: Readonly<Record<string, number>>;
	readonly stop: "saturated" | "stateLimit";
	readonly cursor: string | null;
}

/** Seed of the verifier's field inputs; fixed so that equal requests give equal plans, stored in every certificate. */
const verifySeed = 20_250_701;

/** Pure: any instance gives the same part for the same request. */
export function searchPart(request: SearchPartRequest): SearchPart {
	const { statesMax, muGraphsMax: foundMax, shard } = request;
	const outcome = searchMuGraphs(
		request.program,
		{ statesMax, foundMax, ...(shard === undefined ? {} : { shard }) },
		request.cursor ?? undefined,
	);
	return {
		muGraphs: outcome.found.map((muGraph) => {
			const verdict = verifyMuGraph(muGraph, request.program, { seed: verifySeed });
			return { muGraph, certificate: verdict.kind === "equal" ? verdict.certificate : null };
		}),
		statesVisited: outcome.report.statesVisited,
		statesPruned: outcome.report.statesPruned,
		stop: outcome.report.stop,
		cursor: outcome.cursor,
	};
}

/** What one part would have been: of all shards of a search, in any order. The proven µGraphs, and the counts added up. */
export interface MergedParts {
	readonly muGraphs: readonly PlannedMuGraph[];
	readonly statesVisited: number;
	readonly statesPruned: Readonly<Record<string, number>>;
	readonly stop: "saturated" | "stateLimit";
	readonly cursor: string | null;
}

/** All shards of one search (or the one part) merged; `statesPruned.unverified` counts what was not proven. */
export function mergeParts(parts: readonly SearchPart[], muGraphsMax: number): MergedParts {
	const certificates = new Map<MuGraph, Certificate | null>();
	for (const part of parts)
		for (const { muGraph, certificate } of part.muGraphs) certificates.set(muGraph, certificate);
	const selected = selectMuGraphs([...certificates.keys()], muGraphsMax);
	const muGraphs = selected.flatMap((muGraph): PlannedMuGraph[] => {
		const certificate = certificates.get(muGraph) ?? null;
		return certificate === null ? [] : [{ digest: muGraphDigest(muGraph), muGraph, certificate }];
	});
	const unverified = selected.length - muGraphs.length;
	const last = parts.find(({ cursor }) => cursor !== null) ?? parts[0];
	return {
		muGraphs,
		statesVisited: parts.reduce((sum, part) => sum + part.statesVisited, 0),
		statesPruned: addCounts([...parts.map(({ statesPruned }) => statesPruned), { unverified }]),
		stop: last?.stop ?? "saturated",
		cursor: last?.cursor ?? null,
	};
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
