// Concatenations below a sum or an element-wise operator: rotary embeddings in both styles, cached keys and values.

import { describe, expect, test } from "vitest";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import type { GraphBuilder } from "#shared/onnx/graph-builder.ts";
import { buildProgram } from "#shared/program/build-program.ts";
import { checkProgram } from "#shared/program/check.ts";
import { canonicalProgram, programDigest } from "#shared/program/fingerprint.ts";
import type { Program } from "#shared/program/program.ts";
import {
	attend,
	decodingStep,
	rotary,
	rotarySelfAttention,
	rotatedHalves,
	rotationStyles,
} from "#test/support/rotary-graphs.ts";
import { expectSameResults, shuffleGraph, tensorGraph } from "#test/support/tensor-graph.ts";

const activation = (b: GraphBuilder, shape: readonly number[]): ValueId =>
	b.input("", "float32", shape, "activation");

function outcomeOf(graph: Graph) {
	return buildProgram(
		graph,
		[...graph.nodes.keys()],
		graph.outputs.map((output) => output.value),
	);
}

/** The canonical program, after checking it, comparing it with its graph, and building it from the graph in another order. */
function programOf(graph: Graph): Program {
	const built = outcomeOf(graph);
	if (built.kind === "border") throw new Error(built.reason);
	checkProgram(built.program);
	const programOutputs = graph.outputs.map((output) => output.value);
	const nodes = [...graph.nodes.keys()];
	expectSameResults(
		graph,
		{ nodes, program: built.program, programInputs: built.inputs, programOutputs },
		11,
	);
	const shuffled = outcomeOf(shuffleGraph(graph, 3));
	if (shuffled.kind === "border") throw new Error(shuffled.reason);
	expect(programDigest(shuffled.program)).toBe(programDigest(built.program));
	return canonicalProgram(built.program).program;
}

const countOf = (program: Program, kind: string): number =>
	program.nodes.filter((node) => node.kind === kind || (node.kind === "map" && node.operator === kind))
		.length;
const piecesOf = (program: Program): number[] => program.outputs.map((output) => output.pieces.length);

describe.each(rotationStyles)("rotary embedding by %s", (_, rotate) => {
	test.each([
		[1, 2, 1],
		[2, 3, 3],
		[3, 5, 7],
		[2, 8, 4],
	])("of queries and keys dissolves in attention: %i heads, %i tokens, %i pairs", (heads, n, half) => {
		const program = programOf(tensorGraph((b) => [rotarySelfAttention(b, rotate, heads, n, half)]));
		expect(piecesOf(program)).toEqual([1]);
		expect(countOf(program, "contract")).toBe(half === 1 ? 1 : 3);
		expect(countOf(program, "cos")).toBe(2);
	});

	test("reads each half of a tensor once, along one axis of half the width", () => {
		const program = programOf(
			tensorGraph((b) => {
				const table = activation(b, [5, 6]);
				const queries = rotary(b, rotate, activation(b, [5, 6]), table, table);
				return [b.matmul(queries, activation(b, [6, 7]))];
			}),
		);
		expect(program.axes.map((axis) => axis.extent).sort()).toEqual([3, 5, 7]);
		expect(countOf(program, "input")).toBe(6);
	});

	test("leaves the island in two regions", () => {
		const program = programOf(
			tensorGraph((b) => [
				rotary(b, rotate, activation(b, [3, 10]), activation(b, [3, 10]), activation(b, [10])),
			]),
		);
		expect(piecesOf(program)).toEqual([2]);
	});
});

test("a rotation of some columns leaves the others as a third part", () => {
	const program = programOf(
		tensorGraph((b) => {
			const x = activation(b, [5, 9]);
			const turned = b.slice(x, [0, 0], [5, 6], [1, 1]);
			const table = activation(b, [5, 6]);
			const passed = b.slice(x, [0, 6], [5, 3], [1, 1]);
			const whole = b.concat([rotary(b, rotatedHalves, turned, table, table), passed], 1);
			return [b.matmul(whole, activation(b, [9, 4]))];
		}),
	);
	expect(countOf(program, "contract")).toBe(3);
});

