// Degrees and terms of what a graph computes, node by node: what the error of a field test of it follows from. Axes here
// are a tensor's own dimensions; a denominator that a node moves counts as another one than before, which only makes the
// bound larger.

import { present } from "#shared/fault/assert.ts";
import {
	type BinaryNode,
	type Graph,
	type GraphNode,
	nodeOperands,
	type UnaryNode,
	type UnaryOperator,
	type ValueId,
} from "#shared/graph/graph.ts";
import type { FieldFragment } from "#shared/numeric/field-buffer.ts";
import type { MapOperator } from "#shared/program/program.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { readElements } from "#shared/tensor/elements.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { keepsNumbers } from "./field-cast.ts";
import { constantExponent } from "./field-elementwise.ts";
import type { FunctionSizes } from "./function-sizes.ts";
import { reshapedAxes } from "./reshaped-axes.ts";
import {
	renameParts,
	type SizeBound,
	sizeOfConstant,
	sizeOfMap,
	sizeOfProduct,
	sizeOfReduction,
	sizeOfSum,
	sizeOfVariable,
} from "./size-bounds.ts";

interface Sizing {
	readonly graph: Graph;
	readonly fragment: FieldFragment;
	readonly bounds: Map<ValueId, SizeBound>;
	/** Whether an input is one of few numbers, so that gathers may be sums and every value may be looked up. */
	readonly hasChoice: boolean;
	/** Whether a constant is minus infinity: without one no value is. */
	readonly hasInfinity: boolean;
	/** Of the bools that a value, or the row it is of, is minus infinity; those without are numbers. */
	readonly absences: Map<ValueId, SizeBound>;
	readonly arguments: SizeBound[];
	/** Sums of the exponents of all exponentials so far: the mean of some is taken out of a logarithm. */
	exponents: SizeBound;
	/** Names of denominators and roots; values have their own id, moved ones come after. */
	nextName: number;
}

/** Bounds for every output of the graph, in the order of its outputs. `nodes`: those that matter, in order. */
export function sizeGraph(
	graph: Graph,
	nodes: readonly GraphNode[],
	fragment: FieldFragment,
	hasChoice: boolean,
): FunctionSizes {
	const sizing: Sizing = {
		graph,
		hasChoice,
		hasInfinity: [...graph.constants.values()].some(
			(constant) => isFloat(constant.dataType) && readElements(constant).includes(Number.NEGATIVE_INFINITY),
		),
		fragment,
		bounds: new Map(),
		absences: new Map(),
		arguments: [],
		exponents: sizeOfConstant(),
		nextName: graph.values.length,
	};
	for (const node of nodes) {
		const bound = sizeNode(sizing, node);
		sizing.bounds.set(node.output, bound);
		if (hasChoice) sizing.arguments.push(bound);
		const absence = sizing.hasInfinity ? sizeAbsence(sizing, node) : null;
		if (absence !== null) sizing.absences.set(node.output, absence);
	}
	return {
		outputs: graph.outputs.map(({ value }) => boundOf(sizing, value)),
		arguments: sizing.arguments,
	};
}

function boundOf({ graph, bounds }: Sizing, id: ValueId): SizeBound {
	return bounds.get(id) ?? (graph.constants.has(id) ? sizeOfConstant() : sizeOfVariable());
}

/** A bool of a value that may be minus infinity (field-absence.ts), or null where none is kept. */
function sizeAbsence(sizing: Sizing, node: GraphNode): SizeBound | null {
	const parts = nodeOperands(node).map((id) => sizing.absences.get(id) ?? sizeOfConstant());
	if (node.kind === "select") {
		const condition = boundOf(sizing, node.condition);
		const [, whenTrue = sizeOfConstant(), whenFalse = sizeOfConstant()] = parts;
		return sizeOfSum(whenFalse, sizeOfProduct(condition, sizeOfSum(whenTrue, whenFalse)));
	}
	if (parts.every((part) => part === sizeOfConstant())) return null;
	if (node.kind === "reduce") {
		const shape = shapeOf(sizing, node.input);
		return sizeOfReduction("product", parts[0] ?? sizeOfConstant(), node.axes, (axis) => shape[axis] ?? 1);
	}
	if (node.kind === "binary")
		return parts.reduce((a, b) => sizeOfSum(sizeOfSum(a, b), sizeOfProduct(a, b)), sizeOfConstant());
	return parts.reduce(sizeOfSum);
}

