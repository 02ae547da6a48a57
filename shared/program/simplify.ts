// Removes what does not change a program's meaning: duplicate and dead nodes, unused inputs and axes.

import { assert, present } from "#shared/fault/assert.ts";
import { commutativeOperators } from "./commutative-operators.ts";
import type { Program, ProgramNode, ProgramNodeId, StridedAccess } from "./program.ts";
import { programNodeOperands } from "./program.ts";
import { renameAxes } from "./rewrite-axes.ts";

export interface SimplifiedProgram {
	readonly program: Program;
	/** Input i of the result is this input of the original. */
	readonly inputOrder: readonly number[];
}

/** before: two nodes of one meaning, results nobody reads -> after: one node, none. Keeps the order of what stays. */
export function simplifyProgram(program: Program): SimplifiedProgram {
	const { nodes, numberOf } = numberValues(program);
	const outputs = program.outputs.map((output) => ({
		...output,
		pieces: output.pieces.map(({ node, access }) => ({ node: present(numberOf[node], "value"), access })),
	}));
	return dropUnused({ ...program, nodes, outputs });
}

/** Value numbering: nodes that compute the same from the same get one number. */
function numberValues(program: Program): { nodes: ProgramNode[]; numberOf: ProgramNodeId[] } {
	const nodes: ProgramNode[] = [];
	const numberOf: ProgramNodeId[] = [];
	const known = new Map<string, ProgramNodeId>();
	for (const node of program.nodes) {
		const renumbered = withOperands(node, (operand) => present(numberOf[operand], "operand"));
		const key = keyOf(renumbered);
		const number = known.get(key) ?? nodes.push(renumbered) - 1;
		known.set(key, number);
		numberOf.push(number);
	}
	return { nodes, numberOf };
}

/** The node over other operands; commutative ones in ascending order. */
export function withOperands(
	node: ProgramNode,
	rename: (operand: ProgramNodeId) => ProgramNodeId,
): ProgramNode {
	switch (node.kind) {
		case "input":
		case "constant":
			return node;
		case "map": {
			const operands = node.operands.map(rename);
			if (commutativeOperators.has(node.operator)) operands.sort((a, b) => a - b);
			return { ...node, operands };
		}
		case "reduce":
			return { ...node, operand: rename(node.operand) };
		case "contract":
			return { ...node, left: rename(node.left), right: rename(node.right) };
	}
}

function keyOf(node: ProgramNode): string {
	switch (node.kind) {
		case "input":
			return `input ${node.input} ${accessKey(node.access)}`;
		case "constant":
			return `constant ${Object.is(node.value, -0) ? "-0" : node.value}`;
		case "map":
			return `${node.operator} ${node.operands.join()}`;
		case "reduce":
			return `${node.operator} over ${node.over.join()} of ${node.operand}`;
		case "contract":
			return `contract ${node.over.join()} of ${node.left} ${node.right}`;
	}
}

function accessKey(access: StridedAccess): string {
	const terms = access.axes.map((axis, i) => `${axis}*${access.strides[i]}`).sort();
	return `${access.offset}+${terms.join("+")}`;
}

function dropUnused(program: Program): SimplifiedProgram {
	const live = new Set<ProgramNodeId>(
		program.outputs.flatMap((output) => output.pieces.map((piece) => piece.node)),
	);
	for (let id = program.nodes.length - 1; id >= 0; id--) {
		if (live.has(id))
			for (const operand of programNodeOperands(present(program.nodes[id], "node"))) live.add(operand);
	}
	const kept = [...program.nodes.keys()].filter((id) => live.has(id));
	const keptNodes = kept.map((id) => present(program.nodes[id], "node"));
	const usedInputs = new Set(keptNodes.flatMap((node) => (node.kind === "input" ? [node.input] : [])));
	const inputOrder = [...program.inputs.keys()].filter((input) => usedInputs.has(input));
	const newId = new Map(kept.map((id, position) => [id, position]));
	const nodeId = (id: ProgramNodeId): ProgramNodeId => present(newId.get(id), "a live node");
	const nodes = keptNodes
		.map((node) => withOperands(node, nodeId))
		.map((node) => (node.kind === "input" ? { ...node, input: inputOrder.indexOf(node.input) } : node));
	const usedAxes = new Set(nodes.flatMap((node) => node.axes));
	const axisOrder = [...program.axes.keys()].filter((axis) => usedAxes.has(axis));
	const axes = axisOrder.map((axis) => present(program.axes[axis], "axis"));
	const outputs = program.outputs.map((output) => ({
		...output,
		pieces: output.pieces.map(({ node, access }) => ({ node: nodeId(node), access })),
	}));
	const inputs = inputOrder.map((input) => present(program.inputs[input], "input"));
	const renamed = renameAxes({ axes: program.axes, inputs, nodes, outputs }, axes, (axis) => {
		const position = axisOrder.indexOf(axis);
		assert(position >= 0, "an axis of a live node is used");
		return position;
	});
	return { program: renamed, inputOrder };
}
