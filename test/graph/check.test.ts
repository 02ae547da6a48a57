import { describe, expect, test } from "vitest";
import { AssertionError } from "#shared/fault/assert.ts";
import { checkGraph } from "#shared/graph/check.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { type GraphSketch, sketchGraph } from "#test/support/graph-sketch.ts";

const sound: GraphSketch = {
	values: [
		["x", [2, 3]],
		["w", [3, 4]],
		["product", [2, 4]],
		["row", [2, 1]],
		["y", [2, 4]],
	],
	constants: { 1: writeElements("float32", [3, 4], new Float64Array(12)) },
	nodes: [
		{ kind: "matmul", left: 0, right: 1, output: 2 },
		{ kind: "reduce", operator: "max", input: 2, axes: [1], keepDimensions: true, output: 3 },
		{ kind: "binary", operator: "subtract", left: 2, right: 3, output: 4 },
	],
	outputs: [4],
};

function oneNode(
	node: GraphSketch["nodes"][number],
	values: GraphSketch["values"],
): Pick<GraphSketch, "values" | "nodes" | "outputs" | "constants"> {
	return { values, nodes: [node], outputs: [values.length - 1], constants: {} };
}

describe("checkGraph", () => {
	test("accepts a sound graph", () => {
		expect(() => checkGraph(sketchGraph(sound))).not.toThrow();
	});

	const broken: Readonly<Record<string, Partial<GraphSketch>>> = {
		"nodes out of order": { nodes: sound.nodes.toReversed(), inputs: [0] },
		"a value defined twice": { inputs: [0, 2] },
		"an output that nothing defines": { inputs: [0], nodes: sound.nodes.slice(0, 2) },
		"an id beyond the values": { outputs: [9] },
		"a constant of another length": {
			constants: { 1: { dataType: "float32", shape: [3, 4], bytes: new Uint8Array(44) } },
		},
		"a constant of another shape": {
			constants: { 1: writeElements("float32", [4, 3], new Float64Array(12)) },
		},
		"a negative extent": { values: [["x", [-1, 3]], ...sound.values.slice(1)] },
		"inner extents that differ": oneNode({ kind: "matmul", left: 0, right: 1, output: 2 }, [
			["a", [2, 3]],
			["b", [4, 5]],
			["c", [2, 5]],
		]),
		"an output of another shape than its kind gives": oneNode(
			{ kind: "reduce", operator: "sum", input: 0, axes: [1], keepDimensions: false, output: 1 },
			[
				["a", [2, 3]],
				["b", [2, 1]],
			],
		),
		"axes that descend": oneNode(
			{ kind: "reduce", operator: "sum", input: 0, axes: [1, 0], keepDimensions: false, output: 1 },
			[
				["a", [2, 3]],
				["b", []],
			],
		),
		"operands of two types": oneNode({ kind: "binary", operator: "add", left: 0, right: 1, output: 2 }, [
			["a", [2]],
			["b", [2], "float16"],
			["c", [2]],
		]),
		"a comparison that gives no bool": oneNode(
			{ kind: "binary", operator: "less", left: 0, right: 0, output: 1 },
			[
				["a", [2]],
				["b", [2]],
			],
		),
		"a slice that reads outside": oneNode({ kind: "slice", input: 0, starts: [1], steps: [2], output: 1 }, [
			["a", [4]],
			["b", [3]],
		]),
		"a permutation that names an axis twice": oneNode(
			{ kind: "transpose", input: 0, permutation: [0, 0], output: 1 },
			[
				["a", [2, 2]],
				["b", [2, 2]],
			],
		),
		"a reshape that loses elements": oneNode({ kind: "reshape", input: 0, output: 1 }, [
			["a", [4]],
			["b", [3]],
		]),
		"indices that are floats": oneNode({ kind: "gather", data: 0, indices: 1, axis: 0, output: 2 }, [
			["a", [4]],
			["b", [3]],
			["c", [3]],
		]),
		"a select on a float": oneNode({ kind: "select", condition: 0, whenTrue: 0, whenFalse: 0, output: 1 }, [
			["a", [4]],
			["b", [4]],
		]),
		"a logarithm of integers": oneNode({ kind: "unary", operator: "log", input: 0, output: 1 }, [
			["a", [4], "int32"],
			["b", [4], "int32"],
		]),
	};

	test.each(Object.keys(broken))("refuses %s", (name) => {
		expect(() => checkGraph(sketchGraph({ ...sound, ...broken[name] }))).toThrow(AssertionError);
	});
});