function shapeOf({ graph }: Sizing, id: ValueId): Shape {
	return present(graph.values[id], "a value of the graph").shape;
}

function sizeNode(sizing: Sizing, node: GraphNode): SizeBound {
	// The table is indexed by the node's own kind, a relation between the two that the compiler cannot follow.
	const size = sizers[node.kind] as (sizing: Sizing, node: GraphNode) => SizeBound;
	return size(sizing, node);
}

/** An operand of an element-wise node, its dimensions counted as the result's. */
function alignedTo(sizing: Sizing, id: ValueId, output: ValueId) {
	const shape = shapeOf(sizing, id);
	const shift = shapeOf(sizing, output).length - shape.length;
	const bound = renameParts(boundOf(sizing, id), (name, axes) => ({
		id: name,
		axes: axes.map((axis) => axis + shift),
	}));
	const axes = shape.flatMap((extent, axis) => (extent === 1 ? [] : [axis + shift]));
	return { bound, id, axes };
}

/** Every denominator and root gets a new name, and `axesOf` says which dimensions of the result an operand's dimension goes to. */
function moved(sizing: Sizing, bound: SizeBound, axesOf: (axis: number) => readonly number[]): SizeBound {
	return renameParts(bound, (_, axes) => ({
		id: sizing.nextName++,
		axes: [...new Set(axes.flatMap(axesOf))],
	}));
}

function uninterpreted(sizing: Sizing, ids: readonly ValueId[]): SizeBound {
	for (const id of ids) sizing.arguments.push(boundOf(sizing, id));
	return sizeOfVariable();
}

/** One of the operands where they are the same, else a variable. */
function extremumOf(sizing: Sizing, operands: readonly SizeBound[]): SizeBound {
	sizing.arguments.push(...operands);
	return operands.reduce(sizeOfSum, sizeOfVariable());
}

type Sizer<Node> = (sizing: Sizing, node: Node) => SizeBound;

const ringOperators = new Map<BinaryNode["operator"], MapOperator>([
	["add", "add"],
	["subtract", "subtract"],
	["multiply", "multiply"],
	["and", "multiply"],
]);
const transcendental: ReadonlySet<UnaryOperator> = new Set<UnaryOperator>(["exp", "sigmoid", "tanh", "sqrt"]);

const sizeUnary: Sizer<UnaryNode> = (sizing, { operator, input, output }) => {
	const operand = alignedTo(sizing, input, output);
	const { fragment } = sizing;
	if (operator === "negate" || operator === "not") return sizeOfSum(sizeOfConstant(), operand.bound);
	if (operator === "reciprocal") {
		const one = { bound: sizeOfConstant(), id: output, axes: [] };
		return sizeOfMap("divide", [one, operand], fragment, output, operand.axes);
	}
	if (operator === "abs") return extremumOf(sizing, [operand.bound]);
	if (!transcendental.has(operator)) {
		const variable = uninterpreted(sizing, [input]);
		if (operator !== "log") return variable;
		// A logarithm may be the difference of softplus and a maximum, or the mean of exponents and another function of them.
		sizing.arguments.push(sizing.exponents);
		return sizeOfSum(sizeOfSum(variable, sizeOfVariable()), sizing.exponents);
	}
	if (operator === "exp") {
		const shape = shapeOf(sizing, input);
		const axes = shape.map((_, axis) => axis);
		const sum = sizeOfReduction("sum", boundOf(sizing, input), axes, (axis) => shape[axis] ?? 1);
		sizing.exponents = sizeOfSum(
			sizing.exponents,
			moved(sizing, sum, () => []),
		);
	}
	const isInterpreted = fragment === "full" || (fragment === "exponential" && operator === "exp");
	if (!isInterpreted || operator !== "sqrt") sizing.arguments.push(operand.bound);
	return sizeOfMap(operator as MapOperator, [operand], fragment, output, operand.axes);
};

