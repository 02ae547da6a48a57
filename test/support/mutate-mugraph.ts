// Wrong µGraphs from right ones: each rule changes one thing that a search or a serialisation could get wrong.

import type { AccumulateNode, BlockNode, Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { AxisId, StridedAccess } from "#shared/program/program.ts";

export interface Mutant {
	readonly rule: string;
	readonly muGraph: MuGraph;
}

/** What a rule makes of one node: replacements, each a mutant. */
type NodeRule = (node: BlockNode, kernel: Kernel, id: number, muGraph: MuGraph) => readonly BlockNode[];

const operatorSwaps: Readonly<Record<string, readonly string[]>> = {
	add: ["subtract", "multiply", "maximum"],
	subtract: ["add"],
	multiply: ["add", "divide"],
	divide: ["multiply"],
	exp: ["negate", "sqrt", "sigmoid"],
	sqrt: ["negate", "abs", "exp"],
	sigmoid: ["tanh", "exp", "negate"],
	erf: ["tanh"],
	log: ["exp", "sqrt"],
	maximum: ["minimum", "add"],
};

const nodeRules: Readonly<Record<string, NodeRule>> = {
	"another operator": (node) =>
		node.kind === "map"
			? (operatorSwaps[node.operator] ?? []).map((operator) => ({ ...node, operator }) as BlockNode)
			: [],
	"operands swapped": (node) =>
		node.kind === "map" && (node.operator === "divide" || node.operator === "subtract")
			? [{ ...node, operands: [...node.operands].reverse() }]
			: [],
	"operand doubled": (node) =>
		node.kind === "map" && node.operands.length === 2 && node.operands[0] !== node.operands[1]
			? [{ ...node, operands: [node.operands[1] ?? 0, node.operands[1] ?? 0] }]
			: [],
	"another reduction": (node) =>
		node.kind === "reduce"
			? (["sum", "max", "min", "product"] as const)
					.filter((operator) => operator !== node.operator)
					.map((operator) => ({ ...node, operator }))
			: [],
	"another combination": (node) =>
		node.kind === "accumulate"
			? (["sum", "max", "min", "product"] as const)
					.filter((combine) => combine !== node.combine)
					.map((combine) => ({ ...node, combine }) as AccumulateNode)
			: [],
	"rescaling dropped": (node) =>
		node.kind === "accumulate" && node.rescale !== null ? [{ ...node, rescale: null }] : [],
	"another constant": (node) =>
		node.kind === "constant"
			? [
					{ ...node, value: node.value * 2 },
					{ ...node, value: node.value + 1e-9 },
				]
			: [],
	"another input": (node, _, __, muGraph) =>
		node.kind === "load" && node.source.kind === "input"
			? muGraph.inputs.flatMap((_input, input) =>
					node.source.kind === "input" && input !== node.source.input
						? [{ ...node, source: { ...node.source, input } }]
						: [],
				)
			: [],
	"other strides": (node) =>
		node.kind === "load" && node.source.kind === "input" && node.source.access.axes.length > 1
			? [{ ...node, source: { ...node.source, access: swapStrides(node.source.access) } }]
			: [],
	"another offset": (node) =>
		node.kind === "load" && node.source.kind === "input"
			? [{ ...node, source: { ...node.source, access: { ...node.source.access, offset: 1 } } }]
			: [],
	"output strides": (node) =>
		node.kind === "store" && node.target.kind === "output" && node.target.access.axes.length > 1
			? [{ ...node, target: { ...node.target, access: swapStrides(node.target.access) } }]
			: [],
	"another stage": (node) => [1, -1, 2].map((by) => ({ ...node, stage: Math.max(0, node.stage + by) })),
	"stored too early": (node) =>
		node.kind === "store" ? earlier(node.operand).map((operand) => ({ ...node, operand })) : [],
	"accumulator read before": (node, kernel) =>
		readsAccumulator(node, kernel).map((replace) => replaceOperand(node, replace.from, replace.to)),
	"another operand": (node) =>
		node.kind === "map"
			? node.operands.flatMap((operand) =>
					earlier(operand).map((other) => replaceOperand(node, operand, other)),
				)
			: [],
	"contraction with itself": (node) => (node.kind === "contract" ? [{ ...node, right: node.left }] : []),
	"an axis fewer": (node) =>
		(node.kind === "reduce" || node.kind === "contract") && node.over.length > 1
			? node.over.map((axis) => ({
					...node,
					over: node.over.filter((other) => other !== axis),
					axes: [...node.axes, axis].sort((a, b) => a - b),
				}))
			: [],
	"deviations along other axes": (node, kernel) =>
		node.kind === "accumulateDeviations" && kernel.loop !== null
			? [
					node.over.filter((axis) => axis === kernel.loop),
					[...node.over, ...node.axes.slice(0, 1)].sort((a, b) => a - b),
				]
					.filter((over) => over.length !== node.over.length)
					.map((over) => ({ ...node, over }))
			: [],
	"deviations of a neighbour": (node) =>
		node.kind === "accumulateDeviations"
			? earlier(node.operand).map((operand) => ({ ...node, operand }))
			: [],
	"another axis": (node, kernel) =>
		node.kind === "reduce" || node.kind === "contract"
			? node.axes
					.filter((axis) => !kernel.grid.includes(axis))
					.map((axis) => ({
						...node,
						over: [axis],
						axes: [...node.axes.filter((other) => other !== axis), ...node.over].sort((a, b) => a - b),
					}))
			: [],
};

function swapStrides(access: StridedAccess): StridedAccess {
	const [a = 0, b = 0, ...rest] = access.strides;
	return { ...access, strides: [b, a, ...rest] };
}

function earlier(id: number): number[] {
	return id > 0 ? [id - 1] : [];
}

/** Readers of an accumulator that are made to read one step's value instead. */
function readsAccumulator(node: BlockNode, kernel: Kernel): { from: number; to: number }[] {
	if (node.kind !== "map" && node.kind !== "store") return [];
	const operands = node.kind === "map" ? node.operands : [node.operand];
	return operands.flatMap((from) => {
		const operand = kernel.nodes[from];
		return operand?.kind === "accumulate" ? [{ from, to: operand.operand }] : [];
	});
}

function replaceOperand(node: BlockNode, from: number, to: number): BlockNode {
	if (node.kind === "map")
		return { ...node, operands: node.operands.map((operand) => (operand === from ? to : operand)) };
	return node.kind === "store" ? { ...node, operand: to } : node;
}

const kernelRules: Readonly<Record<string, (kernel: Kernel, axes: readonly AxisId[]) => readonly Kernel[]>> =
	{
		"a summed axis on the grid": (kernel, axes) =>
			axes
				.filter((axis) => !kernel.grid.includes(axis) && axis !== kernel.loop)
				.map((axis) => ({ ...kernel, grid: [...kernel.grid, axis] })),
		"another loop axis": (kernel, axes) =>
			axes
				.filter((axis) => axis !== kernel.loop && !kernel.grid.includes(axis))
				.map((loop) => ({ ...kernel, loop })),
		"no loop axis": (kernel) => (kernel.loop === null ? [] : [{ ...kernel, loop: null }]),
		"a node dropped": (kernel) =>
			kernel.nodes.map((_, at) => dropNode(kernel, at)).filter((mutant) => mutant !== null),
	};

/** The kernel without a map node, whose readers read its first operand; null for other nodes. */
function dropNode(kernel: Kernel, at: number): Kernel | null {
	const dropped = kernel.nodes[at];
	if (dropped?.kind !== "map" && dropped?.kind !== "accumulate") return null;
	const instead = dropped.kind === "map" ? (dropped.operands[0] ?? 0) : dropped.operand;
	const moved = (id: number): number => (id === at ? moved(instead) : id > at ? id - 1 : id);
	const nodes = kernel.nodes.filter((_, id) => id !== at).map((node) => renumber(node, moved));
	return { ...kernel, nodes };
}

function renumber(node: BlockNode, moved: (id: number) => number): BlockNode {
	switch (node.kind) {
		case "load":
		case "constant":
			return node;
		case "map":
			return { ...node, operands: node.operands.map(moved) };
		case "contract":
			return { ...node, left: moved(node.left), right: moved(node.right) };
		case "reduce":
		case "store":
			return { ...node, operand: moved(node.operand) };
		case "accumulateDeviations":
			return { ...node, operand: moved(node.operand) };
		case "accumulate": {
			const rescale = node.rescale === null ? null : moved(node.rescale);
			return { ...node, operand: moved(node.operand), rescale };
		}
	}
}

function withKernel(muGraph: MuGraph, at: number, kernel: Kernel): MuGraph {
	return { ...muGraph, kernels: muGraph.kernels.map((own, id) => (id === at ? kernel : own)) };
}

/** Every mutant of every rule, in a fixed order. Axes are adjusted after each change, so that many are well formed. */
export function mutateMuGraph(muGraph: MuGraph): Mutant[] {
	const mutants: Mutant[] = [];
	const axes = muGraph.axes.map((_, axis) => axis);
	muGraph.kernels.forEach((kernel, k) => {
		kernel.nodes.forEach((node, id) => {
			for (const [rule, apply] of Object.entries(nodeRules)) {
				for (const changed of apply(node, kernel, id, muGraph)) {
					const nodes = kernel.nodes.map((own, other) => (other === id ? changed : own));
					mutants.push({ rule, muGraph: withKernel(muGraph, k, propagateAxes({ ...kernel, nodes })) });
				}
			}
		});
		for (const [rule, apply] of Object.entries(kernelRules))
			for (const changed of apply(kernel, axes))
				mutants.push({ rule, muGraph: withKernel(muGraph, k, propagateAxes(changed)) });
	});
	return mutants;
}

/** Gives maps, accumulators and stores the axes that their operands have now. */
function propagateAxes(kernel: Kernel): Kernel {
	const nodes: BlockNode[] = [];
	const axesOf = (id: number): readonly AxisId[] => nodes[id]?.axes ?? [];
	for (const node of kernel.nodes) {
		const union = (ids: readonly number[]): AxisId[] =>
			[...new Set(ids.flatMap(axesOf))].sort((a, b) => a - b);
		if (node.kind === "map") nodes.push({ ...node, axes: union(node.operands) });
		else if (node.kind === "accumulate") nodes.push({ ...node, axes: union([node.operand]) });
		else if (node.kind === "accumulateDeviations")
			nodes.push({ ...node, axes: union([node.operand]).filter((axis) => !node.over.includes(axis)) });
		else nodes.push(node);
	}
	return { ...kernel, nodes };
}
