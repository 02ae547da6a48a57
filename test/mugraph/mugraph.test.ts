import { describe, expect, test } from "vitest";
import { bytesMoved } from "#shared/mugraph/bytes-moved.ts";
import { checkMuGraph } from "#shared/mugraph/check.ts";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import { inputMap, loopMap, outputMap } from "#shared/mugraph/maps.ts";
import type { BlockNode, Kernel, LoadNode, MuGraph, StoreNode } from "#shared/mugraph/mugraph.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import { muGraphSchema } from "#shared/protocol/mugraph-schema.ts";

const matrix = (shape: readonly number[]) => ({ shape, dataType: "float32", role: "activation" }) as const;
const access = (axes: readonly number[], strides: readonly number[]) => ({ offset: 0, axes, strides });

/** [8, 64]·[64, 32] as a two-kernel µGraph: the product over a loop, then its negation. */
const nodes: readonly BlockNode[] = [
	{
		kind: "load",
		source: { kind: "input", input: 0, access: access([0, 1], [64, 1]) },
		axes: [0, 1],
		stage: 1,
	},
	{
		kind: "load",
		source: { kind: "input", input: 1, access: access([1, 2], [32, 1]) },
		axes: [1, 2],
		stage: 1,
	},
	{ kind: "contract", left: 0, right: 1, over: [1], axes: [0, 2], stage: 1 },
	{ kind: "accumulate", combine: "sum", operand: 2, rescale: null, axes: [0, 2], stage: 1 },
	{ kind: "store", operand: 3, target: { kind: "intermediate", intermediate: 0 }, axes: [0, 2], stage: 2 },
];
const negation: Kernel = {
	grid: [0],
	loop: null,
	nodes: [
		{ kind: "load", source: { kind: "intermediate", intermediate: 0 }, axes: [0, 2], stage: 0 },
		{ kind: "map", operator: "negate", operands: [0], axes: [0, 2], stage: 0 },
		{
			kind: "store",
			operand: 1,
			target: { kind: "output", output: 0, access: access([0, 2], [32, 1]) },
			axes: [0, 2],
			stage: 0,
		},
	],
};
const product: MuGraph = {
	axes: [{ extent: 8 }, { extent: 64 }, { extent: 32 }],
	splits: [],
	inputs: [matrix([8, 64]), matrix([64, 32])],
	outputs: [{ shape: [8, 32], dataType: "float32" }],
	intermediates: [{ axes: [0, 2] }],
	kernels: [{ grid: [0, 2], loop: 1, nodes }, negation],
};

function withNode(at: number, change: Partial<BlockNode>): MuGraph {
	const changed = nodes.map((node, id) => (id === at ? ({ ...node, ...change } as BlockNode) : node));
	return { ...product, kernels: [{ grid: [0, 2], loop: 1, nodes: changed }, negation] };
}

function withKernel(change: Partial<Kernel>): MuGraph {
	return { ...product, kernels: [{ grid: [0, 2], loop: 1, nodes, ...change }, negation] };
}

