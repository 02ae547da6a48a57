// Rules that change how nodes hang together, where a kernel's axes go, or how kernels meet.

import { present } from "#shared/fault/assert.ts";
import type { BlockNode, BlockNodeId, Kernel, MuGraph, StoreNode } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { dropNode, insertAfter, withKernel } from "./edit-kernel.ts";

export type KernelRule = (kernel: Kernel, muGraph: MuGraph) => readonly Kernel[];

type Nodes = readonly BlockNode[];

/** A mutant for each node that `added` gives successors for. */
function inserting(
	added: (node: BlockNode, id: BlockNodeId, kernel: Kernel, muGraph: MuGraph) => readonly Nodes[],
): KernelRule {
	return (kernel, muGraph) =>
		kernel.nodes.flatMap((node, id) =>
			node.kind === "store" || node.kind === "constant"
				? []
				: added(node, id, kernel, muGraph).map((nodes) => insertAfter(kernel, id, nodes)),
		);
}

/** Every node's value times a constant of one's own. Of an accumulator: after its pass. */
function scaled(node: BlockNode, id: BlockNodeId, value: number): Nodes {
	const stage = stageAfter(node);
	return [
		{ kind: "constant", value, axes: [], stage },
		{ kind: "map", operator: "multiply", operands: [id, id + 1], axes: node.axes, stage },
	];
}

function stageAfter(node: BlockNode): number {
	return node.kind === "accumulate" || node.kind === "accumulateDeviations" ? node.stage + 1 : node.stage;
}

const axesOf = (muGraph: MuGraph): AxisId[] => muGraph.axes.map((_, axis) => axis);

export const kernelRules: Readonly<Record<string, KernelRule>> = {
	"a summed axis on the grid": (kernel, muGraph) =>
		axesOf(muGraph)
			.filter((axis) => !kernel.grid.includes(axis) && axis !== kernel.loop)
			.map((axis) => ({ ...kernel, grid: [...kernel.grid, axis] })),
	"another grid axis": (kernel, muGraph) =>
		kernel.grid.flatMap((_, at) =>
			axesOf(muGraph)
				.filter((axis) => !kernel.grid.includes(axis) && axis !== kernel.loop)
				.map((axis) => ({ ...kernel, grid: kernel.grid.with(at, axis) })),
		),
	"a grid axis fewer": (kernel) =>
		kernel.grid.map((_, at) => ({ ...kernel, grid: kernel.grid.filter((_axis, other) => other !== at) })),
	"another loop axis": (kernel, muGraph) =>
		axesOf(muGraph)
			.filter((axis) => axis !== kernel.loop && !kernel.grid.includes(axis))
			.map((loop) => ({ ...kernel, loop })),
	"loop and grid axis exchanged": (kernel) => {
		const { loop } = kernel;
		if (loop === null) return [];
		return kernel.grid.map((axis, at) => ({ ...kernel, grid: kernel.grid.with(at, loop), loop: axis }));
	},
	"no loop axis": (kernel) => (kernel.loop === null ? [] : [{ ...kernel, loop: null }]),
	"a step dropped": (kernel) =>
		kernel.nodes.flatMap((node, at) => {
			if (node.kind === "map") return node.operands.map((operand) => dropNode(kernel, at, operand));
			return node.kind === "accumulate" || node.kind === "accumulateDeviations"
				? [dropNode(kernel, at, node.operand)]
				: [];
		}),
	"an addend twice": inserting((node, id) =>
		node.kind === "map" && (node.operator === "add" || node.operator === "multiply")
			? node.operands.map((operand) => [
					{
						kind: "map",
						operator: node.operator,
						operands: [id, operand],
						axes: node.axes,
						stage: node.stage,
					},
				])
			: [],
	),
	"a mean for a sum": inserting((node, id, kernel, { axes }) => {
		const over =
			node.kind === "reduce" || node.kind === "contract" || node.kind === "accumulateDeviations"
				? node.over
				: node.kind === "accumulate" && kernel.loop !== null
					? [kernel.loop]
					: [];
		const count = over.reduce((product, axis) => product * present(axes[axis], "axis").extent, 1);
		return count > 1 ? [scaled(node, id, 1 / count)] : [];
	}),
	"off by a thousandth": inserting((node, id) => [scaled(node, id, 1.001)]),
	negated: inserting((node, id) => [
		[{ kind: "map", operator: "negate", operands: [id], axes: node.axes, stage: stageAfter(node) }],
	]),
	// Not above a root: the verifier looks long for data on which a root of something uninterpreted exists.
	"the absolute value": inserting((node, id, _, muGraph) =>
		hasRoot(muGraph)
			? []
			: [[{ kind: "map", operator: "abs", operands: [id], axes: node.axes, stage: stageAfter(node) }]],
	),
	"passes merged": (kernel) => {
		const nodes = kernel.nodes.map((node) => ({ ...node, stage: mergedStage(node.stage) }));
		return (kernel.nodes.at(-1)?.stage ?? 0) < 3 ? [] : [{ ...kernel, nodes }];
	},
};

