// One island superoptimised on this machine: what a plan would hold, and what it took to find it.

import { rankCandidates } from "#shared/cost-model/cost-model.ts";
import { present } from "#shared/fault/assert.ts";
import { bytesMoved } from "#shared/mugraph/bytes-moved.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import { muGraphTraits, type Trait } from "#shared/mugraph/traits.ts";
import type { Island } from "#shared/partition/partition.ts";
import type { Effort, PlannedMuGraph } from "#shared/pipeline/plan.ts";
import { effortBudgets } from "#shared/pipeline/plan-program.ts";
import { addCounts, proveMuGraphs, provenMuGraphs } from "#shared/pipeline/search-part.ts";
import { unfusedBytes } from "#shared/program/unfused-bytes.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import { type SearchReport, searchMuGraphs } from "#shared/search/search.ts";
import { type TargetId, targets } from "#shared/target/target.ts";

/** A proven µGraph with the schedule that is predicted to be its fastest. */
export interface RankedMuGraph extends PlannedMuGraph {
	readonly schedule: Schedule;
	readonly predictedNanoseconds: number;
	/** Read and written in device memory under the schedule. */
	readonly bytesMoved: number;
	readonly traits: readonly Trait[];
}

export interface IslandSearch {
	readonly island: Island;
	/** Predicted fastest first. */
	readonly muGraphs: readonly RankedMuGraph[];
	/** Of the program with a kernel for each node. */
	readonly unfusedBytes: number;
	readonly report: SearchReport;
	/** Found, but not proven. */
	readonly unverified: number;
	readonly elapsedMs: number;
}

export interface SearchIslandOptions {
	readonly effort: Effort;
	readonly target: TargetId;
	readonly threads: number;
}

export function searchIsland(island: Island, options: SearchIslandOptions): IslandSearch {
	const startedAt = performance.now();
	const { program } = island;
	const budget = effortBudgets[options.effort];
	const limits = { statesMax: budget.searchStatesMax, foundMax: budget.muGraphsMax };
	const { found, positions, report, cursor } = searchMuGraphs(program, limits);
	const search = {
		found: found.map((muGraph, at) => ({ muGraph, position: present(positions[at], "a position for each") })),
		...report,
		cursor,
	};
	const proven = provenMuGraphs({ search, certificates: proveMuGraphs(program, found) });
	return {
		island,
		muGraphs: rankMuGraphs(proven, budget.schedulesEachMax, options),
		unfusedBytes: unfusedBytes(program),
		report,
		unverified: found.length - proven.length,
		elapsedMs: performance.now() - startedAt,
	};
}

function rankMuGraphs(
	proven: readonly PlannedMuGraph[],
	schedulesMax: number,
	{ target: targetId, threads }: SearchIslandOptions,
): readonly RankedMuGraph[] {
	const target = targets[targetId];
	const candidates = proven.flatMap((muGraph) =>
		enumerateSchedules(muGraph.muGraph, target, threads, schedulesMax).map((schedule) => ({
			muGraph,
			schedule,
		})),
	);
	const best = new Map<PlannedMuGraph, RankedMuGraph>();
	for (const { candidate, nanoseconds } of rankCandidates(candidates, target, threads).candidates) {
		const { muGraph: planned, schedule } = candidate;
		if (best.has(planned)) continue;
		const { readBytes, writtenBytes } = bytesMoved(planned.muGraph, schedule.kernels);
		best.set(planned, {
			...planned,
			schedule,
			predictedNanoseconds: nanoseconds,
			bytesMoved: readBytes + writtenBytes,
			traits: muGraphTraits(planned.muGraph),
		});
	}
	// A map keeps the order of insertion: predicted fastest first.
	return [...best.values()];
}

/** The `--json` form of an island. */
export function viewIslandSearch(search: IslandSearch) {
	const { island, report } = search;
	return {
		index: island.index,
		program: island.digest,
		mugraphs: search.muGraphs.map((found) => ({
			digest: found.digest,
			kernels: found.muGraph.kernels.length,
			errorProbabilityLog2: found.certificate.errorProbabilityLog2,
			traits: found.traits.map(({ id, kernels }) => ({ id, kernels })),
			bytesMoved: found.bytesMoved,
			predictedNs: found.predictedNanoseconds,
			schedule: found.schedule,
			certificate: found.certificate,
			print: printMuGraph(found.muGraph),
		})),
		unfusedBytes: search.unfusedBytes,
		statesVisited: report.statesVisited,
		statesPruned: addCounts([report.statesPruned, { unverified: search.unverified }]),
		placementsPruned: report.placementsPruned,
		dags: report.dags,
		cuts: report.cuts,
		placements: report.placements,
		emitted: report.emitted,
		elapsedMs: search.elapsedMs,
		stop: report.stop,
	};
}
