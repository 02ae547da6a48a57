// Rules that change one node and nothing else.

import type { AccumulateNode, BlockNode, BlockNodeId, Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import { blockNodeOperands } from "#shared/mugraph/mugraph.ts";
import { renumberOperands } from "#shared/mugraph/renumber-operands.ts";
import type { MapOperator, StridedAccess } from "#shared/program/program.ts";
import { ascendingAxes, likeOperand } from "./edit-kernel.ts";

/** What a rule makes of one node: replacements, each a mutant. */
export type NodeRule = (
	node: BlockNode,
	kernel: Kernel,
	id: BlockNodeId,
	muGraph: MuGraph,
) => readonly BlockNode[];

const operatorSwaps: Readonly<Partial<Record<MapOperator, readonly MapOperator[]>>> = {
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

const reductions = ["sum", "max", "min", "product"] as const;

/** The next float64 of a constant, away from zero. */
function ulpLarger(value: number): number {
	const view = new DataView(new ArrayBuffer(8));
	view.setFloat64(0, value);
	view.setBigUint64(0, view.getBigUint64(0) + 1n);
	return view.getFloat64(0);
}

function swapStrides(access: StridedAccess): StridedAccess {
	const [a = 0, b = 0, ...rest] = access.strides;
	return { ...access, strides: [b, a, ...rest] };
}

function replaceOperand(node: BlockNode, from: BlockNodeId, to: BlockNodeId): BlockNode {
	return renumberOperands(node, (operand) => (operand === from ? to : operand));
}

/** The maxima that sums of a stage could be rescaled by. */
function maximaOfStage(kernel: Kernel, node: AccumulateNode): BlockNodeId[] {
	return [...kernel.nodes.keys()].filter((id) => {
		const other = kernel.nodes[id];
		return other?.kind === "accumulate" && other.combine === "max" && other.stage === node.stage;
	});
}

export const nodeRules: Readonly<Record<string, NodeRule>> = {
	"another operator": (node) =>
		node.kind === "map"
			? (operatorSwaps[node.operator] ?? []).map((operator) => ({ ...node, operator }))
			: [],
	"operands swapped": (node) =>
		node.kind === "map" && (node.operator === "divide" || node.operator === "subtract")
			? [{ ...node, operands: [...node.operands].reverse() }]
			: [],
	"operand doubled": (node) => {
		if (node.kind !== "map" || node.operands.length !== 2 || node.operands[0] === node.operands[1]) return [];
		return node.operands.map((operand) => ({ ...node, operands: [operand, operand] }));
	},
	"another reduction": (node) =>
		node.kind === "reduce"
			? reductions.filter((operator) => operator !== node.operator).map((operator) => ({ ...node, operator }))
			: [],
	"another combination": (node) =>
		node.kind === "accumulate"
			? reductions.filter((combine) => combine !== node.combine).map((combine) => ({ ...node, combine }))
			: [],
	"rescaling dropped": (node) =>
		node.kind === "accumulate" && node.rescale !== null ? [{ ...node, rescale: null }] : [],
	"rescaled by another maximum": (node, kernel, id) =>
		node.kind === "accumulate" && node.combine === "sum"
			? maximaOfStage(kernel, node)
					.filter((maximum) => maximum < id && maximum !== node.rescale)
					.map((rescale) => ({ ...node, rescale }))
			: [],
	"another constant": (node) =>
		node.kind === "constant"
			? [node.value * 2, node.value * 1.001, node.value + 1, -node.value].map((value) => ({ ...node, value }))
			: [],
	"a constant within rounding": (node) =>
		node.kind === "constant"
			? [ulpLarger(node.value), node.value + 1e-14].map((value) => ({ ...node, value }))
			: [],
	"another input": (node, _, __, muGraph) =>
		node.kind === "load" && node.source.kind === "input"
			? muGraph.inputs.flatMap((_input, input) =>
					node.source.kind === "input" && input !== node.source.input
						? [{ ...node, source: { ...node.source, input } }]
						: [],
				)
			: [],
	"another reading": (node, kernel) =>
		node.kind === "load"
			? kernel.nodes.flatMap((other) =>
					other.kind === "load" && other.axes.join() === node.axes.join() && other.source !== node.source
						? [{ ...node, source: other.source }]
						: [],
				)
			: [],
	"another intermediate": (node, _, __, muGraph) =>
		node.kind === "load" && node.source.kind === "intermediate"
			? muGraph.intermediates.flatMap(({ axes }, intermediate) =>
					ascendingAxes(axes).join() === node.axes.join()
						? [{ ...node, source: { kind: "intermediate", intermediate } as const }]
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
	"another stage": (node) =>
		[1, -1, 2, -2].filter((by) => node.stage + by >= 0).map((by) => ({ ...node, stage: node.stage + by })),
	"another value stored": (node, kernel, id) =>
		node.kind === "store"
			? likeOperand(kernel, id, node.operand).map((operand) => ({ ...node, operand }))
			: [],
	"accumulator read before": (node, kernel) =>
		blockNodeOperands(node).flatMap((from) => {
			const operand = kernel.nodes[from];
			return operand?.kind === "accumulate" ? [replaceOperand(node, from, operand.operand)] : [];
		}),
	"another operand": (node, kernel, id) =>
		node.kind === "map"
			? node.operands.flatMap((operand) =>
					likeOperand(kernel, id, operand).map((other) => replaceOperand(node, operand, other)),
				)
			: [],
	"a neighbour as operand": (node) =>
		node.kind === "map"
			? node.operands.flatMap((operand) => (operand > 0 ? [replaceOperand(node, operand, operand - 1)] : []))
			: [],
	"another value reduced": (node, kernel, id) =>
		node.kind === "reduce" || node.kind === "accumulate" || node.kind === "accumulateDeviations"
			? likeOperand(kernel, id, node.operand).map((operand) => ({ ...node, operand }))
			: [],
	"another value contracted": (node, kernel, id) =>
		node.kind === "contract"
			? [
					...likeOperand(kernel, id, node.left).map((left) => ({ ...node, left })),
					...likeOperand(kernel, id, node.right).map((right) => ({ ...node, right })),
				]
			: [],
	"contraction with itself": (node) =>
		node.kind === "contract"
			? [
					{ ...node, right: node.left },
					{ ...node, left: node.right },
				]
			: [],
	"an axis fewer": (node) =>
		(node.kind === "reduce" || node.kind === "contract") && node.over.length > 1
			? node.over.map((axis) => ({ ...node, over: node.over.filter((other) => other !== axis) }))
			: [],
	"an axis more": (node, kernel) =>
		node.kind === "reduce" || node.kind === "contract"
			? node.axes
					.filter((axis) => !kernel.grid.includes(axis))
					.map((axis) => ({ ...node, over: ascendingAxes([...node.over, axis]) }))
			: [],
	"another axis": (node, kernel) =>
		node.kind === "reduce" || node.kind === "contract"
			? node.axes.filter((axis) => !kernel.grid.includes(axis)).map((axis) => ({ ...node, over: [axis] }))
			: [],
	"deviations along other axes": (node, kernel) =>
		node.kind === "accumulateDeviations" && kernel.loop !== null
			? [
					node.over.filter((axis) => axis === kernel.loop),
					ascendingAxes([...node.over, ...node.axes.slice(0, 1)]),
				]
					.filter((over) => over.length !== node.over.length)
					.map((over) => ({ ...node, over }))
			: [],
};