describe("checkMuGraph", () => {
	test("finds nothing wrong with a right µGraph", () => {
		expect(checkMuGraph(product)).toEqual([]);
	});

	const broken: readonly (readonly [string, MuGraph])[] = [
		["extent 1", { ...product, axes: [{ extent: 1 }, { extent: 64 }, { extent: 32 }] }],
		["reduces grid axis", withKernel({ grid: [0, 1, 2], loop: null })],
		["on the grid", withKernel({ loop: 2 })],
		["loop stage in a kernel without a loop", withKernel({ loop: null })],
		["stores nothing", withKernel({ nodes: nodes.slice(0, 4) })],
		["does not come before", withNode(2, { left: 3 } as Partial<BlockNode>)],
		["stages decrease", withNode(2, { stage: 0 })],
		["value of an earlier pass", withNode(4, { operand: 2 } as Partial<BlockNode>)],
		["unfinished accumulator", withNode(4, { stage: 1 })],
		["expected 0,2", withNode(2, { axes: [0, 1, 2] })],
		["which no operand has", withNode(2, { over: [1, 2, 0, 3] } as Partial<BlockNode>)],
		["not ascending", withNode(2, { axes: [2, 0] })],
		[
			"reads outside input",
			withNode(0, {
				source: { kind: "input", input: 0, access: access([0, 1], [65, 1]) },
			} as Partial<BlockNode>),
		],
		[
			"no input 7",
			withNode(0, {
				source: { kind: "input", input: 7, access: access([0, 1], [64, 1]) },
			} as Partial<BlockNode>),
		],
		[
			"accumulates a value that has the loop axis",
			withNode(3, { operand: 0, axes: [0, 1] } as Partial<BlockNode>),
		],
		["rescales by something else", withNode(3, { rescale: 2 } as Partial<BlockNode>)],
		["every tile along grid axis", withNode(4, { axes: [0] })],
		["never read", { ...product, kernels: product.kernels.slice(0, 1) }],
		["read before", { ...product, kernels: [...product.kernels].reverse() }],
		["cover it exactly once", { ...product, outputs: [{ shape: [8, 33], dataType: "float32" }] }],
	];

	test.each(broken)("names what is wrong: %s", (message, muGraph) => {
		expect(checkMuGraph(muGraph).join("\n")).toContain(message);
	});
});

/** Squared deviations along the second axis of [8, 64], carried over a loop. */
function deviationsWith(change: Partial<BlockNode>, storeStage = 2, kernel: Partial<Kernel> = {}): MuGraph {
	const node = { kind: "accumulateDeviations", operand: 0, over: [1], axes: [0], stage: 1, ...change };
	const target = { kind: "output", output: 0, access: access([0], [1]) } as const;
	const carried: readonly BlockNode[] = [
		{
			kind: "load",
			source: { kind: "input", input: 0, access: access([0, 1], [64, 1]) },
			axes: [0, 1],
			stage: 1,
		},
		node as BlockNode,
		{ kind: "store", operand: 1, target, axes: [0], stage: storeStage },
	];
	return {
		axes: [{ extent: 8 }, { extent: 64 }],
		splits: [],
		inputs: [matrix([8, 64])],
		outputs: [{ shape: [8], dataType: "float32" }],
		intermediates: [],
		kernels: [{ grid: [0], loop: 1, nodes: carried, ...kernel }],
	};
}

describe("squared deviations", () => {
	test("are well formed over the loop axis, print, and keep their digest on the wire", () => {
		const muGraph = deviationsWith({});
		expect(checkMuGraph(muGraph)).toEqual([]);
		expect(printMuGraph(muGraph)).toContain("    %1 {a0} = accumulate deviations %0 over {a1}\n");
		expect(muGraphSchema.parse(JSON.parse(JSON.stringify(muGraph)))).toEqual(muGraph);
	});

	const broken: readonly (readonly [string, MuGraph])[] = [
		["deviations before their last step", deviationsWith({}, 1)],
		["accumulates outside the loop", deviationsWith({ stage: 2 })],
		["accumulates a value of another stage", deviationsWith({ stage: 3 }, 4)],
		["expected 0", deviationsWith({ axes: [0, 1] })],
		["over other axes than the loop's", deviationsWith({ over: [0], axes: [1] } as Partial<BlockNode>)],
		["reduces grid axis 0", deviationsWith({ over: [0, 1], axes: [] } as Partial<BlockNode>)],
		["a loop stage in a kernel without a loop", deviationsWith({}, 2, { loop: null })],
	];
	test.each(broken)("are refused when they break a law: %s", (message, muGraph) => {
		expect(checkMuGraph(muGraph).join("\n")).toContain(message);
	});
});

