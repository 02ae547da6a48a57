// The builder's record -> Graph: what no output needs is dropped, values are numbered anew and all have names.

import { present } from "#shared/fault/assert.ts";
import {
	type Graph,
	type GraphNode,
	type GraphOutput,
	nodeOperands,
	type Value,
	type ValueId,
} from "#shared/graph/graph.ts";
import { briefName } from "./brief-text.ts";
import type { GraphBuilder } from "./graph-builder.ts";

/** Keeps the model's own inputs even where nothing reads them (calls pass them by position); foreign ones only if read. */
export function finishGraph(name: string, build: GraphBuilder, outputs: readonly GraphOutput[]): Graph {
	const live = new Set(outputs.map((output) => output.value));
	const nodes: GraphNode[] = [];
	for (const node of [...build.nodes].reverse()) {
		if (!live.has(node.output)) continue;
		for (const operand of nodeOperands(node)) live.add(operand);
		nodes.push(node);
	}
	nodes.reverse();
	const inputs = build.inputs.filter(({ value, role }) => role !== "foreign" || live.has(value));
	for (const { value } of inputs) live.add(value);

	const numbers = new Map<ValueId, ValueId>();
	const makers = new Map(nodes.map((node) => [node.output, node]));
	const values: Value[] = [];
	for (const old of [...live].sort((a, b) => a - b)) {
		numbers.set(old, values.length);
		const value = build.value(old);
		values.push(
			value.name === "" ? { ...value, name: madeName(build, makers.get(old), values.length) } : value,
		);
	}
	const renumber = (old: ValueId): ValueId => present(numbers.get(old), "a live value has a number");
	const constants = [...build.constants].filter(([value]) => live.has(value));
	return {
		name,
		values,
		inputs: inputs.map(({ value, role }) => ({ value: renumber(value), role })),
		constants: new Map(constants.map(([value, data]) => [renumber(value), data])),
		nodes: nodes.map((node) => renumberNode(node, renumber)),
		outputs: outputs.map((output) => ({ ...output, value: renumber(output.value) })),
		sources: build.sources,
	};
}

/** `attn/softmax.reduce_12`: the ONNX node, the primitive and a number that makes it unique. */
function madeName(build: GraphBuilder, maker: GraphNode | undefined, number: number): string {
	if (maker === undefined) return `constant_${number}`;
	const source = build.sources[maker.source];
	return `${briefName(source?.name || (source?.operator ?? "node"))}.${maker.kind}_${number}`;
}

type Renumber = (old: ValueId) => ValueId;

/** The same node over other value ids. */
function renumberNode(node: GraphNode, renumber: Renumber): GraphNode {
	const output = renumber(node.output);
	const renumbered = operandRenumberers[node.kind](node as never, renumber);
	return { ...node, ...renumbered, output } as GraphNode;
}

const oneInput = (node: { readonly input: ValueId }, renumber: Renumber) => ({ input: renumber(node.input) });
const twoSides = (node: { readonly left: ValueId; readonly right: ValueId }, renumber: Renumber) => ({
	left: renumber(node.left),
	right: renumber(node.right),
});
const indexed = (node: { readonly data: ValueId; readonly indices: ValueId }, renumber: Renumber) => ({
	data: renumber(node.data),
	indices: renumber(node.indices),
});

const operandRenumberers: {
	readonly [K in GraphNode["kind"]]: (
		node: Extract<GraphNode, { kind: K }>,
		renumber: Renumber,
	) => Partial<Extract<GraphNode, { kind: K }>>;
} = {
	unary: oneInput,
	binary: twoSides,
	select: (node, renumber) => ({
		condition: renumber(node.condition),
		whenTrue: renumber(node.whenTrue),
		whenFalse: renumber(node.whenFalse),
	}),
	cast: oneInput,
	matmul: twoSides,
	reduce: oneInput,
	cumulativeSum: oneInput,
	reshape: oneInput,
	transpose: oneInput,
	broadcast: oneInput,
	concat: (node, renumber) => ({ inputs: node.inputs.map(renumber) }),
	slice: oneInput,
	pad: (node, renumber) => ({
		input: renumber(node.input),
		fill: node.fill === null ? null : renumber(node.fill),
	}),
	gather: indexed,
	gatherElements: indexed,
	gatherNd: indexed,
};
