// The shapes and types that each kind of node demands of its operands and its output.

import { assert, present } from "#shared/fault/assert.ts";
import type { BinaryOperator, GraphNode, UnaryOperator, Value } from "#shared/graph/graph.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { broadcastShapes, elementCount, equalShapes } from "#shared/tensor/shape.ts";

/** Throws `AssertionError`, naming `place`, unless the node's operands and output fit its kind. */
export function checkNode(node: GraphNode, operands: readonly Value[], output: Value, place: string): void {
	// The table is indexed by the node's own kind, a relation between the two that the compiler cannot follow.
	const check = checks[node.kind] as Check<GraphNode>;
	check(node, { operands, output, place });
}

interface Place {
	readonly operands: readonly Value[];
	readonly output: Value;
	readonly place: string;
}

type Check<Node> = (node: Node, place: Place) => void;

const checks: { readonly [K in GraphNode["kind"]]: Check<Extract<GraphNode, { kind: K }>> } = {
	unary: (node, place) => {
		const input = operand(place, 0);
		demandUnaryType(node.operator, input.dataType, place);
		const asks = node.operator === "isNaN" || node.operator === "isInfinite";
		demandOutput(place, asks ? "bool" : input.dataType, input.shape);
	},
	binary: (node, place) => {
		const [left, right] = [operand(place, 0), operand(place, 1)];
		demandSameType(place, [left, right]);
		const shape = broadcastAll(place, [left.shape, right.shape]);
		demandOutput(place, binaryResult(node.operator, left.dataType, place), shape);
	},
	select: (_node, place) => {
		const [condition, whenTrue, whenFalse] = [operand(place, 0), operand(place, 1), operand(place, 2)];
		demand(place, condition.dataType === "bool", `has a condition of ${condition.dataType}`);
		demandSameType(place, [whenTrue, whenFalse]);
		const shape = broadcastAll(place, [condition.shape, whenTrue.shape, whenFalse.shape]);
		demandOutput(place, whenTrue.dataType, shape);
	},
	cast: (_node, place) => demandOutput(place, place.output.dataType, operand(place, 0).shape),
	matmul: (_node, place) => {
		const [left, right] = [operand(place, 0), operand(place, 1)];
		demandSameType(place, [left, right]);
		demand(place, left.shape.length >= 2 && right.shape.length >= 2, "has an operand of rank below 2");
		demand(place, left.shape.at(-1) === right.shape.at(-2), "has inner extents that differ");
		const batch = broadcastAll(place, [left.shape.slice(0, -2), right.shape.slice(0, -2)]);
		demandOutput(place, left.dataType, [...batch, left.shape.at(-2) ?? 0, right.shape.at(-1) ?? 0]);
	},
	reduce: (node, place) => {
		const { dataType, shape } = operand(place, 0);
		const ascending = node.axes.every((axis, index) => index === 0 || axis > (node.axes[index - 1] ?? 0));
		demand(place, ascending && node.axes.every((axis) => axis in shape), `reduces axes [${node.axes}]`);
		const kept = shape.map((extent, axis) => (node.axes.includes(axis) ? 1 : extent));
		const dropped = shape.filter((_, axis) => !node.axes.includes(axis));
		demandOutput(place, dataType, node.keepDimensions ? kept : dropped);
	},
	cumulativeSum: (node, place) => {
		const { dataType, shape } = operand(place, 0);
		demand(place, node.axis in shape, `runs along axis ${node.axis}`);
		demandOutput(place, dataType, shape);
	},
	reshape: (_node, place) => {
		const { dataType, shape } = operand(place, 0);
		demand(place, elementCount(shape) === elementCount(place.output.shape), "changes the element count");
		demandOutput(place, dataType, place.output.shape);
	},
	transpose: (node, place) => {
		const { dataType, shape } = operand(place, 0);
		const sorted = [...node.permutation].sort((a, b) => a - b);
		const permutes = sorted.length === shape.length && sorted.every((axis, index) => axis === index);
		demand(place, permutes, `has permutation [${node.permutation}] for rank ${shape.length}`);
		demandOutput(
			place,
			dataType,
			node.permutation.map((axis) => shape[axis] ?? 0),
		);
	},
	broadcast: (_node, place) => {
		const { dataType, shape } = operand(place, 0);
		const result = broadcastAll(place, [shape, place.output.shape]);
		demandOutput(place, dataType, result);
	},
	concat: (node, place) => {
		demandSameType(place, place.operands);
		const first = operand(place, 0);
		demand(place, node.axis in first.shape, `joins along axis ${node.axis}`);
		const others = (shape: Shape): Shape => shape.toSpliced(node.axis, 1);
		const fit = place.operands.every(({ shape }) => equalShapes(others(shape), others(first.shape)));
		demand(place, fit, "joins operands that differ beside the axis");
		const total = place.operands.reduce((sum, { shape }) => sum + (shape[node.axis] ?? 0), 0);
		demandOutput(place, first.dataType, first.shape.toSpliced(node.axis, 1, total));
	},
	slice: (node, place) => {
		const { dataType, shape } = operand(place, 0);
		const extents = place.output.shape;
		demand(
			place,
			[node.starts, node.steps, extents].every((list) => list.length === shape.length),
			"lacks an entry an axis",
		);
		shape.forEach((extent, axis) => {
			const [start, step, count] = [node.starts[axis] ?? 0, node.steps[axis] ?? 0, extents[axis] ?? 0];
			const last = start + (count - 1) * step;
			const inside = count === 0 || (start >= 0 && start < extent && last >= 0 && last < extent);
			demand(place, step !== 0 && inside, `reads axis ${axis} from ${start} to ${last} of ${extent}`);
		});
		demandOutput(place, dataType, extents);
	},
	pad: (node, place) => {
		const { dataType, shape } = operand(place, 0);
		const rank = shape.length;
		demand(place, node.before.length === rank && place.output.shape.length === rank, "changes the rank");
		demand(place, node.fill === null || node.mode === "constant", `has a fill in mode ${node.mode}`);
		const fill = place.operands[1];
		demand(place, fill === undefined || fill.shape.length === 0, "has a fill that is no scalar");
		demandSameType(place, place.operands);
		demandOutput(place, dataType, place.output.shape);
	},
	gather: (node, place) => {
		const [data, indices] = [operand(place, 0), indexOperand(place)];
		demand(place, node.axis in data.shape, `gathers along axis ${node.axis}`);
		demandOutput(place, data.dataType, data.shape.toSpliced(node.axis, 1, ...indices.shape));
	},
	gatherElements: (node, place) => {
		const [data, indices] = [operand(place, 0), indexOperand(place)];
		demand(place, node.axis in data.shape, `gathers along axis ${node.axis}`);
		const fits =
			indices.shape.length === data.shape.length &&
			indices.shape.every((extent, axis) => axis === node.axis || extent <= (data.shape[axis] ?? 0));
		demand(place, fits, `has indices [${indices.shape}] for data [${data.shape}]`);
		demandOutput(place, data.dataType, indices.shape);
	},
	gatherNd: (node, place) => {
		const [data, indices] = [operand(place, 0), indexOperand(place)];
		const depth = present(indices.shape.at(-1), `${place.place} has indices of rank 0`);
		const { batchAxes } = node;
		const fits =
			batchAxes < indices.shape.length &&
			batchAxes + depth <= data.shape.length &&
			equalShapes(data.shape.slice(0, batchAxes), indices.shape.slice(0, batchAxes));
		demand(place, fits, `has indices [${indices.shape}] for data [${data.shape}]`);
		const shape = [...indices.shape.slice(0, -1), ...data.shape.slice(batchAxes + depth)];
		demandOutput(place, data.dataType, shape);
	},
};

