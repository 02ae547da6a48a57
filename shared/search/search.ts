// Finds µGraphs for a program. In: the canonical program and limits. Out: µGraphs that are to be verified, a report, and a
// cursor when the state budget ended the search. Three of the four choices of a kernel's design are drawn here, one after
// the other, each pruned by what it alone decides: the DAG (shared/algebra, variants.ts), its cut into kernels (cuts.ts), and
// where each kernel's axes go (placement.ts); tile sizes stay symbolic until schedules are drawn. Mirage (OSDI'25, section
// 4) enumerates all of them together. Placements are made once for each kernel and ranked there; a cut combines the best few.

import { type AlgebraReport, type DagEnumeration, enumerateDags } from "#shared/algebra/enumerate-dags.ts";
import { muGraphHash } from "#shared/mugraph/fingerprint.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import { assembleMuGraph } from "./assemble.ts";
import { PlacementMemo } from "./combine-placements.ts";
import { muGraphCost } from "./cost.ts";
import { beamRule, cutRankRule } from "./partitions.ts";
import { enumeratePositions, type Position } from "./positions.ts";
import { type RankedMuGraph, selectRankedEntries } from "./select.ts";
import { enumerateVariants } from "./variants.ts";

export interface SearchLimits {
	/** States visited in this call: positions (DAG, cut), other shards' included. */
	readonly statesMax: number;
	/** µGraphs returned; see select.ts. */
	readonly foundMax: number;
	/**
	 * Only every `count`-th position, from `index`. Law: what all shards found, selected again (select.ts), is what one call
	 * without shards finds, whatever the budget; and all of them stop at the same cursor.
	 */
	readonly shard?: { readonly index: number; readonly count: number };
	/** DAGs whose cuts are drawn, cheapest first after the program as written. Default and most: 12. */
	readonly dagsMax?: number;
	/** Kernels of a µGraph, beyond the safe cuts. Default 4. */
	readonly kernelsMax?: number;
	/** Reductions, contractions and outputs of a program up to which all cuts are drawn. Default 8. */
	readonly unitsMax?: number;
	/** Passes over the loop axis in one kernel. Default 3. */
	readonly passesMax?: number;
	/** float32 bytes of a block's values at its smallest tile. Default 2 MiB, the second-level cache of a server core. */
	readonly tileBytesMax?: number;
}

export interface SearchReport {
	/** Of choice 1, which every call and shard makes as a whole. */
	readonly algebra: AlgebraReport;
	/** Of this shard. */
	readonly statesVisited: number;
	/** By the rule that pruned them. Adds up over shards and over calls that go on from each other. */
	readonly statesPruned: Readonly<Record<string, number>>;
	/** Placements by the rule that pruned them, and µGraphs that came up again: of this call, whatever others did. */
	readonly placementsPruned: Readonly<Record<string, number>>;
	readonly dags: number;
	readonly cuts: number;
	/** Whether cuts were left out that may be worth something. */
	readonly cutEnumeration: "complete" | "best";
	readonly placements: number;
	/** Distinct µGraphs, before selection: one that comes up again counts as "same µGraph" in `placementsPruned`. */
	readonly emitted: number;
	readonly stop: "saturated" | "stateLimit";
}

export interface SearchOutcome {
	/** Distinct, cheapest first by the bound of cost.ts, ties by identity. */
	readonly found: readonly MuGraph[];
	/** For each of them the first position that gave it, counted over the whole search. */
	readonly positions: readonly number[];
	readonly report: SearchReport;
	/** Where to go on: the number of positions already visited; null when nothing is left. */
	readonly cursor: string | null;
}

/** Rules that leave cuts out which may be worth something. */
const cutRules = [beamRule, cutRankRule];
const placementsOfKernelMax = 12;
/** The found are thinned by selection when they are so many times more than will be returned. */
const heldFactor = 8;

/** A program of eight units has some four hundred cuts for each DAG. */
const dagsMaxDefault = 12;
/** Calls that go on from each other, or share a search, are often of one program. */
const enumerations = new WeakMap<Program, DagEnumeration>();

function enumerateOnce(program: Program): DagEnumeration {
	const enumeration = enumerations.get(program) ?? enumerateDags(program, { dagsMax: dagsMaxDefault });
	enumerations.set(program, enumeration);
	return enumeration;
}

/**
 * Deterministic, and resumable at any state: the µGraphs of a call that ended at `cursor` together with those of the calls
 * that go on from it are, selected again, those of one call with the whole budget. Throws `RangeError` for a text that is
 * no cursor. Cost: below a millisecond a state.
 */
