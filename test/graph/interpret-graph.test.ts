import { describe, expect, test } from "vitest";
import type { Graph } from "#shared/graph/graph.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { sketchGraph } from "#test/support/graph-sketch.ts";

const vector = (elements: readonly number[]): TensorData =>
	writeElements("float32", [elements.length], elements);

/** (x + big) - big, then a result that nobody asks for. */
const cancelling = sketchGraph({
	values: [
		["x", [2]],
		["big", [2]],
		["sum", [2]],
		["back", [2]],
		["unused", [2]],
	],
	constants: { 1: vector([2 ** 30, 2 ** 30]) },
	nodes: [
		{ kind: "binary", operator: "add", left: 0, right: 1, output: 2 },
		{ kind: "binary", operator: "subtract", left: 2, right: 1, output: 3 },
		{ kind: "unary", operator: "exp", input: 0, output: 4 },
	],
	outputs: [3],
});

function run(graph: Graph, inputs: Readonly<Record<number, TensorData>>, limits = {}): number[] {
	const given = new Map(Object.entries(inputs).map(([id, data]) => [Number(id), data]));
	const results = interpretGraph(graph, given, limits);
	return graph.outputs.flatMap(({ value }) => Array.from(readElements(results.get(value) as TensorData)));
}

describe("interpretGraph", () => {
	test("keeps float32 intermediates in float64 and rounds outputs once", () => {
		// In float32, 1.25 + 2^30 is 2^30, and nothing is left of x.
		expect(run(cancelling, { 0: vector([1.25, 0.375]) })).toEqual([1.25, 0.375]);
	});

	test("an input may be an output", () => {
		const graph = { ...cancelling, outputs: [{ value: 0, name: "same" }] };
		expect(run(graph, { 0: vector([1, 2]) })).toEqual([1, 2]);
	});

	test("a value may be read twice by one node and returned as well", () => {
		const graph = sketchGraph({
			values: [
				["x", [2]],
				["double", [2]],
				["square", [2]],
			],
			nodes: [
				{ kind: "binary", operator: "add", left: 0, right: 0, output: 1 },
				{ kind: "binary", operator: "multiply", left: 1, right: 1, output: 2 },
			],
			outputs: [1, 2, 1],
		});
		expect(run(graph, { 0: vector([1, 3]) })).toEqual([2, 6, 4, 36, 2, 6]);
	});

	test.each([
		["a missing input", {}, {}, "request.invalid"],
		["an input of another shape", { 0: vector([1, 2, 3]) }, {}, "request.invalid"],
		["an input of another type", { 0: writeElements("float64", [2], [1, 2]) }, {}, "request.invalid"],
		["too many operations", { 0: vector([1, 2]) }, { elementOperationsMax: 3 }, "model.limits_exceeded"],
		["too many live elements", { 0: vector([1, 2]) }, { liveElementsMax: 5 }, "model.limits_exceeded"],
	])("refuses %s", (_name, inputs, limits, code) => {
		expect(() => run(cancelling, inputs, limits)).toThrow(expect.objectContaining({ code }));
	});

	test("refuses a graph that computes with what was not imported, naming the value", () => {
		const graph: Graph = { ...cancelling, inputs: [{ value: 0, role: "foreign" }] };
		expect(() => run(graph, { 0: vector([1, 2]) })).toThrow(/'x'.*not imported/);
	});

	test("frees values after their last use", () => {
		const length = 50;
		const graph = sketchGraph({
			values: Array.from({ length: length + 1 }, (_, id) => [`v${id}`, [100]] as const),
			nodes: Array.from(
				{ length },
				(_, id) => ({ kind: "unary", operator: "negate", input: id, output: id + 1 }) as const,
			),
			outputs: [length],
		});
		const input = vector(Array.from({ length: 100 }, (_, index) => index + 1));
		expect(run(graph, { 0: input }, { liveElementsMax: 200 })[99]).toBe(100);
	});
});
