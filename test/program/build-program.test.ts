import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Graph } from "#shared/graph/graph.ts";
import { buildProgram } from "#shared/program/build-program.ts";
import { checkProgram } from "#shared/program/check.ts";
import { canonicalProgram, programDigest } from "#shared/program/fingerprint.ts";
import { printProgram } from "#shared/program/print.ts";
import { randomGraph } from "#test/support/random-graph.ts";
import {
	type BoundProgram,
	expectSameResults,
	shuffleGraph,
	tensorGraph,
} from "#test/support/tensor-graph.ts";

const seed = Number(process.env.TEST_SEED);

function build(graph: Graph): BoundProgram | string {
	const nodes = [...graph.nodes.keys()];
	const outputs = graph.outputs.map((output) => output.value);
	const built = buildProgram(graph, nodes, outputs);
	if (built.kind === "border") return built.reason;
	return { nodes, program: built.program, programInputs: built.inputs, programOutputs: outputs };
}

/** The canonical program's text, after checking it and comparing it with the graph on random inputs. */
function buildAndCompare(graph: Graph): string {
	const bound = build(graph);
	if (typeof bound === "string") return bound;
	checkProgram(bound.program);
	expectSameResults(graph, bound, 7);
	return printProgram(canonicalProgram(bound.program).program);
}

describe("random graphs", () => {
	test("a program computes what its graph computes", () => {
		let built = 0;
		let tried = 0;
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 2 ** 31 }),
				fc.integer({ min: 1, max: 10 }),
				(graphSeed, length) => {
					const graph = randomGraph(graphSeed, length);
					const bound = build(graph);
					tried++;
					if (typeof bound === "string") return;
					built++;
					checkProgram(bound.program);
					expectSameResults(graph, bound, graphSeed);
				},
			),
			{ seed, numRuns: 1000 },
		);
		expect(built / tried).toBeGreaterThan(0.4);
	});

	test("the canonical form computes the same, and canonicalising again changes nothing", () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (graphSeed) => {
				const graph = randomGraph(graphSeed, 6);
				const bound = build(graph);
				if (typeof bound === "string") return;
				const { program, inputOrder, outputOrder } = canonicalProgram(bound.program);
				checkProgram(program);
				const programInputs = inputOrder.map((input) => bound.programInputs[input] ?? -1);
				const programOutputs = outputOrder.map((output) => bound.programOutputs[output] ?? -1);
				expectSameResults(graph, { ...bound, program, programInputs, programOutputs }, graphSeed);
				expect(printProgram(canonicalProgram(program).program)).toBe(printProgram(program));
			}),
			{ seed, numRuns: 300 },
		);
	});

	test("the digest does not depend on names, on the order of nodes, or on how values are numbered", () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (graphSeed) => {
				const graph = randomGraph(graphSeed, 8);
				const bound = build(graph);
				const other = build(shuffleGraph(graph, graphSeed + 1));
				if (typeof bound === "string" || typeof other === "string") {
					expect(typeof other).toBe(typeof bound);
					return;
				}
				expect(programDigest(other.program)).toBe(programDigest(bound.program));
			}),
			{ seed, numRuns: 500 },
		);
	});
});

describe("views and labels", () => {
	test("transposed, sliced and reversed inputs become strides and offsets", () => {
		const text = buildAndCompare(
			tensorGraph((b) => {
				const x = b.input("x", "float32", [6, 4], "activation");
				const part = b.slice(x, [4, 3], [2, 3], [-2, -1]);
				return [b.unary("exp", b.transpose(part, [1, 0]))];
			}),
		);
		expect(text).toBe(
			`axes a=3 b=2
in0 activation float32[6,4]
t0[a,b] = in0[19-a-8b]
t1[a,b] = exp(t0)
out0 float32[3,2]
out0[2a+b] = t1
`,
		);
	});

	test("a reshape of a computed value splits its axis wherever it occurs", () => {
		const text = buildAndCompare(
			tensorGraph((b) => {
				const x = b.input("x", "float32", [5, 8], "activation");
				const w = b.input("w", "float32", [8, 6], "weight");
				const heads = b.transpose(b.reshape(b.matmul(x, w), [5, 2, 3]), [1, 0, 2]);
				return [b.binary("add", heads, b.input("c", "float32", [2, 1, 1], "weight"))];
			}),
		);
		expect(text).toBe(
			`axes a=2 b=5 c=3 d=8
in0 activation float32[5,8]
in1 weight float32[8,6]
in2 weight float32[2,1,1]
t0[b,d] = in0[8b+d]
t1[a,c,d] = in1[6d+3a+c]
t2[a,b,c] = contract(t0, t1; d)
t3[a] = in2[a]
t4[a,b,c] = add(t2, t3)
out0 float32[2,5,3]
out0[15a+3b+c] = t4
`,
		);
	});

	test("self-attention reads one tensor along two axes", () => {
		const text = buildAndCompare(
			tensorGraph((b) => {
				const x = b.input("x", "float32", [7, 4], "activation");
				return [b.matmul(x, b.transpose(x, [1, 0]))];
			}),
		);
		expect(text).toContain("t0[a,c] = in0[4a+c]\nt1[b,c] = in0[4b+c]\nt2[a,b] = contract(t0, t1; c)");
	});

	test("rotary embedding dissolves into two pieces of its output", () => {
		const text = buildAndCompare(
			tensorGraph((b) => {
				const x = b.input("x", "float32", [3, 8], "activation");
				const cos = b.input("cos", "float32", [3, 8], "activation");
				const sin = b.input("sin", "float32", [3, 8], "activation");
				const upper = b.unary("negate", b.slice(x, [0, 4], [3, 4], [1, 1]));
				const rotated = b.concat([upper, b.slice(x, [0, 0], [3, 4], [1, 1])], 1);
				return [b.binary("add", b.binary("multiply", x, cos), b.binary("multiply", rotated, sin))];
			}),
		);
		expect(text).toContain("out0[8a+b] = ");
		expect(text).toContain("out0[4+8a+b] = ");
		expect(text.match(/= in0/g)).toHaveLength(2);
	});

	test("parts of a projection are projections by parts of the weight, none computed twice", () => {
		const text = buildAndCompare(
			tensorGraph((b) => {
				const x = b.input("x", "float32", [3, 8], "activation");
				const both = b.matmul(x, b.input("w", "float32", [8, 10], "weight"));
				const [gate, up] = [0, 5].map((start) => b.slice(both, [0, start], [3, 5], [1, 1]));
				return [b.binary("multiply", b.unary("sigmoid", gate ?? 0), up ?? 0)];
			}),
		);
		expect(text.match(/contract/g)).toHaveLength(2);
		expect(text).toContain("in1[5+10c+b]");
	});

	test("axes that always run together are one", () => {
		const text = buildAndCompare(
			tensorGraph((b) => {
				const x = b.input("x", "float32", [2, 3, 5], "activation");
				return [b.binary("divide", x, b.reduce("sum", x, [2], true))];
			}),
		);
		expect(text.split("\n")[0]).toBe("axes a=6 b=5");
	});

	test("a residual is read along the output's axis, not along the contracted one", () => {
		const text = buildAndCompare(
			tensorGraph((b) => {
				const x = b.input("x", "float32", [3, 4], "activation");
				const square = b.reduce("sum", b.binary("multiply", x, x), [1], true);
				const hidden = b.matmul(b.binary("divide", x, square), b.input("w", "float32", [4, 9], "weight"));
				return [b.binary("add", x, b.matmul(hidden, b.input("v", "float32", [9, 4], "weight")))];
			}),
		);
		expect(text.match(/= in0/g)).toHaveLength(2);
		expect(text.split("\n")[0]).toBe("axes a=3 b=4 c=4 d=9");
	});
});

