import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkGraph } from "#shared/graph/check.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import type { ImportedModel } from "#shared/onnx/import-options.ts";
import { readElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { fixturesDirectory, outsideSuite, storedTensors } from "#test/support/outside-suites.ts";

/** float32 reference outputs, computed in another order. */
const relativeToleranceMax = 1e-3;
/** Element operations in float64 that a test may spend on one model. */
const interpretedOperationsMax = 3e7;

/** Extents of the one model with dynamic dimensions, as its stored inputs have them. */
function bindingsFor(inputs: readonly TensorData[]): Record<string, number> {
	const [batch = 2, sequence = 16] = inputs[0]?.shape ?? [];
	return { batch, seq: sequence };
}

function importCase(directory: string, inputs: readonly TensorData[]): ImportedModel {
	const shapes = directory.endsWith("bert_tiny_2l") ? bindingsFor(inputs) : {};
	return importModel(readFileSync(join(directory, "model.onnx")), { shapes });
}

function casesIn(directory: string): string[] {
	return readdirSync(directory).filter((name) => existsSync(join(directory, name, "model.onnx")));
}

function multiplyAdds({ graph }: ImportedModel): number {
	return graph.nodes.reduce((sum, node) => {
		if (node.kind !== "matmul") return sum;
		const extents = [...(graph.values[node.output]?.shape ?? []), graph.values[node.left]?.shape.at(-1) ?? 1];
		return sum + extents.reduce((product, extent) => product * extent, 1);
	}, 0);
}

function checkOutputs(directory: string, inputs: readonly TensorData[], model: ImportedModel): void {
	const { graph } = model;
	const given = new Map(graph.inputs.map(({ value }, index) => [value, inputs[index] as TensorData]));
	const results = interpretGraph(graph, given);
	for (const [index, expected] of storedTensors(directory, "output").entries()) {
		const found = results.get(graph.outputs[index]?.value ?? -1);
		const [a, b] = [readElements(found as TensorData), readElements(expected)];
		const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
		const worst = a.reduce((most, value, at) => Math.max(most, Math.abs(value - (b[at] ?? Number.NaN))), 0);
		expect(a.length).toBe(b.length);
		expect(worst / scale).toBeLessThan(relativeToleranceMax);
	}
}

const directories = [
	join(fixturesDirectory, "exported"),
	outsideSuite("exported"),
	outsideSuite("mirage-bench"),
].filter((path) => path !== null);

describe.each(directories)("models of %s", (root) => {
	test.each(casesIn(root))("%s imports without a refusal and reproduces its stored outputs", (name) => {
		const directory = join(root, name);
		const inputs = storedTensors(directory, "input");
		const model = importCase(directory, inputs);
		expect(model.refusals).toEqual([]);
		checkGraph(model.graph);
		expect(model.graph.nodes.length).toBeGreaterThan(0);
		if (inputs.length > 0 && multiplyAdds(model) < interpretedOperationsMax)
			checkOutputs(directory, inputs, model);
	});
});
