import { describe, expect, test } from "vitest";
import { drawDatasets } from "#runner/measure/draw-datasets.ts";
import { present } from "#shared/fault/assert.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { partitionGraph } from "#shared/partition/partition.ts";
import type { Program } from "#shared/program/program.ts";
import { tinyModel } from "#test/support/onnx-model.ts";

const length = 1024;

/** exp(A·B) of two activations: its sums of 1,024 products deviate by 32. */
function exponentialOfProduct(): Program {
	const model = tinyModel({
		nodes: [
			{ operator: "MatMul", inputs: ["a", "b"], outputs: ["sums"] },
			{ operator: "Exp", inputs: ["sums"], outputs: ["y"] },
		],
		inputs: { a: [16, length], b: [length, 64] },
		outputs: { y: [16, 64] },
	});
	return present(partitionGraph(importModel(model, { weights: [] }).graph).islands[0], "one island").program;
}

/** relu(A·B), which is far from the end of float32's range whatever the inputs. */
function rectifiedProduct(): Program {
	const model = tinyModel({
		nodes: [
			{ operator: "MatMul", inputs: ["a", "b"], outputs: ["sums"] },
			{ operator: "Relu", inputs: ["sums"], outputs: ["y"] },
		],
		inputs: { a: [2, 16], b: [16, 3] },
		outputs: { y: [2, 3] },
	});
	return present(partitionGraph(importModel(model, { weights: [] }).graph).islands[0], "one island").program;
}

const largest = (values: Iterable<number>): number => Math.max(...[...values].map(Math.abs));
const floats = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.slice().buffer);

describe("datasets", () => {
	test("ordinary activations are made smaller where the program would leave float32's range", () => {
		const [ordinary, ...others] = [...drawDatasets(exponentialOfProduct(), 1)];
		expect(ordinary?.kind).toBe("ordinary");
		for (const { reference } of [present(ordinary, "the ordinary dataset"), ...others])
			for (const output of reference) expect(largest(output)).toBeLessThan(1e30);
		expect(others.map(({ kind }) => kind)).toContain("positive");
		const [a] = [...present(ordinary, "the ordinary dataset").fresh.values()];
		expect(largest(floats(present(a, "the first input")))).toBeGreaterThan(0.1);
		expect(largest(floats(present(a, "the first input")))).toBeLessThan(1);
	});

	test("where nothing leaves the range, activations stay as they were drawn and every kind is there", () => {
		const drawn = [...drawDatasets(rectifiedProduct(), 1)];
		expect(drawn.map(({ kind }) => kind)).toEqual([
			"ordinary",
			"large",
			"hugeRow",
			"positive",
			"tiny",
			"zeros",
		]);
		const [a] = [...present(drawn[0], "the ordinary dataset").fresh.values()];
		expect(largest(floats(present(a, "the first input")))).toBeGreaterThan(1);
	});
});
