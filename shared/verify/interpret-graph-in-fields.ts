// The tensor program over pairs of finite fields, node by node, at its real extents. What the float64 interpreter
// (shared/graph/interpret.ts) is to numbers, this is to proofs.

import { present } from "#shared/fault/assert.ts";
import {
	type BinaryOperator,
	type Graph,
	type GraphNode,
	nodeOperands,
	type UnaryOperator,
	type ValueId,
} from "#shared/graph/graph.ts";
import { evaluateNode } from "#shared/graph/interpret.ts";
import type { FieldBuffer } from "#shared/numeric/field-buffer.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { readElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { evaluateCast } from "./field-cast.ts";
import { evaluateBinary, evaluateSelect, evaluateUnary } from "./field-elementwise.ts";
import { evaluateMatmul } from "./field-matmul.ts";
import { evaluateAnyGather, evaluateMovement, evaluateReshape } from "./field-movement.ts";
import { evaluateCumulativeSum, evaluateReduce } from "./field-reduce.ts";
import {
	type EvaluateInFields,
	type FieldOutput,
	type FieldRun,
	type FieldTensor,
	knownTensor,
} from "./field-tensor.ts";

const evaluators: { readonly [K in GraphNode["kind"]]: EvaluateInFields<Extract<GraphNode, { kind: K }>> } = {
	unary: evaluateUnary,
	binary: evaluateBinary,
	select: evaluateSelect,
	cast: evaluateCast,
	matmul: evaluateMatmul,
	reduce: evaluateReduce,
	cumulativeSum: evaluateCumulativeSum,
	reshape: evaluateReshape,
	transpose: evaluateMovement,
	broadcast: evaluateMovement,
	concat: evaluateMovement,
	slice: evaluateMovement,
	pad: evaluateMovement,
	gather: evaluateAnyGather,
	gatherElements: evaluateAnyGather,
	gatherNd: evaluateAnyGather,
};

/** The graph's outputs, in order, for elements of its inputs. Nodes that no output needs are left out. */
export function interpretGraphInFields(
	graph: Graph,
	inputs: ReadonlyMap<ValueId, FieldBuffer>,
	run: FieldRun,
): FieldBuffer[] {
	const values = new Map<ValueId, FieldTensor>();
	const tensorOf = (id: ValueId): FieldTensor => {
		const computed = values.get(id);
		if (computed !== undefined) return computed;
		const constant = graph.constants.get(id);
		const { dataType, shape } = present(graph.values[id], "a value of the graph");
		const tensor: FieldTensor =
			constant === undefined
				? { dataType, shape, buffer: present(inputs.get(id), "elements of every input"), known: null }
				: knownTensor(run, constant);
		if (constant === undefined) run.facts.noteFinite(tensor.buffer);
		values.set(id, tensor);
		return tensor;
	};
	const needed = neededNodes(graph);
	if (needed.some((node) => node.kind === "unary" && node.operator === "log")) run.facts.noteLogarithm();
	const lastUses = lastUseOfValues(graph, needed);
	needed.forEach((node, position) => {
		const ids = nodeOperands(node);
		const output = present(graph.values[node.output], "a node's output");
		values.set(node.output, evaluate(run, node, ids.map(tensorOf), output));
		for (const id of ids) if (lastUses.get(id) === position) values.delete(id);
	});
	return graph.outputs.map(({ value }) => tensorOf(value).buffer);
}

/** In order. */
export function neededNodes(graph: Graph): GraphNode[] {
	const needed = new Set(graph.outputs.map(({ value }) => value));
	const nodes = graph.nodes.toReversed().filter((node) => {
		if (!needed.has(node.output)) return false;
		for (const id of nodeOperands(node)) needed.add(id);
		return true;
	});
	return nodes.reverse();
}

/** Position of the last node that reads each value; values that are returned have none. */
function lastUseOfValues(graph: Graph, nodes: readonly GraphNode[]): Map<ValueId, number> {
	const uses = new Map<ValueId, number>();
	nodes.forEach((node, position) => {
		for (const id of nodeOperands(node)) uses.set(id, position);
	});
	for (const { value } of graph.outputs) uses.delete(value);
	return uses;
}

const movements: ReadonlySet<GraphNode["kind"]> = new Set<GraphNode["kind"]>([
	"reshape",
	"transpose",
	"broadcast",
	"concat",
	"slice",
	"pad",
	"gather",
	"gatherElements",
	"gatherNd",
]);

function evaluate(
	run: FieldRun,
	node: GraphNode,
	operands: readonly FieldTensor[],
	output: FieldOutput,
): FieldTensor {
	const { dataType, shape } = output;
	const known = operands.flatMap((operand) => operand.known ?? []);
	const isExact =
		movements.has(node.kind) || !isFloat(dataType) || operands.some((operand) => !isFloat(operand.dataType));
	if (isExact && known.length === operands.length)
		return knownTensor(run, evaluateNode(node, known, { dataType, shape }));
	// The table is indexed by the node's own kind, a relation between the two that the compiler cannot follow.
	const evaluator = evaluators[node.kind] as EvaluateInFields<GraphNode>;
	const buffer = evaluator(run, node, operands, { dataType, shape });
	if (isFiniteForFinite(node, operands) && operands.every((operand) => run.facts.isFinite(operand.buffer)))
		run.facts.noteFinite(buffer);
	return { dataType, shape, buffer, known: null };
}

/** Over the reals, where nothing overflows. */
const totalUnaries: ReadonlySet<UnaryOperator> = new Set<UnaryOperator>([
	"negate",
	"not",
	"abs",
	"exp",
	"sigmoid",
	"tanh",
	"sqrt",
	"isInfinite",
]);
const totalBinaries: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>([
	"add",
	"subtract",
	"multiply",
	"maximum",
	"minimum",
	"less",
	"lessOrEqual",
	"greater",
	"greaterOrEqual",
	"equal",
	"and",
	"or",
	"xor",
]);

/** Whether the node makes no infinity of finite numbers; a division and a logarithm may. */
function isFiniteForFinite(node: GraphNode, operands: readonly FieldTensor[]): boolean {
	if (node.kind === "unary") return totalUnaries.has(node.operator);
	if (node.kind === "reduce") return operands.every(({ shape }) => elementCount(shape) > 0);
	if (node.kind !== "binary" || totalBinaries.has(node.operator)) return true;
	const divisor = operands[1]?.known ?? null;
	return node.operator === "divide" && divisor !== null && readElements(divisor).every((each) => each !== 0);
}