describe("cached keys and values", () => {
	test.each([
		[1, 1, 1],
		[6, 1, 3],
		[7, 3, 5],
		[1, 4, 2],
	])("%i cached, %i new, %i wide: softmax over both is put together from parts", (past, fresh, width) => {
		const program = programOf(
			tensorGraph((b) => {
				const both = (): ValueId =>
					b.concat([activation(b, [2, past, width]), b.unary("tanh", activation(b, [2, fresh, width]))], 1);
				return [attend(b, activation(b, [2, fresh, width]), both(), both())];
			}),
		);
		expect(piecesOf(program)).toEqual([1]);
		expect(countOf(program, "maximum")).toBe(1);
	});

	test("the keys of a decoding step are rotated, stored behind the cached ones, and attended to", () => {
		const program = programOf(
			tensorGraph((b) => decodingStep(b, rotatedHalves, { heads: 2, past: 7, half: 3 })),
		);
		expect(piecesOf(program).sort()).toEqual([1, 2, 4]);
		expect(countOf(program, "cos")).toBe(1);
	});
});

describe("sums over a concatenated axis", () => {
	test.each(["sum", "max", "min", "product"] as const)(
		"%s of parts, of several axes and shapes",
		(operator) => {
			const program = programOf(
				tensorGraph((b) => {
					const x = b.concat([activation(b, [2, 3, 4]), activation(b, [2, 1, 4])], 1);
					const y = b.concat([x, activation(b, [2, 4, 5])], 2);
					return [b.reduce(operator, b.unary("tanh", y), [1, 2], false)];
				}),
			);
			expect(piecesOf(program)).toEqual([1]);
		},
	);

	test("a statistic over one feeds both parts of what it normalises", () => {
		const program = programOf(
			tensorGraph((b) => {
				const x = b.concat([activation(b, [3, 4]), activation(b, [3, 5])], 1);
				return [b.binary("divide", x, b.reduce("sum", b.binary("multiply", x, x), [1], true))];
			}),
		);
		expect(piecesOf(program)).toEqual([2]);
		expect(countOf(program, "reduce")).toBe(2);
	});

	const manyParts = (b: GraphBuilder, count: number): ValueId =>
		b.concat(
			Array.from({ length: count }, () => activation(b, [3, 2])),
			1,
		);
	test.each([
		["a reduction", (b: GraphBuilder, x: ValueId) => b.reduce("sum", x, [1], false)],
		[
			"a matrix product",
			(b: GraphBuilder, x: ValueId) => b.matmul(x, activation(b, [b.shapeOf(x)[1] ?? 0, 4])),
		],
	] as const)("%s has up to four parts, and ends the island with its reason beyond", (what, write) => {
		const graphOf = (count: number): Graph => tensorGraph((b) => [write(b, manyParts(b, count))]);
		expect(piecesOf(programOf(graphOf(4)))).toEqual([1]);
		expect(outcomeOf(graphOf(5))).toEqual({ kind: "border", reason: `${what} in more than 4 pieces` });
	});

	test("what grows too large part by part ends the island with its reason", () => {
		const graphOf = (parts: number): Graph =>
			tensorGraph((b) => {
				let x = manyParts(b, parts);
				for (let i = 0; i < 300; i++) x = b.unary("tanh", x);
				return [x];
			});
		expect(outcomeOf(graphOf(2)).kind).toBe("built");
		expect(outcomeOf(graphOf(8))).toEqual({ kind: "border", reason: "more than 2048 operations" });
	});

	test("a reshape across the joint of columns ends the island with its reason", () => {
		const graph = tensorGraph((b) => {
			const x = b.concat([activation(b, [3, 4]), activation(b, [3, 4])], 1);
			return [b.reduce("sum", b.reshape(x, [24]), [0], true)];
		});
		expect(outcomeOf(graph)).toEqual({ kind: "border", reason: "a reshape across a concatenated axis" });
	});
});

test("a matrix product is not computed for two labellings of a table it is in", () => {
	const graph = tensorGraph((b) => {
		const table = b.matmul(activation(b, [5, 2]), activation(b, [2, 4]));
		return [b.matmul(table, b.transpose(table, [1, 0]))];
	});
	expect(outcomeOf(graph)).toEqual({
		kind: "border",
		reason: "one axis would stand in two dimensions of a tensor",
	});
});