describe("primitives", () => {
	const oneInput = (
		write: (b: Parameters<Parameters<typeof tensorGraph>[0]>[0], x: number) => number,
	): Graph => tensorGraph((b) => [write(b, b.input("x", "float32", [4], "activation"))]);
	test.each([
		["power 2", oneInput((b, x) => b.binary("power", x, b.scalar(2, "float32"))), ["multiply(t0, t0)"]],
		[
			"power 3",
			oneInput((b, x) => b.binary("power", x, b.scalar(3, "float32"))),
			["multiply(t0, t0)", "multiply(t0, t1)"],
		],
		[
			"power 0.5",
			oneInput((b, x) => b.binary("power", b.unary("abs", x), b.scalar(0.5, "float32"))),
			["sqrt(t1)"],
		],
		["reciprocal", oneInput((b, x) => b.unary("reciprocal", x)), ["divide(t0, t1)"]],
		[
			"greater",
			oneInput((b, x) => b.cast(b.binary("greater", x, b.scalar(0, "float32")), "float32")),
			["less(t0, t1)"],
		],
		["to bool", oneInput((b, x) => b.cast(x, "bool")), ["equal(t0, t1)", "not(t2)"]],
		[
			"of a constant factor",
			oneInput((b, x) => b.reduce("sum", b.broadcast(x, [3, 4]), [0], false)),
			["multiply(t0, t1)"],
		],
	] as const)("%s is spelled with the operators of programs", (_, graph, expressions) => {
		const text = buildAndCompare(graph);
		for (const expression of expressions) expect(text).toContain(expression);
	});

	test("casts between floats dissolve, float16 being storage only", () => {
		const text = buildAndCompare(
			tensorGraph((b) => {
				const x = b.input("x", "float16", [4], "activation");
				return [b.unary("negate", b.cast(x, "float32"))];
			}),
		);
		expect(text.match(/^t/gm)).toHaveLength(2);
	});
});

describe("borders", () => {
	test.each([
		[
			"a value added to its own transpose",
			"one axis would stand in two dimensions of a tensor",
			(b: Parameters<Parameters<typeof tensorGraph>[0]>[0]) => {
				const h = b.unary("exp", b.input("x", "float32", [4, 4], "activation"));
				return [b.binary("add", h, b.transpose(h, [1, 0]))];
			},
		],
		[
			"a reshape that cuts across axes",
			"a reshape that splits no axis evenly",
			(b: Parameters<Parameters<typeof tensorGraph>[0]>[0]) => {
				const h = b.unary("exp", b.input("x", "float32", [6, 4], "activation"));
				return [b.unary("negate", b.reshape(h, [8, 3]))];
			},
		],
		[
			"a reduction wanted whole and in part",
			"a reduce would be computed both whole and in part",
			(b: Parameters<Parameters<typeof tensorGraph>[0]>[0]) => {
				const sums = b.reduce("sum", b.input("x", "float32", [6, 4], "activation"), [1], false);
				return [b.unary("exp", sums), b.unary("exp", b.slice(sums, [1], [2], [1]))];
			},
		],
		[
			"integer arithmetic",
			"int64 arithmetic",
			(b: Parameters<Parameters<typeof tensorGraph>[0]>[0]) => {
				const x = b.input("x", "int64", [6], "activation");
				return [b.cast(b.binary("add", x, x), "float32")];
			},
		],
	] as const)("%s is refused with its reason", (_, reason, write) => {
		expect(build(tensorGraph(write))).toBe(reason);
	});
});
