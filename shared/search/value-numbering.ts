import { present } from "#shared/fault/assert.ts";
import { commutativeOperators } from "#shared/program/commutative-operators.ts";
import {
	type AxisId,
	type MapOperator,
	type Program,
	type ProgramNode,
	type ProgramNodeId,
	programNodeOperands,
	type ReduceOperator,
	type StridedAccess,
} from "#shared/program/program.ts";

/** Grows a DAG in which equal values are one node. */
export interface ValueNumbering {
	readonly nodes: readonly ProgramNode[];
	axesOf(node: ProgramNodeId): readonly AxisId[];
	input(input: number, access: StridedAccess): ProgramNodeId;
	constant(value: number): ProgramNodeId;
	map(operator: MapOperator, operands: readonly ProgramNodeId[]): ProgramNodeId;
	reduce(operator: ReduceOperator, operand: ProgramNodeId, over: readonly AxisId[]): ProgramNodeId;
	contract(left: ProgramNodeId, right: ProgramNodeId, over: readonly AxisId[]): ProgramNodeId;
}

const ascending = (axes: Iterable<AxisId>): AxisId[] => [...new Set(axes)].sort((a, b) => a - b);

export function createValueNumbering(): ValueNumbering {
	const nodes: ProgramNode[] = [];
	const known = new Map<string, ProgramNodeId>();
	const axesOf = (node: ProgramNodeId): readonly AxisId[] => present(nodes[node], "numbered value").axes;
	const intern = (node: ProgramNode): ProgramNodeId => {
		const key = JSON.stringify(node, (_, value) => (Object.is(value, -0) ? "-0" : nonFinite(value)));
		const found = known.get(key);
		if (found !== undefined) return found;
		known.set(key, nodes.length);
		return nodes.push(node) - 1;
	};
	return {
		nodes,
		axesOf,
		input: (input, access) => intern({ kind: "input", input, access, axes: ascending(access.axes) }),
		constant: (value) => intern({ kind: "constant", value, axes: [] }),
		map: (operator, given) => {
			const operands = commutativeOperators.has(operator) ? [...given].sort((a, b) => a - b) : [...given];
			return intern({ kind: "map", operator, operands, axes: ascending(given.flatMap(axesOf)) });
		},
		reduce: (operator, operand, over) => {
			const axes = axesOf(operand).filter((axis) => !over.includes(axis));
			return intern({ kind: "reduce", operator, operand, over: ascending(over), axes });
		},
		contract: (a, b, over) => {
			const [left, right] = a <= b ? [a, b] : [b, a];
			const axes = ascending([...axesOf(a), ...axesOf(b)].filter((axis) => !over.includes(axis)));
			return intern({ kind: "contract", left, right, over: ascending(over), axes });
		},
	};
}

/** JSON has no infinities. */
function nonFinite(value: unknown): unknown {
	return typeof value === "number" && !Number.isFinite(value) ? `${value}` : value;
}

/** The program over the numbered nodes, with what no output reads left out. `translated[i]` is where output value i went. */
export function sweepProgram(
	program: Program,
	nodes: readonly ProgramNode[],
	translated: readonly ProgramNodeId[],
): Program {
	const live = new Set<ProgramNodeId>();
	const visit = (id: ProgramNodeId): void => {
		if (live.has(id)) return;
		live.add(id);
		for (const operand of programNodeOperands(present(nodes[id], "numbered value"))) visit(operand);
	};
	const moved = (id: ProgramNodeId): ProgramNodeId => present(translated[id], "translated value");
	for (const output of program.outputs) for (const piece of output.pieces) visit(moved(piece.node));
	const order = [...live].sort((a, b) => a - b);
	const position = new Map(order.map((id, at) => [id, at]));
	const at = (id: ProgramNodeId): ProgramNodeId => present(position.get(id), "live value");
	return {
		axes: program.axes,
		inputs: program.inputs,
		nodes: order.map((id) => renumber(present(nodes[id], "numbered value"), at)),
		outputs: program.outputs.map((output) => ({
			...output,
			pieces: output.pieces.map((piece) => ({ ...piece, node: at(moved(piece.node)) })),
		})),
	};
}

function renumber(node: ProgramNode, at: (id: ProgramNodeId) => ProgramNodeId): ProgramNode {
	switch (node.kind) {
		case "input":
		case "constant":
			return node;
		case "map":
			return { ...node, operands: node.operands.map(at) };
		case "reduce":
			return { ...node, operand: at(node.operand) };
		case "contract":
			return { ...node, left: at(node.left), right: at(node.right) };
	}
}
