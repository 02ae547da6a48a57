// Squared deviations of a tile that holds its axes whole: no step to carry anything to, so the plain two passes.
//
// Before: accumulate deviations x over k   After: m = sum(x over k)/n; d = x - m; sum(d·d over k)

import { present } from "#shared/fault/assert.ts";
import type { AccumulateDeviationsNode, BlockNode, BlockNodeId } from "#shared/mugraph/mugraph.ts";
import { renumberOperands } from "#shared/mugraph/renumber-operands.ts";
import type { AxisId } from "#shared/program/program.ts";

/** The same nodes with every loop-carried sum of squared deviations written out. */
export function expandDeviations(
	nodes: readonly BlockNode[],
	extentOf: (axis: AxisId) => number,
): readonly BlockNode[] {
	const expanded: BlockNode[] = [];
	const idOf: BlockNodeId[] = [];
	const renumbered = (id: BlockNodeId): BlockNodeId => present(idOf[id], "operands precede their users");
	for (const node of nodes) {
		const moved = renumberOperands(node, renumbered);
		if (moved.kind !== "accumulateDeviations") {
			idOf.push(expanded.push(moved) - 1);
			continue;
		}
		const x = present(expanded[moved.operand], "operands precede their users");
		const first = expanded.length;
		expanded.push(...twoPasses(moved, x.axes, first, extentOf));
		idOf.push(expanded.length - 1);
	}
	return expanded;
}

/** `first` is the number that the first of these nodes gets. */
function twoPasses(
	{ operand, over, axes, stage }: AccumulateDeviationsNode,
	all: readonly AxisId[],
	first: BlockNodeId,
	extentOf: (axis: AxisId) => number,
): readonly BlockNode[] {
	const share = 1 / over.reduce((count, axis) => count * extentOf(axis), 1);
	const [sum, inverse, mean, difference, square] = [first, first + 1, first + 2, first + 3, first + 4];
	return [
		{ kind: "reduce", operator: "sum", operand, over, axes, stage },
		{ kind: "constant", value: share, axes: [], stage },
		{ kind: "map", operator: "multiply", operands: [sum, inverse], axes, stage },
		{ kind: "map", operator: "subtract", operands: [operand, mean], axes: all, stage },
		{ kind: "map", operator: "multiply", operands: [difference, difference], axes: all, stage },
		{ kind: "reduce", operator: "sum", operand: square, over, axes, stage },
	];
}
