// The graph that an attribute of a node holds, written out in place with the node's values as its inputs.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ValueId } from "#shared/graph/graph.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import type { Refusal } from "./import-options.ts";
import type { FlatNode } from "./inline-functions.ts";
import type { OnnxTensor } from "./model.ts";
import { openSubgraph } from "./open-subgraph.ts";
import { orderNodes } from "./order-nodes.ts";
import { createValueScope, type ValueScope } from "./value-scope.ts";

export interface SubgraphImport {
	/** The node whose attribute it is. */
	readonly flat: FlatNode;
	readonly build: GraphBuilder;
	readonly readTensor: (tensor: OnnxTensor) => TensorData;
	/** Imports one node of it; `wanted` are the names that something reads. */
	readonly importNode: (flat: FlatNode, scope: ValueScope, wanted: ReadonlySet<string>) => Refusal | null;
}

/**
 * The graph's outputs for these operands. Throws `model.op_attribute_unsupported` for a graph that is not opened, the
 * refusal of a node of it, and what `importModel` throws of graphs that are malformed.
 */
export function importSubgraph(
	bytes: Uint8Array,
	operands: readonly ValueId[],
	{ flat, build, readTensor, importNode }: SubgraphImport,
): readonly ValueId[] {
	const opened = openSubgraph(bytes);
	if (opened.kind === "closed") throw new OptimizeError("model.op_attribute_unsupported", opened.reason);
	const { inputs, initializers, nodes, outputs } = opened.graph;
	if (inputs.length !== operands.length) {
		throw new OptimizeError(
			"model.op_attribute_invalid",
			`found a graph of ${inputs.length} inputs, expected ${operands.length}`,
		);
	}
	const scope = createValueScope();
	for (const [at, { name }] of inputs.entries()) scope.bind(name, operands[at] ?? 0);
	for (const tensor of initializers) scope.bind(tensor.name, build.constant(readTensor(tensor)));
	const given = new Set([...inputs, ...initializers].map(({ name }) => name));
	const results = outputs.map(({ name }) => name);
	const inner = nodes.map((node): FlatNode => ({ ...flat, node }));
	const ordered = orderNodes(inner, given, results);
	const wanted = new Set([...results, ...ordered.flatMap(({ node }) => node.inputs)]);
	for (const each of ordered) {
		const refusal = importNode(each, scope, wanted);
		if (refusal !== null) throw new OptimizeError(refusal.code, refusal.reason);
	}
	return results.map((name) => {
		const value = scope.lookup(name);
		if (typeof value === "number") return value;
		throw new OptimizeError(value.code, value.reason);
	});
}
