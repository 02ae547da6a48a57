import { expect, test } from "vitest";
import { printGraph } from "#shared/graph/print.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { sketchGraph } from "#test/support/graph-sketch.ts";

test("prints one line a definition, with attributes by name and names as JSON", () => {
	const graph = sketchGraph({
		values: [
			['x"\n', [2, 3]],
			["half", []],
			["scaled", [2, 3]],
			["turned", [3, 2]],
			["total", [2]],
			["unread", [1]],
		],
		constants: {
			1: writeElements("float32", [], [0.5]),
			5: writeElements("float32", [1], [7]),
		},
		nodes: [
			{ kind: "binary", operator: "multiply", left: 0, right: 1, output: 2 },
			{ kind: "transpose", input: 2, permutation: [1, 0], output: 3 },
			{ kind: "reduce", operator: "sum", input: 3, axes: [0], keepDimensions: false, output: 4 },
		],
		outputs: [4],
	});
	expect(printGraph(graph)).toBe(
		[
			'graph "sketch"',
			'%0 = input activation "x\\"\\n" : float32[2, 3]',
			'%1 = constant "half" : float32[] {0.5}',
			"%2 = binary multiply %0 %1 : float32[2, 3]  ; Test",
			"%3 = transpose %2 permutation=[1, 0] : float32[3, 2]  ; Test",
			"%4 = reduce sum %3 axes=[0] keepDimensions=false : float32[2]  ; Test",
			'return %4 "out_4"',
			"",
		].join("\n"),
	);
});
