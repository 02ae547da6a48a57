import { present } from "#shared/fault/assert.ts";
import { commutativeOperators } from "#shared/program/commutative-operators.ts";
import {
	type MapOperator,
	type Program,
	type ProgramNode,
	programNodeOperands,
	type StridedAccess,
} from "#shared/program/program.ts";
import type { ExpressionId, Expressions } from "./expression.ts";

/** The expression of every node, by node id. `expressions` was made with the extents of the program's axes. */
export function expressionsOfProgram(expressions: Expressions, program: Program): readonly ExpressionId[] {
	const found: ExpressionId[] = [];
	for (const node of program.nodes) {
		const operands = programNodeOperands(node).map((id) => present(found[id], "nodes are sorted"));
		found.push(expressionOfNode(expressions, node, operands));
	}
	return found;
}

/** The expression of a node from those of its operands, in order; the ids in the node itself are not read. */
export function expressionOfNode(
	expressions: Expressions,
	node: ProgramNode,
	operands: readonly ExpressionId[],
): ExpressionId {
	const operand = (at: number): ExpressionId => present(operands[at], "operand of a node");
	switch (node.kind) {
		case "input":
			return expressions.input(inputKey(node.input, node.access), node.axes);
		case "constant":
			return expressions.constant(node.value);
		case "contract":
			return expressions.sum(expressions.multiply(operand(0), operand(1)), node.over);
		case "reduce":
			if (node.operator === "sum") return expressions.sum(operand(0), node.over);
			return expressions.opaque(`${node.operator} over ${node.over.join()}`, operands, node.axes);
		case "map":
			return expressionOfMap(expressions, node.operator, operands, node.axes);
	}
}

/** Operators that the axioms know. */
const known: Partial<
	Record<MapOperator, (e: Expressions, a: ExpressionId, b: ExpressionId) => ExpressionId>
> = {
	add: (e, a, b) => e.add(a, b),
	subtract: (e, a, b) => e.subtract(a, b),
	multiply: (e, a, b) => e.multiply(a, b),
	divide: (e, a, b) => e.divide(a, b),
	negate: (e, a) => e.negate(a),
	exp: (e, a) => e.exp(a),
	sqrt: (e, a) => e.sqrt(a),
};

function expressionOfMap(
	expressions: Expressions,
	operator: MapOperator,
	operands: readonly ExpressionId[],
	axes: readonly number[],
): ExpressionId {
	const apply = known[operator];
	const first = present(operands[0], "operand of a map");
	if (apply !== undefined) return apply(expressions, first, operands[1] ?? first);
	const ordered = commutativeOperators.has(operator) ? operands.toSorted((a, b) => a - b) : operands;
	return expressions.opaque(operator, ordered, axes);
}

/** Equal for equal reads of one tensor: which position of each axis goes where, whatever order the access lists them in. */
function inputKey(input: number, access: StridedAccess): string {
	const steps = access.axes.map((axis, at) => ({
		axis,
		stride: present(access.strides[at], "stride of an axis"),
	}));
	const places = steps.toSorted((a, b) => a.axis - b.axis).map(({ axis, stride }) => `${axis}*${stride}`);
	return `in${input}[${[access.offset, ...places].join("+")}]`;
}
