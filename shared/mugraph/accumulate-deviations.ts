// One step of a sum of squared deviations over any arithmetic, literally as mugraph.ts states it. Counts are whole numbers
// of elements, exact in float64 and in fields; every divisor is a count.

import type { Arithmetic } from "#shared/numeric/arithmetic.ts";
import { denseView, type LabelledView, viewAlong } from "#shared/numeric/evaluate-node.ts";
import type { AxisId, MapOperator } from "#shared/program/program.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { AccumulateDeviationsNode } from "./mugraph.ts";

/** After some steps: elements seen at each position of the node's axes, their mean, and their squared deviations from it. */
export interface DeviationState<B> {
	readonly count: number;
	readonly mean: LabelledView<B>;
	readonly squares: LabelledView<B>;
}

/** Maps and sums over the step's tile. */
interface Calculator<B> {
	map(
		operator: MapOperator,
		axes: readonly AxisId[],
		left: LabelledView<B>,
		right: LabelledView<B>,
	): LabelledView<B>;
	sum(operand: LabelledView<B>): LabelledView<B>;
	number(value: number): LabelledView<B>;
}

/** The state after a step whose values are `operand`; `state` is undefined before the first. */
export function updateDeviations<B>(
	node: AccumulateDeviationsNode,
	operand: LabelledView<B>,
	state: DeviationState<B> | undefined,
	extentOf: (axis: AxisId) => number,
	arithmetic: Arithmetic<B>,
): DeviationState<B> {
	const calculate = calculator(node, extentOf, arithmetic);
	const own = stepDeviations(node, operand, extentOf, calculate);
	if (state === undefined) return own;
	const { map, number } = calculate;
	const { axes } = node;
	const count = state.count + own.count;
	const change = map("subtract", axes, own.mean, state.mean);
	const share = map("divide", [], number(own.count), number(count));
	const coupling = map("divide", [], number(state.count * own.count), number(count));
	const between = map("multiply", axes, map("multiply", axes, change, change), coupling);
	return {
		count,
		mean: map("add", axes, state.mean, map("multiply", axes, change, share)),
		squares: map("add", axes, map("add", axes, state.squares, own.squares), between),
	};
}

/** Count, mean and squared deviations of one step by itself. */
function stepDeviations<B>(
	node: AccumulateDeviationsNode,
	operand: LabelledView<B>,
	extentOf: (axis: AxisId) => number,
	{ map, sum, number }: Calculator<B>,
): DeviationState<B> {
	const count = elementCount(node.over.map(extentOf));
	const mean = map("divide", node.axes, sum(operand), number(count));
	const all = [...node.axes, ...node.over];
	const deviations = map("subtract", all, operand, mean);
	return { count, mean, squares: sum(map("multiply", all, deviations, deviations)) };
}

function calculator<B>(
	node: AccumulateDeviationsNode,
	extentOf: (axis: AxisId) => number,
	arithmetic: Arithmetic<B>,
): Calculator<B> {
	const fresh = (axes: readonly AxisId[]): LabelledView<B> =>
		denseView(arithmetic.allocate(elementCount(axes.map(extentOf))), axes, extentOf);
	return {
		map: (operator, axes, left, right) => {
			const result = fresh(axes);
			const operands = [viewAlong(left, axes), viewAlong(right, axes)];
			arithmetic.map(operator, axes.map(extentOf), operands, result);
			return result;
		},
		sum: (operand) => {
			const nest = [...node.axes, ...node.over];
			const result = fresh(node.axes);
			arithmetic.reduce("sum", nest.map(extentOf), viewAlong(operand, nest), viewAlong(result, nest));
			return result;
		},
		number: (value) => denseView(arithmetic.constant(value), [], extentOf),
	};
}
