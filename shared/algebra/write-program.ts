import { present } from "#shared/fault/assert.ts";
import type { Program, ProgramNode, ProgramNodeId } from "#shared/program/program.ts";
import { axesOf } from "./axis-masks.ts";
import { chosen, type Dag } from "./dag.ts";
import type { Derivation, ValueId } from "./derivation.ts";
import type { DerivationSpace } from "./derivation-space.ts";
import type { ProgramValues } from "./program-values.ts";

/** The DAG as a program with the outputs of `program`; of two nodes that could come next, the one of lower value id does. */
export function writeProgram(
	program: Program,
	own: ProgramValues,
	space: DerivationSpace,
	dag: Dag,
): Program {
	const nodeOf = new Map<ValueId, ProgramNodeId>();
	const nodes: ProgramNode[] = [];
	let waiting = [...dag.keys()].filter((id) => dag[id] !== -1);
	while (waiting.length > 0) {
		const next = present(
			waiting.find((id) =>
				chosen(space, dag, id).derivation.operands.every((operand) => nodeOf.has(operand)),
			),
			"a value of a DAG that can be computed next",
		);
		const { derivation } = chosen(space, dag, next);
		const at = (id: ValueId): ProgramNodeId => present(nodeOf.get(id), "operand written before");
		nodeOf.set(next, nodes.push(programNode(derivation, axesOf(own.table.value(next).axes), at)) - 1);
		waiting = waiting.filter((id) => id !== next);
	}
	return {
		axes: program.axes,
		inputs: program.inputs,
		nodes,
		outputs: program.outputs.map((output) => ({
			...output,
			pieces: output.pieces.map((piece) => ({
				...piece,
				node: present(nodeOf.get(present(own.ofNode[piece.node], "value of an output")), "output written"),
			})),
		})),
	};
}

function programNode(
	derivation: Derivation,
	axes: readonly number[],
	at: (id: ValueId) => ProgramNodeId,
): ProgramNode {
	switch (derivation.kind) {
		case "input":
			return { kind: "input", input: derivation.input, access: derivation.access, axes };
		case "constant":
			return { kind: "constant", value: derivation.value, axes };
		case "map":
			return { kind: "map", operator: derivation.operator, operands: derivation.operands.map(at), axes };
		case "reduce": {
			const { operator, over } = derivation;
			return { kind: "reduce", operator, operand: at(derivation.operands[0]), over: axesOf(over), axes };
		}
		case "contract": {
			const [left, right] = derivation.operands;
			return { kind: "contract", left: at(left), right: at(right), over: axesOf(derivation.over), axes };
		}
	}
}