describe("muGraphDigest", () => {
	test("does not depend on the order of loads or of commutative operands", () => {
		const [left, right, ...rest] = nodes;
		if (left === undefined || right === undefined) throw new Error("two loads");
		const swapped = [right, left, ...rest];
		expect(muGraphDigest(withKernel({ nodes: swapped }))).toBe(muGraphDigest(product));
	});

	test("does not depend on how intermediates are numbered", () => {
		const second: Kernel = {
			...negation,
			nodes: negation.nodes.map(
				(node): BlockNode =>
					node.kind === "load" ? { ...node, source: { kind: "intermediate", intermediate: 1 } } : node,
			),
		};
		const first: Kernel = {
			grid: [0, 2],
			loop: 1,
			nodes: nodes.map(
				(node): BlockNode =>
					node.kind === "store" ? { ...node, target: { kind: "intermediate", intermediate: 1 } } : node,
			),
		};
		const renumbered = {
			...product,
			intermediates: [{ axes: [0] }, { axes: [0, 2] }],
			kernels: [first, second],
		};
		expect(muGraphDigest(renumbered)).toBe(muGraphDigest(product));
	});

	const others: readonly (readonly [string, MuGraph])[] = [
		["a smaller grid", withKernel({ grid: [0] })],
		[
			"other strides",
			withNode(1, {
				source: { kind: "input", input: 1, access: access([1, 2], [1, 64]) },
			} as Partial<BlockNode>),
		],
		["another combination", withNode(3, { combine: "product" } as Partial<BlockNode>)],
		["other extents", { ...product, axes: [{ extent: 8 }, { extent: 64 }, { extent: 31 }] }],
	];

	test.each(others)("tells apart %s", (_, other) => {
		expect(muGraphDigest(other)).not.toBe(muGraphDigest(product));
	});
});

test("Mirage's maps follow from the labels", () => {
	const kernel = withKernel({}).kernels[0];
	if (kernel === undefined) throw new Error("a kernel");
	const [left, right] = kernel.nodes as readonly LoadNode[];
	if (left === undefined || right === undefined) throw new Error("two loads");
	expect(inputMap(left, kernel, product)).toEqual([0, "replica"]);
	expect(inputMap(right, kernel, product)).toEqual(["replica", 1]);
	expect([loopMap(left, kernel, product), loopMap(right, kernel, product)]).toEqual([1, 0]);
	expect(outputMap(kernel.nodes[4] as StoreNode, kernel, product)).toEqual([0, 1]);
});

test("bytes moved count what each tile fetches again", () => {
	const whole = [
		{ gridTiles: [8, 32], loopTile: 64 },
		{ gridTiles: [8], loopTile: 0 },
	];
	const cut = [
		{ gridTiles: [4, 8], loopTile: 16 },
		{ gridTiles: [3], loopTile: 0 },
	];
	const [x, w, y] = [8 * 64 * 4, 64 * 32 * 4, 8 * 32 * 4];
	expect(bytesMoved(product, whole)).toEqual({ readBytes: x + w + y, writtenBytes: 2 * y });
	expect(bytesMoved(product, cut)).toEqual({ readBytes: 4 * x + 2 * w + y, writtenBytes: 2 * y });
});

test("prints grid, loop, stages and maps", () => {
	expect(printMuGraph(product)).toBe(`axes a0:8 a1:64 a2:32
intermediate t0 {a0,a2}
kernel 0 grid {a0,a2} loop a1
  stage 1 for each step of a1
    %0 {a0,a1} = load input0[a0*64 + a1*1] inputMap (0,-) loopMap 1
    %1 {a1,a2} = load input1[a1*32 + a2*1] inputMap (-,1) loopMap 0
    %2 {a0,a2} = contract %0 %1 over {a1}
    %3 {a0,a2} = accumulate sum %2
  stage 2
    store %3 to t0 outputMap (0,1)
kernel 1 grid {a0} loop none
  stage 0
    %0 {a0,a2} = load t0 inputMap (0)
    %1 {a0,a2} = negate %0
    store %1 to output0[a0*32 + a2*1] outputMap (0)
`);
});
