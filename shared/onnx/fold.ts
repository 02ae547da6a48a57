// Constant folding of one primitive, within a budget.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { type GraphNode, nodeOperands, type ValueId } from "#shared/graph/graph.ts";
import { evaluateNode } from "#shared/graph/interpret.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

type WithoutPlace<N> = N extends GraphNode ? Omit<N, "output" | "source"> : never;
/** A primitive that has no place in a graph yet. */
export type NodeDraft = WithoutPlace<GraphNode>;

/** Element operations that folding may still spend. */
export interface FoldBudget {
	elementsLeft: number;
}

/** Largest folded result: 1 Mi elements, a causal mask of 1,024 positions. */
const foldedResultElementsMax = 2 ** 20;
/** A broadcast beyond this stays a broadcast: cheaper for whoever reads it, and it keeps the graph small. */
const foldedBroadcastElementsMax = 4096;

/**
 * The value of a primitive whose operands are all known, or null when one is not or the work exceeds the budget.
 * Cost: the primitive's element operations, taken off the budget.
 */
export function foldNode(
	draft: NodeDraft,
	output: { readonly dataType: DataType; readonly shape: Shape },
	constantOf: (id: ValueId) => TensorData | null,
	budget: FoldBudget,
): TensorData | null {
	const node: GraphNode = { ...draft, output: -1, source: -1 };
	const operands: TensorData[] = [];
	for (const id of nodeOperands(node)) {
		const operand = constantOf(id);
		if (operand === null) return null;
		operands.push(operand);
	}
	const elements = elementCount(output.shape);
	if (elements > foldedResultElementsMax) return null;
	if (node.kind === "broadcast" && elements > foldedBroadcastElementsMax) return null;
	const work = elementOperations(node, operands, elements);
	if (work > budget.elementsLeft) return null;
	budget.elementsLeft -= work;
	try {
		return evaluateNode(node, operands, output);
	} catch (fault) {
		// What would be a bad input at run time is in the model itself here.
		if (!(fault instanceof OptimizeError) || fault.code !== "request.invalid") throw fault;
		throw new OptimizeError("model.op_attribute_invalid", fault.message, fault.details, fault);
	}
}

function elementOperations(node: GraphNode, operands: readonly TensorData[], elements: number): number {
	const read = operands.reduce((sum, operand) => sum + elementCount(operand.shape), 0);
	if (node.kind !== "matmul") return read + elements;
	return elements * (operands[0]?.shape.at(-1) ?? 1);
}
