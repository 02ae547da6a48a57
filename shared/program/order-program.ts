// A program renumbered by its colours, when all its parts have different ones: nodes depth first from the outputs, so
// that the text reads in the order of the computation; axes by the outputs' strides, then by first use.

import { present } from "#shared/fault/assert.ts";
import type { Colours } from "./colour-program.ts";
import { commutativeOperators } from "./commutative-operators.ts";
import type { AxisId, Program, ProgramNode, ProgramNodeId, StridedAccess } from "./program.ts";
import { programNodeOperands } from "./program.ts";
import { renameAxes } from "./rewrite-axes.ts";
import { withOperands } from "./simplify.ts";

export interface OrderedProgram {
	readonly program: Program;
	/** Input i is this input of the original. */
	readonly inputOrder: readonly number[];
	/** Output i is this output of the original. */
	readonly outputOrder: readonly number[];
}

/** Every node must be live. The result depends on the colours alone, not on the original numbers. */
export function orderProgram(program: Program, colours: Colours): OrderedProgram {
	const byColour = (family: readonly number[]) => (a: number, b: number) =>
		(family[a] ?? 0) - (family[b] ?? 0);
	const outputOrder = [...program.outputs.keys()].sort(byColour(colours.outputs));
	const outputs = outputOrder.map((id) => {
		const output = present(program.outputs[id], "output");
		return { ...output, pieces: [...output.pieces].sort((a, b) => a.access.offset - b.access.offset) };
	});
	const order = visitNodes(program, outputs, byColour(colours.nodes));
	const position = new Map(order.map((node, i) => [node, i]));
	const newNode = (node: ProgramNodeId): ProgramNodeId => present(position.get(node), "a live node");
	const old = order.map((id) => present(program.nodes[id], "node"));
	const inputOrder = [...new Set(old.flatMap((node) => (node.kind === "input" ? [node.input] : [])))];
	const nodes = old
		.map((node) => withOperands(node, newNode))
		.map(
			(node): ProgramNode =>
				node.kind === "input" ? { ...node, input: inputOrder.indexOf(node.input) } : node,
		);
	const renumbered: Program = {
		axes: program.axes,
		inputs: inputOrder.map((input) => present(program.inputs[input], "input")),
		nodes,
		outputs: outputs.map((output) => ({
			...output,
			pieces: output.pieces.map(({ node, access }) => ({ node: newNode(node), access })),
		})),
	};
	return { program: sortAccesses(orderAxes(renumbered, byColour(colours.axes))), inputOrder, outputOrder };
}

/** Operands before the nodes that read them, outputs in order; of commutative operands the deepest first, then by colour. */
function visitNodes(
	program: Program,
	outputs: Program["outputs"],
	byColour: (a: ProgramNodeId, b: ProgramNodeId) => number,
): ProgramNodeId[] {
	const heights: number[] = [];
	for (const node of program.nodes)
		heights.push(1 + Math.max(0, ...programNodeOperands(node).map((operand) => heights[operand] ?? 0)));
	const deepestFirst = (a: ProgramNodeId, b: ProgramNodeId): number =>
		(heights[b] ?? 0) - (heights[a] ?? 0) || byColour(a, b);
	const order: ProgramNodeId[] = [];
	const seen = new Set<ProgramNodeId>();
	const visit = (id: ProgramNodeId): void => {
		if (seen.has(id)) return;
		seen.add(id);
		const node = present(program.nodes[id], "node");
		const operands = [...programNodeOperands(node)];
		if (node.kind === "map" && commutativeOperators.has(node.operator)) operands.sort(deepestFirst);
		for (const operand of operands) visit(operand);
		order.push(id);
	};
	for (const { pieces } of outputs) for (const piece of pieces) visit(piece.node);
	return order;
}

function orderAxes(program: Program, byColour: (a: AxisId, b: AxisId) => number): Program {
	const accesses = [
		...program.outputs.flatMap((output) => output.pieces.map((piece) => piece.access)),
		...program.nodes.flatMap((node) => (node.kind === "input" ? [node.access] : [])),
	];
	const order = [...new Set(accesses.flatMap((access) => axesByStride(access, byColour)))];
	const axes = order.map((axis) => present(program.axes[axis], "axis"));
	return renameAxes(program, axes, (axis) => order.indexOf(axis));
}

function axesByStride(access: StridedAccess, byColour: (a: AxisId, b: AxisId) => number): AxisId[] {
	return access.axes
		.map((axis, i) => ({ axis, stride: access.strides[i] ?? 0 }))
		.sort((a, b) => b.stride - a.stride || byColour(a.axis, b.axis))
		.map(({ axis }) => axis);
}

/** Axes of an access by falling stride: row-major order for what is dense. */
function sortAccesses(program: Program): Program {
	const sorted = (access: StridedAccess): StridedAccess => {
		const terms = access.axes
			.map((axis, i) => ({ axis, stride: access.strides[i] ?? 0 }))
			.sort((a, b) => b.stride - a.stride || a.axis - b.axis);
		return {
			offset: access.offset,
			axes: terms.map(({ axis }) => axis),
			strides: terms.map(({ stride }) => stride),
		};
	};
	return {
		...program,
		nodes: program.nodes.map((node) =>
			node.kind === "input" ? { ...node, access: sorted(node.access) } : node,
		),
		outputs: program.outputs.map((output) => ({
			...output,
			pieces: output.pieces.map(({ node, access }) => ({ node, access: sorted(access) })),
		})),
	};
}
