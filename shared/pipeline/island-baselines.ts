// What the peer runs for an island: ONNX models of the same nodes, without weight bytes, in the forms worth timing.
// `asWritten` keeps the user's own nodes (fused operators stay fused, and the runtime fuses what it knows);
// `primitives` is the importer's decomposition, which is the faster one where a fused operator is badly implemented.

import { present } from "#shared/fault/assert.ts";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { extractSource } from "#shared/onnx/extract-source.ts";
import { writeModel } from "#shared/onnx/write-model.ts";
import type { Island } from "#shared/partition/partition.ts";

export interface BaselineForm {
	readonly form: "asWritten" | "primitives";
	/** ONNX bytes, without weights. */
	readonly bytes: Uint8Array;
	/** Graph input of the form for each program input. */
	readonly inputNames: readonly string[];
	/** Graph output of the form for each program output. */
	readonly outputNames: readonly string[];
}

/** The forms of an island of `graph`, which was imported from `modelBytes`. At least one. */
export function islandBaselines(
	modelBytes: Uint8Array,
	graph: Graph,
	island: Island,
): readonly BaselineForm[] {
	const written = asWritten(modelBytes, graph, island);
	const primitives = asPrimitives(graph, island);
	return written === null ? [primitives] : [written, primitives];
}

/** Null when the nodes need something by a name that the imported graph no longer has (local functions were inlined). */
function asWritten(modelBytes: Uint8Array, graph: Graph, island: Island): BaselineForm | null {
	const graphValue = (id: ValueId) => present(graph.values[id], "a value of the graph");
	const inputNames = island.programInputs.map((id) => graphValue(id).name);
	const outputNames = island.programOutputs.map((id) => graphValue(id).name);
	const values = [...island.programInputs, ...island.programOutputs].map(graphValue);
	const extracted = extractSource(modelBytes, {
		sourceIndices: island.sources.map((source) => present(graph.sources[source], "a source").index),
		inputs: [...new Set(inputNames)],
		outputs: outputNames,
		valueShapes: new Map(values.map(({ name, dataType, shape }) => [name, { dataType, shape }])),
	});
	if (extracted.kind === "incomplete") return null;
	return { form: "asWritten", bytes: extracted.bytes, inputNames, outputNames };
}

function asPrimitives(graph: Graph, island: Island): BaselineForm {
	const nameOf = (id: ValueId): string => `value_${id}`;
	const inputs = new Set(island.programInputs);
	const outputNames = island.programOutputs.map((_, at) => `output_${at}`);
	const bytes = writeModel({
		graph: { ...graph, values: graph.values.map((value, id) => ({ ...value, name: nameOf(id) })) },
		nodes: island.nodes.map((node) => present(graph.nodes[node], "a node of the island")),
		inputs: [...inputs],
		outputs: island.programOutputs.map((value, at) => ({ value, name: `output_${at}` })),
	});
	return { form: "primitives", bytes, inputNames: island.programInputs.map(nameOf), outputNames };
}
