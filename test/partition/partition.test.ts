import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Graph, nodeOperands } from "#shared/graph/graph.ts";
import type { GraphBuilder } from "#shared/onnx/graph-builder.ts";
import { type Partition, partitionGraph } from "#shared/partition/partition.ts";
import { checkProgram } from "#shared/program/check.ts";
import { randomGraph } from "#test/support/random-graph.ts";
import { expectSameResults, tensorGraph } from "#test/support/tensor-graph.ts";

const seed = Number(process.env.TEST_SEED);

/** Fails when replacing each island by one operator would make the graph cyclic. */
function expectConvex(graph: Graph, partition: Partition): void {
	const groupOf = new Map<number, string>();
	for (const island of partition.islands)
		for (const node of island.nodes) groupOf.set(node, `island ${island.index}`);
	const group = (node: number): string => groupOf.get(node) ?? `node ${node}`;
	const producer = new Map(graph.nodes.map((node, id) => [node.output, id]));
	const readsFrom = new Map<string, Set<string>>();
	for (const [id, node] of graph.nodes.entries()) {
		const reads = readsFrom.get(group(id)) ?? new Set();
		for (const operand of nodeOperands(node)) {
			const from = producer.get(operand);
			if (from !== undefined && group(from) !== group(id)) reads.add(group(from));
		}
		readsFrom.set(group(id), reads);
	}
	while (readsFrom.size > 0) {
		const ready = [...readsFrom].find(([, reads]) => [...reads].every((from) => !readsFrom.has(from)));
		expect(ready, `a cycle among ${[...readsFrom.keys()].join(", ")}`).toBeDefined();
		readsFrom.delete(ready?.[0] ?? "");
	}
}

function expectSound(graph: Graph, partition: Partition, runSeed: number): void {
	const inIslands = partition.islands.flatMap((island) => island.sources);
	const all = [...inIslands, ...partition.outside.map(({ source }) => source)].sort((a, b) => a - b);
	expect(all).toEqual([...new Set(graph.nodes.map((node) => node.source))].sort((a, b) => a - b));
	expectConvex(graph, partition);
	for (const island of partition.islands) {
		checkProgram(island.program);
		expect([...island.programOutputs].sort()).toEqual([...island.outputs].sort());
		expect(island.inputs).toEqual(expect.arrayContaining([...island.programInputs]));
		expectSameResults(graph, island, runSeed);
	}
}

describe("partitionGraph on random graphs", () => {
	test("puts every ONNX node in one place, keeps islands convex, and their programs compute the same", () => {
		let islands = 0;
		fc.assert(
			fc.property(
				fc.integer({ min: 0, max: 2 ** 31 }),
				fc.integer({ min: 1, max: 16 }),
				(graphSeed, length) => {
					const graph = randomGraph(graphSeed, length);
					const partition = partitionGraph(graph);
					expectSound(graph, partition, graphSeed);
					islands += partition.islands.length;
					expect(partitionGraph(graph)).toEqual(partition);
				},
			),
			{ seed, numRuns: 300 },
		);
		expect(islands).toBeGreaterThan(200);
	});
});

/** Operators of each island, in order. */
function islandsOf(graph: Graph): string[] {
	return partitionGraph(graph).islands.map((island) =>
		island.sources.map((source) => graph.sources[source]?.operator ?? "").join(" "),
	);
}

const activation = (b: GraphBuilder, shape: number[]) => b.input("", "float32", shape, "activation");
const weight = (b: GraphBuilder, shape: number[]) => b.input("", "float32", shape, "weight");

function norm(b: GraphBuilder, x: number): number {
	const axis = b.shapeOf(x).length - 1;
	const square = b.reduce("sum", b.binary("multiply", x, x), [axis], true);
	return b.binary("divide", x, b.unary("sqrt", square));
}

function softmax(b: GraphBuilder, x: number): number {
	const axis = b.shapeOf(x).length - 1;
	const e = b.unary("exp", b.binary("subtract", x, b.reduce("max", x, [axis], true)));
	return b.binary("divide", e, b.reduce("sum", e, [axis], true));
}

