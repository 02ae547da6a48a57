// The reference interpreter: Graph and inputs in, outputs out. It is the meaning of the tensor program, so it does the
// plain thing: node by node, floats in float64 from the inputs to the graph's outputs with no rounding in between (a
// cast to a narrower type excepted), integers exact with wrap-around. Kernels are judged against what it returns.

import { assert, present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { Graph, GraphNode, ValueId } from "#shared/graph/graph.ts";
import { nodeOperands } from "#shared/graph/graph.ts";
import { evaluateCast } from "#shared/graph/interpret-cast.ts";
import type { OutputType } from "#shared/graph/interpret-elementwise.ts";
import { evaluateBinary, evaluateSelect, evaluateUnary } from "#shared/graph/interpret-elementwise.ts";
import { evaluateGather, evaluateGatherElements, evaluateGatherNd } from "#shared/graph/interpret-gather.ts";
import { evaluateMatmul } from "#shared/graph/interpret-matmul.ts";
import {
	evaluateBroadcast,
	evaluateConcat,
	evaluatePad,
	evaluateReshape,
	evaluateSlice,
	evaluateTranspose,
} from "#shared/graph/interpret-movement.ts";
import { evaluateCumulativeSum, evaluateReduce } from "#shared/graph/interpret-reduce.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { elementCount, equalShapes } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { ElementValues, TensorValues } from "#shared/tensor/tensor-values.ts";
import { decodeTensor, encodeTensor } from "#shared/tensor/tensor-values.ts";

export interface InterpretLimits {
	/** Scalar operations (a multiply-add counts once). Default: `elementOperationsDefault`. */
	readonly elementOperationsMax?: number;
	/** Elements of values alive at the same time. Default: `liveElementsDefault`. */
	readonly liveElementsMax?: number;
}

/** About two minutes of matrix products on one core. */
const elementOperationsDefault = 2 ** 36;
/** 4 GiB of float64. */
const liveElementsDefault = 2 ** 29;

/**
 * Runs the graph on `inputs` (one tensor for every graph input, of its type and shape) and returns its outputs, each
 * rounded once to its type.
 * Throws `request.invalid` for a missing or ill-typed input and for an index out of range, `model.op_unsupported` when
 * the graph computes with the results of operators that were not imported, `model.limits_exceeded` over `limits`.
 */
export function interpretGraph(
	graph: Graph,
	inputs: ReadonlyMap<ValueId, TensorData>,
	limits: InterpretLimits = {},
): ReadonlyMap<ValueId, TensorData> {
	checkInputs(graph, inputs);
	checkOperations(graph, limits.elementOperationsMax ?? elementOperationsDefault);
	const remainingUses = countUses(graph);
	const live = new LiveValues(graph, inputs, limits.liveElementsMax ?? liveElementsDefault);
	for (const node of graph.nodes) {
		if ((remainingUses.get(node.output) ?? 0) === 0) continue;
		const ids = nodeOperands(node);
		const output = present(graph.values[node.output], "a node's output is a value of the graph");
		const values = evaluate(
			node,
			ids.map((id) => live.get(id)),
			output,
		);
		live.set(node.output, values);
		for (const id of ids) {
			const uses = (remainingUses.get(id) ?? 0) - 1;
			remainingUses.set(id, uses);
			if (uses === 0) live.release(id);
		}
	}
	return new Map(graph.outputs.map(({ value }) => [value, encodeTensor(live.get(value))]));
}

/**
 * Evaluates one node on stored tensors: floats are rounded to the output's type. For folding constants. Throws
 * `request.invalid` for an index out of range.
 */
export function evaluateNode(
	node: GraphNode,
	operands: readonly TensorData[],
	output: OutputType,
): TensorData {
	if (node.kind === "reshape") {
		const input = present(operands[0], "a reshape without its operand");
		return { dataType: output.dataType, shape: output.shape, bytes: input.bytes };
	}
	const values = evaluate(node, operands.map(decodeTensor), output);
	return encodeTensor({ dataType: output.dataType, shape: output.shape, values });
}

/** Scalar operations of one node (a multiply-add counts once), by its operands' and output's shapes. */
function nodeOperations(node: GraphNode, operandShapes: readonly Shape[], output: Shape): number {
	const input = operandShapes[0] ?? [];
	if (node.kind === "matmul") return elementCount(output) * (input.at(-1) ?? 1);
	if (node.kind === "reduce") return Math.max(elementCount(input), elementCount(output));
	return elementCount(output);
}

type Evaluate<Node> = (node: Node, operands: readonly TensorValues[], output: OutputType) => ElementValues;

const evaluators: { readonly [K in GraphNode["kind"]]: Evaluate<Extract<GraphNode, { kind: K }>> } = {
	unary: evaluateUnary,
	binary: evaluateBinary,
	select: evaluateSelect,
	cast: evaluateCast,
	matmul: evaluateMatmul,
	reduce: evaluateReduce,
	cumulativeSum: evaluateCumulativeSum,
	reshape: evaluateReshape,
	transpose: evaluateTranspose,
	broadcast: evaluateBroadcast,
	concat: evaluateConcat,
	slice: evaluateSlice,
	pad: evaluatePad,
	gather: evaluateGather,
	gatherElements: evaluateGatherElements,
	gatherNd: evaluateGatherNd,
};

function evaluate(node: GraphNode, operands: readonly TensorValues[], output: OutputType): ElementValues {
	// The table is indexed by the node's own kind, a relation between the two that the compiler cannot follow.
	const evaluator = evaluators[node.kind] as Evaluate<GraphNode>;
	const values = evaluator(node, operands, output);
	assert(
		values.length === elementCount(output.shape),
		`${node.kind} made ${values.length} elements for a shape of ${elementCount(output.shape)}`,
	);
	return values;
}

/** The values computed so far; inputs and constants are decoded when first read. */
class LiveValues {
	readonly #graph: Graph;
	readonly #inputs: ReadonlyMap<ValueId, TensorData>;
	readonly #elementsMax: number;
	readonly #values = new Map<ValueId, TensorValues>();
	#elements = 0;

	constructor(graph: Graph, inputs: ReadonlyMap<ValueId, TensorData>, elementsMax: number) {
		this.#graph = graph;
		this.#inputs = inputs;
		this.#elementsMax = elementsMax;
	}

	get(id: ValueId): TensorValues {
		const known = this.#values.get(id);
		if (known) return known;
		const stored = present(
			this.#graph.constants.get(id) ?? this.#inputs.get(id),
			`value ${id} is read before it is defined`,
		);
		const decoded = decodeTensor(stored);
		this.set(id, decoded.values);
		return decoded;
	}

	set(id: ValueId, values: ElementValues): void {
		const { dataType, shape, name } = present(this.#graph.values[id], `value ${id} is not in the graph`);
		this.#elements += values.length;
		if (this.#elements > this.#elementsMax) {
			throw new OptimizeError(
				"model.limits_exceeded",
				`the interpreter holds ${this.#elements} elements at value '${name}'; at most ${this.#elementsMax} are allowed`,
				{ found: this.#elements, limit: this.#elementsMax },
			);
		}
		this.#values.set(id, { dataType, shape, values });
	}

	release(id: ValueId): void {
		this.#elements -= this.#values.get(id)?.values.length ?? 0;
		this.#values.delete(id);
	}
}

/** How often each value is read by a node that matters; an output counts as one more use. */
function countUses(graph: Graph): Map<ValueId, number> {
	const uses = new Map<ValueId, number>();
	const add = (id: ValueId): void => void uses.set(id, (uses.get(id) ?? 0) + 1);
	for (const output of graph.outputs) add(output.value);
	for (const node of graph.nodes.toReversed()) {
		if (uses.has(node.output)) for (const id of nodeOperands(node)) add(id);
	}
	return uses;
}

function checkInputs(graph: Graph, inputs: ReadonlyMap<ValueId, TensorData>): void {
	for (const { value, role } of graph.inputs) {
		const { name, dataType, shape } = present(graph.values[value], "a graph input is a value of the graph");
		if (role === "foreign") {
			throw new OptimizeError(
				"model.op_unsupported",
				`value '${name}' is computed by an operator that was not imported, so the graph cannot be run`,
				{ value: name },
			);
		}
		const found = inputs.get(value);
		if (found === undefined) {
			throw new OptimizeError("request.invalid", `input '${name}' is missing`, { input: name });
		}
		if (found.dataType !== dataType || !equalShapes(found.shape, shape)) {
			throw new OptimizeError(
				"request.invalid",
				`input '${name}': found ${found.dataType} [${found.shape.join(", ")}], expected ${dataType} [${shape.join(", ")}]`,
				{ input: name },
			);
		}
	}
}

function checkOperations(graph: Graph, operationsMax: number): void {
	let operations = 0;
	for (const node of graph.nodes) {
		const shapes = [...nodeOperands(node), node.output].map((id) => graph.values[id]?.shape ?? []);
		operations += nodeOperations(node, shapes.slice(0, -1), shapes.at(-1) ?? []);
	}
	if (operations > operationsMax) {
		throw new OptimizeError(
			"model.limits_exceeded",
			`the graph takes ${operations} scalar operations; at most ${operationsMax} are allowed`,
			{ found: operations, limit: operationsMax },
		);
	}
}
