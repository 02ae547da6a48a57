import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareTensors } from "#shared/graph/compare.ts";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { extractSource } from "#shared/onnx/extract-source.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { type Island, partitionGraph } from "#shared/partition/partition.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { ramp } from "#test/support/onnx-model.ts";
import { fixturesDirectory, storedTensors } from "#test/support/outside-suites.ts";
import { runOnnxRuntime } from "#test/support/run-onnxruntime.ts";

const tolerance = { relative: 1e-4, absolute: 1e-5 };

/** Every value of a graph, by making each an output. */
function allValues(
	graph: Graph,
	tensors: ReadonlyMap<ValueId, TensorData>,
): ReadonlyMap<ValueId, TensorData> {
	const outputs = graph.nodes.map(({ output }) => ({ value: output, name: `value_${output}` }));
	return new Map([...graph.constants, ...tensors, ...interpretGraph({ ...graph, outputs }, tensors)]);
}

async function expectIsland(
	bytes: Uint8Array,
	graph: Graph,
	island: Island,
	values: ReadonlyMap<ValueId, TensorData>,
) {
	const nameOf = (value: ValueId): string => graph.values[value]?.name ?? "";
	const inputs = island.inputs.filter((value) => !graph.constants.has(value));
	const extracted = extractSource(bytes, {
		sourceIndices: island.sources,
		inputs: inputs.map(nameOf),
		outputs: island.outputs.map(nameOf),
		valueShapes: new Map(graph.values.map((value) => [value.name, value])),
	});
	if (extracted.kind !== "model") throw new Error(`incomplete: ${extracted.missing}`);
	const feeds = Object.fromEntries(inputs.map((value) => [nameOf(value), values.get(value) ?? ramp([0])]));
	const found = await runOnnxRuntime(extracted.bytes, feeds);
	for (const value of island.outputs) {
		const [actual, wanted] = [found[nameOf(value)], values.get(value)];
		if (actual === undefined || wanted === undefined) throw new Error(`no output '${nameOf(value)}'`);
		expect(compareTensors(actual, wanted, tolerance)).toMatchObject({ equal: true });
	}
}

describe("the user's own nodes of every island run in ONNX Runtime as the graph's do", () => {
	test.each(["mirage_rmsnorm_linear_s", "rms_swiglu_residual_s", "llama_layer_d64_h4kv2_t16"])(
		"%s",
		async (name) => {
			const directory = join(fixturesDirectory, "exported", name);
			const bytes = readFileSync(join(directory, "model.onnx"));
			const { graph } = importModel(bytes);
			const stored = storedTensors(directory, "input");
			const values = allValues(
				graph,
				new Map(graph.inputs.map(({ value }, at) => [value, stored[at] ?? ramp([0])])),
			);
			const { islands } = partitionGraph(graph);
			expect(islands.length).toBeGreaterThan(0);
			for (const island of islands) await expectIsland(bytes, graph, island, values);
		},
	);
});

describe("extraction", () => {
	const bytes = readFileSync(join(fixturesDirectory, "exported", "mirage_lora_s", "model.onnx"));
	const { graph } = importModel(bytes);
	const names = (values: readonly { readonly value: ValueId }[]) =>
		values.map(({ value }) => graph.values[value]?.name ?? "");
	const request = {
		sourceIndices: graph.sources.map((source) => source.index),
		inputs: names(graph.inputs),
		outputs: graph.outputs.map((output) => output.name),
		valueShapes: new Map(graph.values.map((value) => [value.name, value])),
	};

	test("says which value is missing", () => {
		const withoutOne = { ...request, inputs: request.inputs.filter((name) => name !== "x") };
		expect(extractSource(bytes, withoutOne)).toEqual({ kind: "incomplete", missing: "x" });
	});
	test("writes given values as initializers", () => {
		const weight = ramp(graph.values[graph.inputs[1]?.value ?? -1]?.shape ?? []);
		const extracted = extractSource(bytes, {
			...request,
			initializersFor: new Map([[request.inputs[1] ?? "", weight]]),
		});
		if (extracted.kind !== "model") throw new Error(extracted.missing);
		const again = importModel(extracted.bytes).graph;
		expect(again.inputs.length).toBe(graph.inputs.length - 1);
		expect([...again.constants.values()].map((data) => data.shape)).toContainEqual(weight.shape);
	});
});