function hasRoot({ kernels }: MuGraph): boolean {
	return kernels.some(({ nodes }) => nodes.some((node) => node.kind === "map" && node.operator === "sqrt"));
}

/** The second pass becomes part of the first: it sees running values where it saw final ones. */
function mergedStage(stage: number): number {
	if (stage < 2) return stage;
	return stage === 2 ? 1 : stage - 2;
}

export type MuGraphRule = (muGraph: MuGraph) => readonly MuGraph[];

export const muGraphRules: Readonly<Record<string, MuGraphRule>> = {
	"stores exchanged": (muGraph) => {
		const stores = muGraph.kernels.flatMap((kernel, k) =>
			kernel.nodes.flatMap((node, id) => (node.kind === "store" ? [{ k, id, node }] : [])),
		);
		return stores.flatMap((one, i) =>
			stores
				.slice(i + 1)
				.filter(({ node }) => node.axes.join() === one.node.axes.join())
				.map((other) => exchangeTargets(muGraph, one, other)),
		);
	},
	"another split": (muGraph) =>
		muGraph.splits.flatMap((split, at) =>
			[split.innerExtent * 2, split.innerExtent / 2, outerExtent(muGraph, at)]
				.filter((innerExtent) => innerExtent !== split.innerExtent)
				.map((innerExtent) => ({ ...muGraph, splits: muGraph.splits.with(at, { ...split, innerExtent }) })),
		),
	"parts of a split exchanged": (muGraph) =>
		muGraph.splits.map((split, at) => {
			const inner = muGraph.axes.length - muGraph.splits.length + at;
			const moved = (axis: AxisId): AxisId =>
				axis === split.axis ? inner : axis === inner ? split.axis : axis;
			return { ...muGraph, kernels: muGraph.kernels.map((kernel) => relabelLoads(kernel, moved)) };
		}),
	"an intermediate transposed": (muGraph) =>
		muGraph.intermediates.flatMap(({ axes }, at) =>
			axes.length > 1
				? [{ ...muGraph, intermediates: muGraph.intermediates.with(at, { axes: [...axes].reverse() }) }]
				: [],
		),
	"a kernel dropped": (muGraph) =>
		muGraph.kernels.length < 2
			? []
			: muGraph.kernels.map((_, at) => ({
					...muGraph,
					kernels: muGraph.kernels.filter((_kernel, other) => other !== at),
				})),
	"kernels exchanged": (muGraph) =>
		muGraph.kernels.slice(1).map((kernel, at) => ({
			...muGraph,
			kernels: muGraph.kernels.with(at, kernel).with(at + 1, present(muGraph.kernels[at], "kernel before")),
		})),
};

interface StoreSite {
	readonly k: number;
	readonly id: BlockNodeId;
	readonly node: StoreNode;
}

function exchangeTargets(muGraph: MuGraph, one: StoreSite, other: StoreSite): MuGraph {
	const put = (graph: MuGraph, { k, id, node }: StoreSite, target: StoreNode["target"]): MuGraph => {
		const kernel = present(graph.kernels[k], "kernel");
		return withKernel(graph, k, { ...kernel, nodes: kernel.nodes.with(id, { ...node, target }) });
	};
	return put(put(muGraph, one, other.node.target), other, one.node.target);
}

function outerExtent(muGraph: MuGraph, at: number): number {
	return present(muGraph.axes[present(muGraph.splits[at], "split").axis], "axis").extent;
}

/** Inputs are read with two axes in each other's place. */
function relabelLoads(kernel: Kernel, moved: (axis: AxisId) => AxisId): Kernel {
	const nodes = kernel.nodes.map((node): BlockNode => {
		if (node.kind !== "load" || node.source.kind !== "input") return node;
		const { access } = node.source;
		return { ...node, source: { ...node.source, access: { ...access, axes: access.axes.map(moved) } } };
	});
	return { ...kernel, nodes };
}
