// Which graphs that attributes hold are opened: small ones that read nothing from outside, as what they read could not be
// seen by the order of the outer nodes, and that hold no weights, as those are taken out of models that are sent away.

import { defaultImportLimits } from "./import-limits.ts";
import type { OnnxGraph, OnnxNode, OnnxTensor } from "./model.ts";
import { readGraph } from "./read-model.ts";
import { createProtoReader } from "./read-proto.ts";
import { declaredTensor } from "./tensor-proto.ts";
import { isWeight } from "./weights.ts";
import { plainView } from "./wire.ts";

/** Operators, by "domain:Operator", whose importers write graphs out. */
const openedOperators: ReadonlySet<string> = new Set(["ai.onnx.preview:FlexAttention"]);

/** What a formula of scores takes; a file may call the graphs of a function many times. */
const graphBytesMax = 2 ** 14;

export type OpenedGraph =
	| { readonly kind: "open"; readonly graph: OnnxGraph }
	| { readonly kind: "closed"; readonly reason: string };

/** Whether all graphs that the node holds are ones that its importer writes out. */
export function holdsOpenGraphs({ domain, operator, attributes }: OnnxNode): boolean {
	const graphs = [...attributes.values()].filter(({ kind }) => kind === "other");
	return (
		openedOperators.has(`${domain}:${operator}`) &&
		graphs.every(({ graph }) => graph !== null && openSubgraph(graph).kind === "open")
	);
}

/** `bytes`: a GraphProto. Throws what `readModel` throws of a graph that is malformed. */
export function openSubgraph(bytes: Uint8Array): OpenedGraph {
	if (bytes.length > graphBytesMax)
		return closed(`found a graph of ${bytes.length} bytes, supported: ${graphBytesMax}`);
	const graph = readGraph(plainView(bytes), createProtoReader(defaultImportLimits));
	const { nodes, inputs, initializers, outputs } = graph;
	const own = new Set([
		"",
		...[...inputs, ...initializers].map(({ name }) => name),
		...nodes.flatMap((node) => node.outputs),
	]);
	const read = [...nodes.flatMap((node) => node.inputs), ...outputs.map(({ name }) => name)];
	const outer = read.find((name) => !own.has(name));
	if (outer !== undefined) return closed(`found a graph that reads '${outer}' from outside`);
	const attributes = nodes.flatMap((node) => [...node.attributes.values()]);
	if (attributes.some(({ kind, reference }) => kind === "other" || reference !== ""))
		return closed("found a graph that holds graphs or attributes of a function");
	const tensors = [...initializers, ...attributes.flatMap(({ tensor }) => tensor ?? [])];
	if (graph.sparseInitializers > 0 || tensors.some(holdsWeight))
		return closed("found a graph that holds weights or sparse tensors");
	return { kind: "open", graph };
}

function holdsWeight(tensor: OnnxTensor): boolean {
	const { dataType, shape } = declaredTensor(tensor, defaultImportLimits);
	return dataType !== null && isWeight(dataType, shape);
}

function closed(reason: string): OpenedGraph {
	return { kind: "closed", reason };
}