const comparisons: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>([
	"equal",
	"less",
	"lessOrEqual",
	"greater",
	"greaterOrEqual",
]);
const logicals: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>(["and", "or", "xor"]);
const bitwises: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>([
	"bitwiseAnd",
	"bitwiseOr",
	"bitwiseXor",
	"shiftLeft",
	"shiftRight",
]);
const integerUnaries: ReadonlySet<UnaryOperator> = new Set<UnaryOperator>(["abs", "negate", "sign"]);

function binaryResult(operator: BinaryOperator, dataType: DataType, place: Place): DataType {
	if (comparisons.has(operator)) return "bool";
	const isInteger = !isFloat(dataType) && dataType !== "bool";
	const fits = logicals.has(operator)
		? dataType === "bool"
		: bitwises.has(operator)
			? isInteger
			: dataType !== "bool";
	demand(place, fits, `applies ${operator} to ${dataType}`);
	return dataType;
}

function demandUnaryType(operator: UnaryOperator, dataType: DataType, place: Place): void {
	const isInteger = !isFloat(dataType) && dataType !== "bool";
	const fits =
		operator === "not"
			? dataType === "bool"
			: operator === "bitwiseNot"
				? isInteger
				: isFloat(dataType) || (isInteger && integerUnaries.has(operator));
	demand(place, fits, `applies ${operator} to ${dataType}`);
}

function operand(place: Place, index: number): Value {
	return present(place.operands[index], `${place.place} lacks operand ${index}`);
}

function indexOperand(place: Place): Value {
	const indices = operand(place, 1);
	const isIndex = indices.dataType === "int32" || indices.dataType === "int64";
	demand(place, isIndex, `has indices of ${indices.dataType}`);
	return indices;
}

function broadcastAll(place: Place, shapes: readonly Shape[]): Shape {
	return shapes.reduce((left, right) =>
		present(broadcastShapes(left, right), `${place.place} broadcasts [${left}] with [${right}]`),
	);
}

function demandSameType(place: Place, values: readonly Value[]): void {
	const types = new Set(values.map(({ dataType }) => dataType));
	demand(place, types.size <= 1, `mixes ${[...types].join(" and ")}`);
}

function demandOutput(place: Place, dataType: DataType, shape: Shape): void {
	const { output } = place;
	const fits = output.dataType === dataType && equalShapes(output.shape, shape);
	demand(
		place,
		fits,
		`gives ${output.dataType} [${output.shape.join(", ")}], its kind ${dataType} [${shape.join(", ")}]`,
	);
}

function demand(place: Place, holds: boolean, fault: string): void {
	assert(holds, `${place.place} ${fault}`);
}
