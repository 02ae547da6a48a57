// Which graph inputs are weights: constant between calls, so that a kernel may pack them once.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { type Graph, type GraphNode, nodeOperands, type ValueId } from "#shared/graph/graph.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import type { OnnxModel } from "./model.ts";
import { weightsMetadataKey } from "./weights.ts";
import { malformed } from "./wire.ts";

/** Names that `stripWeights` left in the model's metadata. Throws `model.malformed` when they are no JSON list of names. */
export function strippedWeightNames(model: OnnxModel): readonly string[] {
	const text = model.metadata.get(weightsMetadataKey);
	if (text === undefined) return [];
	let names: unknown;
	try {
		names = JSON.parse(text);
	} catch (fault) {
		throw new OptimizeError("model.malformed", `metadata '${weightsMetadataKey}' is no JSON`, {}, fault);
	}
	if (!Array.isArray(names) || !names.every((name): name is string => typeof name === "string")) {
		return malformed(`metadata '${weightsMetadataKey}' is no list of names`);
	}
	return names;
}

/**
 * Sets the role of every input. `stripped` names are weights in every mode but a list. `auto` adds the inputs used as
 * weights are: float inputs that reach (through reshape, transpose and cast only) the right of a rank-2 matrix product
 * and never the left of one, and vectors used in element-wise arithmetic.
 * Throws `request.invalid` when a listed name is no input.
 */
export function assignWeightRoles(
	graph: Graph,
	mode: "auto" | "none" | readonly string[],
	stripped: readonly string[],
): Graph {
	const named = new Set(typeof mode === "string" ? stripped : mode);
	const nameOf = (value: ValueId): string => graph.values[value]?.name ?? "";
	if (typeof mode !== "string") {
		const inputs = new Set(graph.inputs.map((input) => nameOf(input.value)));
		const missing = mode.find((name) => !inputs.has(name));
		if (missing !== undefined) {
			throw new OptimizeError("request.invalid", `weight '${missing}' is no input of the model`, {
				name: missing,
			});
		}
	}
	const used = mode === "auto" ? inputsUsedAsWeights(graph) : new Set<ValueId>();
	const inputs = graph.inputs.map((input) => {
		const isWeight = input.role !== "foreign" && (named.has(nameOf(input.value)) || used.has(input.value));
		return isWeight ? { ...input, role: "weight" as const } : input;
	});
	return { ...graph, inputs };
}

function inputsUsedAsWeights(graph: Graph): Set<ValueId> {
	// Values that are an input's own elements in another order or type.
	const origin = new Map<ValueId, ValueId>();
	for (const { value } of graph.inputs) {
		const dataType = graph.values[value]?.dataType;
		if (dataType !== undefined && isFloat(dataType)) origin.set(value, value);
	}
	const factors = new Set<ValueId>();
	const products = new Set<ValueId>();
	for (const node of graph.nodes) {
		const from = (value: ValueId): ValueId | undefined => origin.get(value);
		if (node.kind === "reshape" || node.kind === "transpose" || node.kind === "cast") {
			const source = from(node.input);
			if (source !== undefined) origin.set(node.output, source);
		} else if (node.kind === "matmul") {
			const [left, right] = [from(node.left), from(node.right)];
			if (left !== undefined) products.add(left);
			if (right !== undefined && graph.values[node.right]?.shape.length === 2) factors.add(right);
		} else if (node.kind === "binary") {
			for (const value of vectorsIn(graph, node).map(from)) if (value !== undefined) factors.add(value);
		}
	}
	return new Set([...factors].filter((value) => !products.has(value)));
}

/** Operands that are vectors as given (not after broadcasting) in arithmetic with something of higher rank. */
function vectorsIn(graph: Graph, node: GraphNode): ValueId[] {
	if ((graph.values[node.output]?.shape.length ?? 0) < 2) return [];
	return nodeOperands(node).filter((value) => graph.values[value]?.shape.length === 1);
}