export function searchMuGraphs(program: Program, limits: SearchLimits, cursor?: string): SearchOutcome {
	const start = cursor === undefined ? 0 : parseCursor(cursor);
	const { index, count } = limits.shard ?? { index: 0, count: 1 };
	const collector = new Collector(limits);
	const algebra = enumerateOnce(program);
	const dags = algebra.dags.slice(0, limits.dagsMax ?? dagsMaxDefault);
	const { kernelsMax = 4, unitsMax = 8 } = limits;
	const cutLimits = { kernelsMax, unitsMax, cutsMax: cutsMaxOf(dags.length) };
	let ordinal = 0;
	let stoppedAt: number | null = null;
	for (const position of enumeratePositions(enumerateVariants(dags), cutLimits)) {
		if (ordinal - start >= limits.statesMax) {
			stoppedAt = ordinal;
			break;
		}
		if (ordinal >= start && ordinal % count === index) collector.visit(position, ordinal);
		ordinal++;
	}
	const selected = collector.select();
	return {
		found: selected.map(({ muGraph }) => muGraph),
		positions: selected.map(({ position }) => position),
		report: {
			algebra: algebra.report,
			...collector.report(),
			stop: stoppedAt === null ? "saturated" : "stateLimit",
		},
		cursor: stoppedAt === null ? null : `${stoppedAt}`,
	};
}

/** Cuts of each DAG beyond the safe ones: a program's share of about 800. */
function cutsMaxOf(dags: number): number {
	return Math.max(16, Math.ceil(800 / dags));
}

function parseCursor(text: string): number {
	if (!/^\d{1,12}$/.test(text))
		throw new RangeError(`search cursor '${text.slice(0, 40)}': expected a number of positions`);
	return Number(text);
}

interface HeldMuGraph extends RankedMuGraph {
	readonly position: number;
}

/** Takes positions to µGraphs and keeps count. */
class Collector {
	readonly #limits: SearchLimits;
	readonly #memos = new Map<number, PlacementMemo>();
	readonly #seen = new Set<string>();
	readonly #statesPruned: Record<string, number> = {};
	readonly #placementsPruned: Record<string, number> = {};
	readonly #counts = { statesVisited: 0, dags: 0, cuts: 0, placements: 0 };
	#held: HeldMuGraph[] = [];

	constructor(limits: SearchLimits) {
		this.#limits = limits;
	}

	visit({ variantIndex, variant, outcome, isFirst }: Position, position: number): void {
		this.#counts.statesVisited++;
		if (isFirst) this.#counts.dags++;
		if (outcome.kind === "pruned") {
			addCount(this.#statesPruned, outcome.rule, outcome.count);
			return;
		}
		this.#counts.cuts++;
		for (const kernels of this.#memoOf(variantIndex).combine(outcome.cut))
			this.#hold(assembleMuGraph(variant.dag, variant.splits, kernels), position);
	}

	select(): readonly HeldMuGraph[] {
		return selectRankedEntries(this.#held, this.#limits.foundMax);
	}

	report(): Omit<SearchReport, "algebra" | "stop"> {
		return {
			...this.#counts,
			cutEnumeration: cutRules.some((rule) => rule in this.#statesPruned) ? "best" : "complete",
			statesPruned: this.#statesPruned,
			placementsPruned: this.#placementsPruned,
			emitted: this.#seen.size,
		};
	}

	#hold(muGraph: MuGraph, position: number): void {
		const identity = muGraphHash(muGraph);
		if (this.#seen.has(identity)) {
			addCount(this.#placementsPruned, "same µGraph", 1);
			return;
		}
		this.#seen.add(identity);
		this.#held.push({ muGraph, identity, cost: muGraphCost(muGraph), position });
		if (this.#held.length >= heldFactor * this.#limits.foundMax)
			this.#held = [...selectRankedEntries(this.#held, this.#limits.foundMax)];
	}

	#memoOf(variantIndex: number): PlacementMemo {
		const known = this.#memos.get(variantIndex);
		if (known !== undefined) return known;
		const { passesMax = 3, tileBytesMax = 2 * 1024 * 1024 } = this.#limits;
		const memo = new PlacementMemo(
			{ passesMax, tileBytesMax, placementsMax: placementsOfKernelMax },
			{
				placements: (count) => {
					this.#counts.placements += count;
				},
				pruned: (rule, count) => addCount(this.#placementsPruned, rule, count),
			},
		);
		this.#memos.set(variantIndex, memo);
		return memo;
	}
}

function addCount(counts: Record<string, number>, rule: string, count: number): void {
	counts[rule] = (counts[rule] ?? 0) + count;
}
