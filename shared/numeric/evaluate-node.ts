// The node kinds that programs and block graphs share, evaluated over labelled axes on any arithmetic.

import type { AxisId, MapOperator, ReduceOperator } from "#shared/program/program.ts";
import { rowMajorStrides } from "#shared/tensor/shape.ts";
import type { Arithmetic, StridedView } from "./arithmetic.ts";

/** A value of labelled axes inside a buffer: `strides[i]` belongs to `axes[i]`. */
export interface LabelledView<B> {
	readonly buffer: B;
	readonly offset: number;
	readonly axes: readonly AxisId[];
	readonly strides: readonly number[];
}

/** A node that computes from other nodes of the same graph. */
export type EvaluatedNode =
	| { readonly kind: "constant"; readonly value: number; readonly axes: readonly AxisId[] }
	| {
			readonly kind: "map";
			readonly operator: MapOperator;
			readonly operands: readonly number[];
			readonly axes: readonly AxisId[];
	  }
	| {
			readonly kind: "reduce";
			readonly operator: ReduceOperator;
			readonly operand: number;
			readonly over: readonly AxisId[];
			readonly axes: readonly AxisId[];
	  }
	| {
			readonly kind: "contract";
			readonly left: number;
			readonly right: number;
			readonly over: readonly AxisId[];
			readonly axes: readonly AxisId[];
	  };

/** The view's strides along the given axes; 0 for axes it does not have. */
export function viewAlong<B>(view: LabelledView<B>, axes: readonly AxisId[]): StridedView<B> {
	return {
		buffer: view.buffer,
		offset: view.offset,
		strides: axes.map((axis) => {
			const at = view.axes.indexOf(axis);
			return at < 0 ? 0 : (view.strides[at] ?? 0);
		}),
	};
}

/** A dense row-major view of a whole buffer. */
export function denseView<B>(
	buffer: B,
	axes: readonly AxisId[],
	extentOf: (axis: AxisId) => number,
): LabelledView<B> {
	return { buffer, offset: 0, axes, strides: rowMajorStrides(axes.map(extentOf)) };
}

function countOf(axes: readonly AxisId[], extentOf: (axis: AxisId) => number): number {
	return axes.reduce((count, axis) => count * extentOf(axis), 1);
}

/** The node's value as a new dense buffer in the order of its axes. `extentOf` gives the tile's extents, or whole ones. */
export function evaluateNode<B>(
	node: EvaluatedNode,
	viewOf: (node: number) => LabelledView<B>,
	extentOf: (axis: AxisId) => number,
	arithmetic: Arithmetic<B>,
): LabelledView<B> {
	const count = countOf(node.axes, extentOf);
	const along = (id: number, axes: readonly AxisId[]): StridedView<B> => viewAlong(viewOf(id), axes);
	switch (node.kind) {
		case "constant":
			return denseView(arithmetic.constant(node.value), node.axes, extentOf);
		case "map": {
			const result = denseView(arithmetic.allocate(count), node.axes, extentOf);
			const operands = node.operands.map((operand) => along(operand, node.axes));
			arithmetic.map(node.operator, node.axes.map(extentOf), operands, result);
			return result;
		}
		case "reduce": {
			const result = denseView(arithmetic.allocateNeutral(node.operator, count), node.axes, extentOf);
			const nest = [...node.axes, ...node.over];
			const extents = nest.map(extentOf);
			arithmetic.reduce(node.operator, extents, along(node.operand, nest), viewAlong(result, nest));
			return result;
		}
		case "contract": {
			const result = denseView(arithmetic.allocate(count), node.axes, extentOf);
			const nest = [...node.axes, ...node.over];
			const extents = nest.map(extentOf);
			arithmetic.contract(extents, along(node.left, nest), along(node.right, nest), viewAlong(result, nest));
			return result;
		}
	}
}
