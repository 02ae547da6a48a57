// Two axes that always occur together, the outer's stride the inner's stride times its extent in every access, are one:
// [batch 2, tokens 16, width] under a row-wise norm is [32, width]. Fewer axes mean fewer placements to search.

import { present } from "#shared/fault/assert.ts";
import type { Axis, AxisId, Program, StridedAccess } from "./program.ts";
import { renameAxes } from "./rewrite-axes.ts";

/** before: t[b, s, d] with b always above s -> after: t[bs, d]. To a fixed point; the result does not depend on the order. */
export function coalesceAxes(program: Program): Program {
	for (let current = program; ; ) {
		const pair = findPair(current);
		if (pair === null) return current;
		current = merge(current, pair[0], pair[1]);
	}
}

function findPair(program: Program): readonly [AxisId, AxisId] | null {
	for (const outer of program.axes.keys()) {
		for (const inner of program.axes.keys()) {
			if (outer !== inner && areOne(program, outer, inner)) return [outer, inner];
		}
	}
	return null;
}

function accessesOf(program: Program): StridedAccess[] {
	return [
		...program.nodes.flatMap((node) => (node.kind === "input" ? [node.access] : [])),
		...program.outputs.flatMap((output) => output.pieces.map((piece) => piece.access)),
	];
}

function areOne(program: Program, outer: AxisId, inner: AxisId): boolean {
	const extent = present(program.axes[inner], "axis").extent;
	const together = (axes: readonly AxisId[]): boolean => axes.includes(outer) === axes.includes(inner);
	return (
		program.nodes.every(
			(node) =>
				together(node.axes) && ((node.kind !== "reduce" && node.kind !== "contract") || together(node.over)),
		) &&
		accessesOf(program).every((access) => {
			if (!together(access.axes)) return false;
			const [o, i] = [access.axes.indexOf(outer), access.axes.indexOf(inner)];
			return o < 0 || access.strides[o] === present(access.strides[i], "stride") * extent;
		})
	);
}

/** The inner axis takes the product of the extents and keeps its strides; the outer one goes. */
function merge(program: Program, outer: AxisId, inner: AxisId): Program {
	const extentOf = (axis: AxisId): number => present(program.axes[axis], "axis").extent;
	const axes: Axis[] = program.axes
		.map((axis, id) => (id === inner ? { extent: extentOf(outer) * extentOf(inner) } : axis))
		.filter((_, id) => id !== outer);
	return renameAxes(program, axes, (axis) => (axis === outer ? null : axis > outer ? axis - 1 : axis));
}
