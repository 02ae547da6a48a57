// Finds µGraphs for a program. In: the canonical program and limits. Out: µGraphs that are to be verified, a report, and a
// cursor when the state budget ended the search. Three of the four choices of a kernel's design are drawn here, one after
// the other, each pruned by what it alone decides: the DAG (algebra.ts), its cut into kernels (cuts.ts), and where each
// kernel's axes go (placement.ts); tile sizes stay symbolic until schedules are drawn. Mirage (OSDI'25, section 4)
// enumerates all of them together. Placements are made once for each kernel and ranked there; a cut combines the best few.

import { muGraphHash } from "#shared/mugraph/fingerprint.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import { rewriteProgram } from "./algebra.ts";
import { assembleMuGraph } from "./assemble.ts";
import { muGraphCost } from "./cost.ts";
import { type Cut, enumerateCuts } from "./cuts.ts";
import { type KernelPlacements, type Placement, placeKernel } from "./placement.ts";
import { type RankedMuGraph, selectRanked } from "./select.ts";

export interface SearchLimits {
	/** States visited in this call: positions (DAG, cut, combination of placements). */
	readonly statesMax: number;
	/** µGraphs returned; see select.ts. */
	readonly foundMax: number;
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
	readonly statesVisited: number;
	/** By the rule that pruned them. */
	readonly statesPruned: Readonly<Record<string, number>>;
	readonly dags: number;
	readonly cuts: number;
	readonly placements: number;
	readonly emitted: number;
	/** Distinct digests among the emitted, before selection. */
	readonly unique: number;
	readonly stop: "saturated" | "stateLimit";
}

export interface SearchOutcome {
	/** Distinct, cheapest first by the bound of cost.ts, ties by identity. */
	readonly found: readonly MuGraph[];
	readonly report: SearchReport;
	/** Where to go on: `dag.cut.combination`; null when nothing is left. */
	readonly cursor: string | null;
}

/** Combinations kept for a cut of so many kernels: few where the product would grow. */
const combinationsMax = [0, 12, 9, 8, 4] as const;
const placementsOfKernelMax = 12;

interface Position {
	readonly dag: number;
	readonly cut: number;
	readonly combination: number;
}

/**
 * Deterministic, and resumable at any state: the µGraphs of a call that ended at `cursor` together with those of the calls
 * that go on from it are, selected again, those of one call with the whole budget. Throws `RangeError` for a text that is
 * no cursor. Cost: about 50 µs a state.
 */
export function searchMuGraphs(program: Program, limits: SearchLimits, cursor?: string): SearchOutcome {
	const start = cursor === undefined ? { dag: 0, cut: 0, combination: 0 } : parseCursor(cursor);
	const tally = createTally();
	const found = new Map<string, RankedMuGraph>();
	let stoppedAt: Position | null = null;
	for (const state of enumerateStates(program, limits, start, tally)) {
		if (tally.counts.statesVisited >= limits.statesMax) {
			stoppedAt = state.position;
			break;
		}
		tally.counts.statesVisited++;
		if (state.placements === null) continue;
		const muGraph = assembleMuGraph(
			state.dag,
			[],
			state.placements.map(({ kernel }) => kernel),
		);
		tally.counts.emitted++;
		const identity = muGraphHash(muGraph);
		if (!found.has(identity)) found.set(identity, { muGraph, identity, cost: muGraphCost(muGraph) });
	}
	return {
		found: selectRanked([...found.values()], limits.foundMax),
		report: {
			...tally.counts,
			statesPruned: tally.pruned,
			unique: found.size,
			stop: stoppedAt === null ? "saturated" : "stateLimit",
		},
		cursor: stoppedAt === null ? null : `${stoppedAt.dag}.${stoppedAt.cut}.${stoppedAt.combination}`,
	};
}

function parseCursor(text: string): Position {
	const parts = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/.exec(text);
	if (parts === null)
		throw new RangeError(`search cursor '${text.slice(0, 40)}': expected three integers with dots`);
	return { dag: Number(parts[1]), cut: Number(parts[2]), combination: Number(parts[3]) };
}

interface Tally {
	readonly counts: { statesVisited: number; dags: number; cuts: number; placements: number; emitted: number };
	readonly pruned: Record<string, number>;
}

function createTally(): Tally {
	return { counts: { statesVisited: 0, dags: 0, cuts: 0, placements: 0, emitted: 0 }, pruned: {} };
}

function addPruned(tally: Tally, rule: string, count: number): void {
	tally.pruned[rule] = (tally.pruned[rule] ?? 0) + count;
}

interface State {
	readonly position: Position;
	readonly dag: Program;
	/** One for each kernel; null for a cut that a rule refused. */
	readonly placements: readonly Placement[] | null;
}

/** Every state from `start` on, in the order of positions. */
function* enumerateStates(
	program: Program,
	limits: SearchLimits,
	start: Position,
	tally: Tally,
): Generator<State> {
	const cutLimits = { kernelsMax: limits.kernelsMax ?? 4, unitsMax: limits.unitsMax ?? 8 };
	for (const [dagIndex, dag] of rewriteProgram(program).entries()) {
		if (dagIndex < start.dag) continue;
		const isResumedDag = dagIndex === start.dag;
		if (!isResumedDag || (start.cut === 0 && start.combination === 0)) tally.counts.dags++;
		const memo = new Map<string, KernelPlacements>();
		let cutIndex = -1;
		for (const outcome of enumerateCuts(dag, cutLimits)) {
			cutIndex++;
			if (isResumedDag && cutIndex < start.cut) continue;
			const firstCombination = isResumedDag && cutIndex === start.cut ? start.combination : 0;
			const position = { dag: dagIndex, cut: cutIndex, combination: 0 };
			if (outcome.kind === "pruned") {
				yield { position, dag, placements: null };
				addPruned(tally, outcome.rule, 1);
				continue;
			}
			if (firstCombination === 0) tally.counts.cuts++;
			const combinations = combinePlacements(outcome.cut, memo, limits, tally);
			for (const [combination, placements] of combinations.entries()) {
				if (combination >= firstCombination)
					yield { position: { ...position, combination }, dag, placements };
			}
		}
	}
}

/** The best few combinations of the kernels' placements, by cost and then by rank: never the whole product. */
function combinePlacements(
	cut: Cut,
	memo: Map<string, KernelPlacements>,
	limits: SearchLimits,
	tally: Tally,
): readonly (readonly Placement[])[] {
	const limit = combinationsMax[cut.kernels.length] ?? 1;
	let combinations: {
		readonly placements: readonly Placement[];
		readonly rank: number;
		readonly cost: number;
	}[] = [{ placements: [], rank: 0, cost: 0 }];
	for (const spec of cut.kernels) {
		let placed = memo.get(spec.key);
		if (placed === undefined) {
			placed = placeKernel(spec, {
				passesMax: limits.passesMax ?? 3,
				tileBytesMax: limits.tileBytesMax ?? 2 * 1024 * 1024,
				placementsMax: placementsOfKernelMax,
			});
			memo.set(spec.key, placed);
			tally.counts.placements += placed.placements.length;
			for (const [rule, count] of Object.entries(placed.pruned)) addPruned(tally, rule, count);
		}
		const choices = placed.placements;
		combinations = combinations
			.flatMap(({ placements, rank, cost }) =>
				choices.map((choice, own) => ({
					placements: [...placements, choice],
					rank: rank + own,
					cost: cost + choice.nanoseconds,
				})),
			)
			.sort((a, b) => a.cost - b.cost || a.rank - b.rank)
			.slice(0, limit);
	}
	return combinations.map(({ placements }) => placements);
}
