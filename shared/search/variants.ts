// What choice 2 starts from: every DAG of choice 1, and the best few of them with a reduction in two steps.

import { present } from "#shared/fault/assert.ts";
import {
	type AxisId,
	type Program,
	type ProgramNodeId,
	programNodeOperands,
} from "#shared/program/program.ts";
import type { AxisSplit } from "#shared/program/split-axes.ts";
import { type CutLimits, type CutOutcome, cutInto, enumerateCuts } from "./cuts.ts";
import { enumerateSplits, type SplitDag, splitReductions } from "./split-reductions.ts";
import { findUnits } from "./units.ts";

export interface Variant {
	readonly dag: Program;
	readonly splits: readonly AxisSplit[];
	/** Cuts in a fixed order. */
	cuts(limits: CutLimits): Iterable<CutOutcome>;
}

/** DAGs, from the front of their order, that are also tried with split reductions. */
const splitDagsMax = 6;

/** The DAGs as they are, then with each split. Lazy. */
export function* enumerateVariants(dags: readonly Program[]): Generator<Variant> {
	for (const dag of dags) yield { dag, splits: [], cuts: (limits) => enumerateCuts(dag, limits) };
	for (const dag of dags.slice(0, splitDagsMax)) {
		for (const split of enumerateSplits(dag)) {
			const variant = splitReductions(dag, split);
			yield { dag: variant.dag, splits: variant.splits, cuts: () => cutsOfSplit(variant) };
		}
	}
}

/**
 * The partial results in one kernel and what combines them in the next; and the same with what does not know the axis in a
 * kernel before. Any other cut is no better than the same cut without the split.
 */
function* cutsOfSplit(variant: SplitDag): Generator<CutOutcome> {
	const { before, partial, combining } = groupUnits(variant);
	if (partial.length === 0 || combining.length === 0) return;
	const groupings = [
		[[...before, ...partial], combining],
		[before, partial, combining],
	];
	for (const groups of groupings) {
		if (groups.some((group) => group.length === 0)) continue;
		const cut = cutInto(variant.dag, groups);
		yield cut === null ? { kind: "pruned", rule: "circular kernels", count: 1 } : { kind: "cut", cut };
	}
}

interface UnitGroups {
	/** Neither has the axis nor reads what combines. */
	readonly before: readonly ProgramNodeId[];
	readonly partial: readonly ProgramNodeId[];
	/** Sums the outer part, or reads what does. */
	readonly combining: readonly ProgramNodeId[];
}

function groupUnits({ dag, outer, inner }: SplitDag): UnitGroups {
	const { units: unitsOfCall, hoisting } = findUnits(dag);
	const combines: boolean[] = [];
	dag.nodes.forEach((node, id) => {
		const sumsOuter =
			(node.kind === "reduce" || node.kind === "contract") &&
			node.over.includes(outer) &&
			!node.over.includes(inner);
		const isOfCall = !hoisting.isPrepared[id];
		combines[id] = isOfCall && (sumsOuter || programNodeOperands(node).some((operand) => combines[operand]));
	});
	const hasAxis = (node: ProgramNodeId): boolean => {
		const own = present(dag.nodes[node], "unit");
		const touched: readonly AxisId[] =
			own.kind === "reduce" || own.kind === "contract" ? [...own.axes, ...own.over] : own.axes;
		return touched.includes(outer) || touched.includes(inner);
	};
	const units = unitsOfCall.map(({ node }) => node);
	const first = units.filter((node) => !combines[node]);
	return {
		before: first.filter((node) => !hasAxis(node)),
		partial: first.filter(hasAxis),
		combining: units.filter((node) => combines[node]),
	};
}
