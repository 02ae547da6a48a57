// A model's bytes -> islands, programs, baselines, refusals: the compiler's front half, as the edge keeps it.

import type { AnalysisOptions, ModelAnalysis } from "#functions/models/model-compiler.ts";
import { present } from "#shared/fault/assert.ts";
import type { Graph } from "#shared/graph/graph.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { type Island, partitionGraph } from "#shared/partition/partition.ts";
import { islandBaselines } from "#shared/pipeline/island-baselines.ts";
import { modelBytesMax } from "#shared/protocol/upload.ts";

/** Throws `OptimizeError` model.* for bytes that are no model that can be read. */
export function analyseBytes(bytes: Uint8Array, { shapes, weights }: AnalysisOptions): ModelAnalysis {
	const { graph, refusals } = importModel(bytes, {
		shapes,
		weights,
		limits: { fileBytesMax: modelBytesMax },
	});
	const { islands, outside, coverage } = partitionGraph(graph);
	return {
		name: graph.name,
		nodesCount: graph.sources.length,
		islands: islands.map((island) => ({
			index: island.index,
			program: island.digest,
			nodes: island.sources.map((source) => nodeView(graph, source)),
		})),
		programs: distinctPrograms(bytes, graph, islands),
		keptAsIs: outside.map(({ source, reason }) => ({ node: nodeView(graph, source), reason })),
		refusals: refusals.map((refusal) => ({ ...refusal })),
		coverage,
	};
}

/** Islands of equal digest have one program; the first one's nodes are its baseline. */
function distinctPrograms(
	bytes: Uint8Array,
	graph: Graph,
	islands: readonly Island[],
): ModelAnalysis["programs"] {
	const first = new Map<string, Island>();
	for (const island of islands) if (!first.has(island.digest)) first.set(island.digest, island);
	return [...first.values()].map((island) => ({
		digest: island.digest,
		program: island.program,
		baselines: islandBaselines(bytes, graph, island),
	}));
}

function nodeView(graph: Graph, source: number) {
	const { index, name, operator, domain } = present(graph.sources[source], "a source of the graph");
	return { index, name, operator, domain };
}
