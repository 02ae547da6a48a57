// The islands of whole models: their programs against the reference interpreter, and their text as golden files, which are
// there to be read in review. `UPDATE_GOLDEN=1` writes them anew.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Graph } from "#shared/graph/graph.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { type Island, type Partition, partitionGraph } from "#shared/partition/partition.ts";
import { checkProgram } from "#shared/program/check.ts";
import { programDigest } from "#shared/program/fingerprint.ts";
import { printProgram } from "#shared/program/print.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { fixturesDirectory, outsideSuite } from "#test/support/outside-suites.ts";
import { expectSameResults } from "#test/support/tensor-graph.ts";

const goldenDirectory = join(import.meta.dirname, "..", "golden", "partition");
/** Multiply-adds in float64 that a test may spend on one island. */
const interpretedOperationsMax = 2e6;

function graphOf(directory: string): Graph {
	const shapes = directory.endsWith("bert_tiny_2l") ? { batch: 2, seq: 16 } : {};
	return importModel(readFileSync(join(directory, "model.onnx")), { shapes }).graph;
}

function multiplyAdds(graph: Graph, island: Island): number {
	return island.nodes.reduce((sum, id) => {
		const node = graph.nodes[id];
		if (node?.kind !== "matmul") return sum;
		const rows = elementCount(graph.values[node.output]?.shape ?? []);
		return sum + rows * (graph.values[node.left]?.shape.at(-1) ?? 1);
	}, 0);
}

function describePartition(graph: Graph, { islands, outside, coverage }: Partition): string {
	const operator = (source: number): string => graph.sources[source]?.operator ?? "";
	const names = (values: readonly number[]): string =>
		values.map((value) => graph.values[value]?.name).join(" ");
	const lines = [
		`${coverage.sourcesInIslands} of ${coverage.sourcesTotal} ONNX nodes, ${(100 * coverage.flopsShare).toFixed(1)} % of operations in ${islands.length} islands`,
		"",
	];
	for (const island of islands) {
		lines.push(`island ${island.index} ${island.digest}`, `  ${island.sources.map(operator).join(" ")}`);
		lines.push(`  inputs ${names(island.programInputs)}`, `  outputs ${names(island.programOutputs)}`);
		lines.push(printProgram(island.program).replace(/^(?=.)/gm, "  "));
	}
	for (const { source, reason } of outside) lines.push(`outside ${operator(source)}: ${reason}`);
	return `${lines.join("\n").trimEnd()}\n`;
}

function expectGolden(name: string, text: string): void {
	const file = join(goldenDirectory, `${name}.txt`);
	if (process.env.UPDATE_GOLDEN !== undefined) {
		mkdirSync(goldenDirectory, { recursive: true });
		writeFileSync(file, text);
	}
	expect(existsSync(file), `no golden file for ${name}: npm run golden:update`).toBe(true);
	expect(text).toBe(readFileSync(file, "utf8"));
}

const directories = [
	join(fixturesDirectory, "exported"),
	outsideSuite("exported"),
	outsideSuite("mirage-bench"),
].filter((path) => path !== null);

describe.each(directories)("models of %s", (root) => {
	const cases = readdirSync(root).filter((name) => existsSync(join(root, name, "model.onnx")));

	test.each(cases)("%s: island programs compute what their ONNX nodes do, and read as before", (name) => {
		const graph = graphOf(join(root, name));
		const partition = partitionGraph(graph);
		expect(partition.coverage.flopsShare).toBe(1);
		for (const island of partition.islands) {
			checkProgram(island.program);
			expect(programDigest(island.program)).toBe(island.digest);
			if (multiplyAdds(graph, island) > interpretedOperationsMax) continue;
			expectSameResults(graph, island, 1 + island.index, name.endsWith("f16") ? 1e-3 : 1e-6);
		}
		expectGolden(name, describePartition(graph, partition));
	});
});