const sizeBinary: Sizer<BinaryNode> = (sizing, { operator, left, right, output }) => {
	const operands = [alignedTo(sizing, left, output), alignedTo(sizing, right, output)];
	const [a, b] = operands.map(({ bound }) => bound);
	if (a === undefined || b === undefined) return sizeOfVariable();
	const { graph, fragment } = sizing;
	const isReal = isFloat(present(graph.values[left], "a value of the graph").dataType);
	const ring = ringOperators.get(operator) ?? (operator === "divide" && isReal ? "divide" : undefined);
	if (ring === "divide") {
		const quotient = sizeOfMap(ring, operands, fragment, output, []);
		const absence = sizing.absences.get(right);
		return absence === undefined ? quotient : sizeOfSum(quotient, sizeOfProduct(quotient, absence));
	}
	if (ring !== undefined) {
		const result = sizeOfMap(ring, operands, fragment, output, []);
		const [one, other] = [sizing.absences.get(left), sizing.absences.get(right)];
		if (operator !== "add" || one === undefined || other === undefined) return result;
		return sizeOfSum(result, sizeOfProduct(one, other));
	}
	if (operator === "maximum" || operator === "minimum") return extremumOf(sizing, [a, b]);
	if (operator === "or" || operator === "xor") return sizeOfSum(sizeOfProduct(a, b), sizeOfSum(a, b));
	if (operator === "power" && isReal) {
		const exponent = constantExponent(knownOperand(sizing, right));
		if (exponent === 0.5)
			return sizeUnary(sizing, { kind: "unary", operator: "sqrt", input: left, output, source: 0 });
		if (exponent !== null) return sizeOfReduction("product", a, [0], () => exponent);
	}
	const absences = [left, right].map((id) => sizing.absences.get(id) ?? sizeOfConstant());
	return [uninterpreted(sizing, [left, right]), ...absences].reduce(sizeOfSum);
};

function knownOperand({ graph }: Sizing, id: ValueId) {
	const known = graph.constants.get(id);
	return known === undefined ? undefined : { known };
}