describe("what becomes one island", () => {
	test("a normalisation goes to the projections it feeds, not to the residual before it", () => {
		const graph = tensorGraph((b) => {
			const x = activation(b, [16, 64]);
			const h = b.binary("add", x, b.matmul(activation(b, [16, 48]), weight(b, [48, 64])));
			const gate = b.matmul(norm(b, h), weight(b, [64, 96]));
			return [b.binary("add", h, b.matmul(b.unary("sigmoid", gate), weight(b, [96, 64])))];
		});
		expect(islandsOf(graph)).toEqual([
			"matmul binary",
			"binary reduce unary binary matmul unary matmul binary",
		]);
	});

	test("attention is one island, its output projection another", () => {
		const graph = tensorGraph((b) => {
			const [q, k, v] = [0, 1, 2].map(() => activation(b, [2, 24, 16]));
			const scores = b.binary(
				"multiply",
				b.matmul(q ?? 0, b.transpose(k ?? 0, [0, 2, 1])),
				b.scalar(0.25, "float32"),
			);
			const heads = b.transpose(b.matmul(softmax(b, scores), v ?? 0), [1, 0, 2]);
			return [b.matmul(b.reshape(heads, [24, 32]), weight(b, [32, 64]))];
		});
		expect(islandsOf(graph)).toEqual([
			"transpose matmul binary reduce binary unary reduce binary matmul transpose reshape",
			"matmul",
		]);
	});

	test("projections of one tensor are one island with several outputs", () => {
		const graph = tensorGraph((b) => {
			const x = activation(b, [16, 64]);
			return [64, 32, 32].map((n) => b.matmul(x, weight(b, [64, n])));
		});
		const { islands } = partitionGraph(graph);
		expect(islands).toHaveLength(1);
		expect(islands[0]?.program.outputs).toHaveLength(3);
	});

	test("a low-rank branch joins the product it corrects", () => {
		const graph = tensorGraph((b) => {
			const x = activation(b, [16, 256]);
			const branch = b.matmul(b.matmul(x, weight(b, [256, 8])), weight(b, [8, 256]));
			return [b.binary("add", b.matmul(x, weight(b, [256, 256])), branch)];
		});
		expect(islandsOf(graph)).toHaveLength(1);
	});

	test("equal layers have equal digests, whatever their weights are", () => {
		const graph = tensorGraph((b) => {
			let x = activation(b, [16, 64]);
			for (let layer = 0; layer < 3; layer++) {
				const hidden = b.unary("tanh", b.matmul(norm(b, x), weight(b, [64, 128])));
				x = b.binary("add", x, b.matmul(hidden, weight(b, [128, 64])));
			}
			return [x];
		});
		const digests = partitionGraph(graph).islands.map((island) => island.digest);
		expect(digests).toHaveLength(3);
		expect(new Set(digests).size).toBe(1);
	});

	test("views that feed an island are read through strides, those that others read too stay outside", () => {
		const graph = tensorGraph((b) => {
			const x = activation(b, [24, 16]);
			const turned = b.transpose(x, [1, 0]);
			const alone = b.transpose(activation(b, [24, 16]), [1, 0]);
			return [b.unary("exp", b.binary("add", alone, turned)), turned];
		});
		const { islands, outside } = partitionGraph(graph);
		expect(islands).toHaveLength(1);
		expect(outside.map(({ reason }) => reason)).toEqual(["data movement alone"]);
	});
});

describe("limits", () => {
	const chain = (length: number): Graph =>
		tensorGraph((b) => {
			let x = activation(b, [16, 64]);
			for (let i = 0; i < length; i++) x = b.unary(i % 2 === 0 ? "tanh" : "sigmoid", x);
			return [x];
		});

	test("an island has at most operatorsMax arithmetic nodes", () => {
		const sizes = partitionGraph(chain(10), { operatorsMax: 4 }).islands.map((island) => island.nodes.length);
		expect(Math.max(...sizes)).toBe(4);
		expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(10);
	});

	test("a stack of projections is cut into pairs", () => {
		const graph = tensorGraph((b) => {
			let x = activation(b, [16, 64]);
			for (let i = 0; i < 5; i++) x = b.unary("tanh", b.matmul(x, weight(b, [64, 64])));
			return [x];
		});
		expect(islandsOf(graph)).toEqual([
			"matmul unary matmul unary",
			"matmul unary matmul unary",
			"matmul unary",
		]);
	});
});

describe("what stays outside", () => {
	test.each([
		[
			"a cumulative sum",
			"cumulative sum",
			(b: GraphBuilder) => b.cumulativeSum(activation(b, [8, 8]), 1, false, false),
		],
		[
			"an operator without counterpart",
			"sinh has no counterpart in programs",
			(b: GraphBuilder) => b.unary("sinh", activation(b, [8])),
		],
		[
			"a lone transpose",
			"data movement alone",
			(b: GraphBuilder) => b.transpose(activation(b, [8, 4]), [1, 0]),
		],
		[
			"a lone addition",
			"a single element-wise operator",
			(b: GraphBuilder) => b.binary("add", activation(b, [8]), activation(b, [8])),
		],
		["scalars", "scalars alone", (b: GraphBuilder) => b.unary("exp", b.unary("tanh", activation(b, [1])))],
		[
			"integers",
			"int64 arithmetic",
			(b: GraphBuilder) =>
				b.binary("add", b.input("i", "int64", [8], "activation"), b.input("j", "int64", [8], "activation")),
		],
	] as const)("%s, with its reason", (_, reason, write) => {
		const { islands, outside, coverage } = partitionGraph(tensorGraph((b) => [write(b)]));
		expect(islands).toEqual([]);
		expect([...new Set(outside.map((source) => source.reason))]).toEqual([reason]);
		expect(coverage.sourcesInIslands).toBe(0);
	});

	test("no island spans a refused ONNX node", () => {
		const graph = tensorGraph((b) => {
			const before = b.unary("tanh", b.unary("exp", activation(b, [16, 8])));
			const refused = b.input("convolved", "float32", [16, 8], "foreign");
			return [b.unary("sigmoid", b.binary("add", before, refused)), before];
		});
		expect(islandsOf(graph)).toEqual(["unary unary", "binary unary"]);
	});
});
