// The real compiler behind the edge's port: import, partition, baselines; and search, verify, rank.

import type { ModelAnalysis, ModelCompiler } from "#functions/models/model-compiler.ts";
import { present } from "#shared/fault/assert.ts";
import type { Graph } from "#shared/graph/graph.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { type Island, partitionGraph } from "#shared/partition/partition.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";
import { modelBytesMax } from "#shared/protocol/upload.ts";

export function createModelCompiler(): ModelCompiler {
	return {
		analyse: (bytes, { shapes, weights }) => {
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
				programs: distinctPrograms(islands),
				keptAsIs: outside.map(({ source, reason }) => ({ node: nodeView(graph, source), reason })),
				refusals: refusals.map((refusal) => ({ ...refusal })),
				coverage,
			};
		},
		plan: ({ programDigest, program, target, threads, effort }) =>
			planProgram({ programDigest, program, target, threads, effort, cursor: null }),
	};
}

function distinctPrograms(islands: readonly Island[]): ModelAnalysis["programs"] {
	const first = new Map<string, Island>();
	for (const island of islands) if (!first.has(island.digest)) first.set(island.digest, island);
	return [...first.values()].map((island) => ({
		digest: island.digest,
		program: island.program,
		baselines: [],
	}));
}

function nodeView(graph: Graph, source: number) {
	const { index, name, operator, domain } = present(
		graph.sources[source],
		"an island's source is the graph's",
	);
	return { index, name, operator, domain };
}
