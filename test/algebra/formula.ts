// A program as formulas, to say in a test which form of it is meant: sharing does not show, and the operands of + and · are
// in alphabetical order.

import { present } from "#shared/fault/assert.ts";
import type { Program, ProgramNodeId } from "#shared/program/program.ts";

const signs: Readonly<Record<string, string>> = { add: "+", multiply: "*", subtract: "-", divide: "/" };

/** One formula for each piece of each output. Inputs are named by the letters of `names`, sums by the axes' letters. */
export function formulas(program: Program, names: string, axisNames: string): string[] {
	const axes = (over: readonly number[]): string => over.map((axis) => axisNames[axis]).join("");
	const known = new Map<ProgramNodeId, string>();
	const formula = (id: ProgramNodeId): string => {
		const own = known.get(id) ?? write(id);
		known.set(id, own);
		return own;
	};
	const write = (id: ProgramNodeId): string => {
		const node = present(program.nodes[id], "node of the program");
		switch (node.kind) {
			case "input":
				return names[node.input] ?? "?";
			case "constant":
				return `${Number(node.value.toPrecision(3))}`;
			case "map": {
				const operands = node.operands.map(formula);
				const sign = signs[node.operator];
				if (sign === undefined) return `${node.operator}(${operands.join(", ")})`;
				if (sign === "+" || sign === "*") operands.sort();
				return `(${operands.join(sign)})`;
			}
			case "reduce":
				return `${node.operator}_${axes(node.over)}(${formula(node.operand)})`;
			case "contract":
				return `dot_${axes(node.over)}(${[node.left, node.right].map(formula).sort().join(", ")})`;
		}
	};
	return program.outputs.flatMap(({ pieces }) => pieces.map(({ node }) => formula(node)));
}
