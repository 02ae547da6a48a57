import { unreachable } from "#shared/fault/assert.ts";
import type { AxisId, Program, ProgramNode, StridedAccess } from "./program.ts";

/** `a` … `z`, then `a1` … : the name of an axis in print. */
export function axisName(axis: AxisId): string {
	const letter = String.fromCharCode(97 + (axis % 26));
	return axis < 26 ? letter : `${letter}${Math.floor(axis / 26)}`;
}

/**
 * Stable text, one line a node: `t3[a,b] = contract(t1, t2; c)` sums over c; `t0[a,b] = in0[1000a+b]` reads the flat
 * buffer at that element; `out0[5+b] = t3` writes. Equal programs print equal texts.
 */
export function printProgram(program: Program): string {
	const lines = [`axes ${program.axes.map(({ extent }, axis) => `${axisName(axis)}=${extent}`).join(" ")}`];
	program.inputs.forEach(({ shape, dataType, role }, id) => {
		lines.push(`in${id} ${role} ${dataType}[${shape.join(",")}]`);
	});
	program.nodes.forEach((node, id) => {
		lines.push(`t${id}[${node.axes.map(axisName).join(",")}] = ${expressionOf(node)}`);
	});
	program.outputs.forEach(({ shape, dataType, pieces }, id) => {
		lines.push(`out${id} ${dataType}[${shape.join(",")}]`);
		for (const { node, access } of pieces) lines.push(`out${id}[${placeOf(access)}] = t${node}`);
	});
	return `${lines.join("\n")}\n`;
}

function expressionOf(node: ProgramNode): string {
	const over = (axes: readonly AxisId[]): string => axes.map(axisName).join(",");
	switch (node.kind) {
		case "input":
			return `in${node.input}[${placeOf(node.access)}]`;
		case "constant":
			return Object.is(node.value, -0) ? "-0" : `${node.value}`;
		case "map":
			return `${node.operator}(${node.operands.map((operand) => `t${operand}`).join(", ")})`;
		case "reduce":
			return `${node.operator}(t${node.operand}; ${over(node.over)})`;
		case "contract":
			return `contract(t${node.left}, t${node.right}; ${over(node.over)})`;
		default:
			return unreachable(node);
	}
}

/** The element's number as a sum: `64+1000a-b`. */
export function placeOf(access: StridedAccess): string {
	const terms = access.axes.map((axis, i) => {
		const stride = access.strides[i] ?? 0;
		const factor = Math.abs(stride) === 1 ? "" : `${Math.abs(stride)}`;
		return `${stride < 0 ? "-" : "+"}${factor}${axisName(axis)}`;
	});
	const sum = `${access.offset === 0 && terms.length > 0 ? "" : access.offset}${terms.join("")}`;
	return sum.startsWith("+") ? sum.slice(1) : sum;
}