const sizers: { readonly [K in GraphNode["kind"]]: Sizer<Extract<GraphNode, { kind: K }>> } = {
	unary: sizeUnary,
	binary: sizeBinary,
	select: (sizing, node) => {
		const [condition, whenTrue, whenFalse] = [node.condition, node.whenTrue, node.whenFalse].map(
			(id) => alignedTo(sizing, id, node.output).bound,
		);
		if (condition === undefined || whenTrue === undefined || whenFalse === undefined) return sizeOfVariable();
		sizing.arguments.push(condition, whenTrue, whenFalse);
		return sizeOfSum(whenFalse, sizeOfProduct(condition, sizeOfSum(whenTrue, whenFalse)));
	},
	cast: (sizing, { input, output }) => {
		const [from, to] = [input, output].map((id) => present(sizing.graph.values[id], "a value of the graph"));
		const isSame = from !== undefined && to !== undefined && keepsNumbers(from.dataType, to.dataType);
		return isSame ? boundOf(sizing, input) : uninterpreted(sizing, [input]);
	},
	matmul: (sizing, { left, right, output }) => {
		const inner = shapeOf(sizing, left).length - 1;
		const over = shapeOf(sizing, output).length;
		const place = (id: ValueId, isSummed: (axis: number, rank: number) => boolean): SizeBound => {
			const rank = shapeOf(sizing, id).length;
			return moved(sizing, boundOf(sizing, id), (axis) => [isSummed(axis, rank) ? over : axis + over - rank]);
		};
		const product = sizeOfProduct(
			place(left, (axis, rank) => axis === rank - 1),
			place(right, (axis, rank) => axis === rank - 2),
		);
		return sizeOfReduction("sum", product, [over], () => shapeOf(sizing, left)[inner] ?? 1);
	},
	reduce: (sizing, node) => {
		const shape = shapeOf(sizing, node.input);
		const bound = boundOf(sizing, node.input);
		const isExtremum = node.operator === "max" || node.operator === "min";
		const reduced = isExtremum
			? extremumOf(sizing, [bound])
			: sizeOfReduction(node.operator, bound, node.axes, (axis) => shape[axis] ?? 1);
		const kept = shape.map((_, axis) => axis).filter((axis) => !node.axes.includes(axis));
		const placeOf = (axis: number): readonly number[] => {
			if (node.axes.includes(axis)) return [];
			return [node.keepDimensions ? axis : kept.indexOf(axis)];
		};
		return moved(sizing, reduced, placeOf);
	},
	cumulativeSum: (sizing, node) => {
		const shape = shapeOf(sizing, node.input);
		const sum = sizeOfReduction("sum", boundOf(sizing, node.input), [node.axis], (axis) => shape[axis] ?? 1);
		return moved(sizing, sum, (axis) => [axis]);
	},
	reshape: (sizing, { input, output }) =>
		moved(sizing, boundOf(sizing, input), reshapedAxes(shapeOf(sizing, input), shapeOf(sizing, output))),
	transpose: (sizing, { input, permutation }) =>
		moved(sizing, boundOf(sizing, input), (axis) => [permutation.indexOf(axis)]),
	broadcast: (sizing, { input, output }) => alignedTo(sizing, input, output).bound,
	concat: (sizing, { inputs, axis }) => {
		const parts = inputs.map((id) => moved(sizing, boundOf(sizing, id), (own) => [own, axis]));
		return parts.reduce(sizeOfSum);
	},
	slice: (sizing, { input }) => moved(sizing, boundOf(sizing, input), (axis) => [axis]),
	pad: (sizing, node) => {
		const bound = moved(sizing, boundOf(sizing, node.input), (axis) => [axis]);
		return node.fill === null ? bound : sizeOfSum(bound, boundOf(sizing, node.fill));
	},
	gather: (sizing, { data, indices, axis, output }) => {
		sizing.arguments.push(boundOf(sizing, indices), boundOf(sizing, data));
		const count = shapeOf(sizing, output).length - shapeOf(sizing, data).length + 1;
		const gathered = moved(sizing, sizeOfChosen(sizing, data, axis), (own) => {
			if (own < axis) return [own];
			return own > axis ? [own + count - 1] : Array.from({ length: count }, (_, index) => axis + index);
		});
		return sizeOfSum(gathered, sizeOfVariable());
	},
	gatherElements: (sizing, node) => sizeAnyGather(sizing, node),
	gatherNd: (sizing, node) => sizeAnyGather(sizing, node),
};

/** Denominators may differ along every dimension of the result. */
function sizeAnyGather(
	sizing: Sizing,
	node: Extract<GraphNode, { kind: "gatherElements" | "gatherNd" }>,
): SizeBound {
	for (const id of nodeOperands(node)) sizing.arguments.push(boundOf(sizing, id));
	const all = shapeOf(sizing, node.output).map((_, axis) => axis);
	const data =
		node.kind === "gatherElements" ? sizeOfChosen(sizing, node.data, node.axis) : boundOf(sizing, node.data);
	return sizeOfSum(
		moved(sizing, data, () => all),
		sizeOfVariable(),
	);
}

/** Elements of the data, or the sum over all along the axis of each times the bool that it is the one. */
function sizeOfChosen(sizing: Sizing, data: ValueId, axis: number): SizeBound {
	const bound = boundOf(sizing, data);
	if (!sizing.hasChoice) return bound;
	const extent = shapeOf(sizing, data)[axis] ?? 1;
	return sizeOfSum(
		bound,
		sizeOfReduction("sum", sizeOfProduct(bound, sizeOfVariable()), [axis], () => extent),
	);
}
