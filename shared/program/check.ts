// Well-formedness of programs: everything that program.ts says and no type can.

import { assert, present } from "#shared/fault/assert.ts";
import { accessFits, coversOnce } from "#shared/mugraph/check-access.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import {
	type AxisId,
	mapOperatorArity,
	type Program,
	type ProgramNode,
	type ProgramNodeId,
	programNodeOperands,
	type StridedAccess,
} from "./program.ts";

/**
 * Throws `AssertionError` naming the first broken invariant: axes of extent 2 or more; nodes in order, of the axes their
 * operands give them; accesses within their tensors; each output written exactly once everywhere. Cost: the nodes, and
 * the elements of outputs in several pieces.
 */
export function checkProgram(program: Program): void {
	for (const [axis, { extent }] of program.axes.entries())
		assert(
			Number.isSafeInteger(extent) && extent >= 2,
			`axis ${axis}: extent ${extent}, at least 2 expected`,
		);
	for (const [id, { shape }] of program.inputs.entries())
		assert(elementCount(shape) >= 1, `input ${id}: an empty tensor`);
	for (const id of program.nodes.keys()) checkNode(program, id);
	for (const id of program.outputs.keys()) checkOutput(program, id);
}

function checkNode(program: Program, id: ProgramNodeId): void {
	const node = present(program.nodes[id], "node");
	const where = `node ${id} (${node.kind})`;
	for (const operand of programNodeOperands(node))
		assert(
			Number.isInteger(operand) && operand >= 0 && operand < id,
			`${where}: operand ${operand} is no earlier node`,
		);
	assert(isAscending(node.axes), `${where}: axes ${node.axes.join()} are not ascending`);
	for (const axis of node.axes) assert(axis in program.axes, `${where}: no axis ${axis}`);
	const expected = expectedAxes(program, node, where);
	assert(
		expected.join() === node.axes.join(),
		`${where}: axes ${node.axes.join()}, expected ${expected.join()}`,
	);
}

const isAscending = (axes: readonly AxisId[]): boolean =>
	axes.every((axis, i) => i === 0 || axis > (axes[i - 1] ?? 0));
const ascending = (axes: Iterable<AxisId>): AxisId[] => [...new Set(axes)].sort((a, b) => a - b);

/** The axes that a node's operands give it. */
function expectedAxes(program: Program, node: ProgramNode, where: string): AxisId[] {
	const axesOf = (operand: ProgramNodeId): readonly AxisId[] =>
		present(program.nodes[operand], "operand").axes;
	switch (node.kind) {
		case "input": {
			const input = present(program.inputs[node.input], `${where}: no input ${node.input}`);
			checkAccess(program, node.access, elementCount(input.shape), where);
			return ascending(node.access.axes);
		}
		case "constant":
			return [];
		case "map": {
			const arity = mapOperatorArity[node.operator];
			assert(node.operands.length === arity, `${where}: ${node.operator} takes ${arity} operands`);
			return ascending(node.operands.flatMap(axesOf));
		}
		case "reduce":
			return without(axesOf(node.operand), node.over, [axesOf(node.operand)], where);
		case "contract": {
			const [left, right] = [axesOf(node.left), axesOf(node.right)];
			return without(ascending([...left, ...right]), node.over, [left, right], where);
		}
	}
}

function without(
	axes: readonly AxisId[],
	over: readonly AxisId[],
	operands: readonly (readonly AxisId[])[],
	where: string,
): AxisId[] {
	assert(over.length > 0 && isAscending(over), `${where}: sums over ${over.join() || "no axis"}`);
	for (const axis of over)
		assert(
			operands.every((operand) => operand.includes(axis)),
			`${where}: an operand has no axis ${axis}`,
		);
	return axes.filter((axis) => !over.includes(axis));
}

function checkAccess(program: Program, access: StridedAccess, elements: number, where: string): void {
	for (const axis of access.axes) assert(axis in program.axes, `${where}: no axis ${axis}`);
	assert(
		accessFits(access, program.axes, elements),
		`${where}: reads or writes outside ${elements} elements`,
	);
}

function checkOutput(program: Program, id: number): void {
	const { shape, pieces } = present(program.outputs[id], "output");
	const where = `output ${id}`;
	for (const { node, access } of pieces) {
		const axes = present(program.nodes[node], `${where}: no node ${node}`).axes;
		assert(
			ascending(access.axes).join() === axes.join(),
			`${where}: axes of its access and of node ${node} differ`,
		);
		checkAccess(program, access, elementCount(shape), where);
	}
	const places = pieces.map(({ access }) => access);
	assert(
		coversOnce(places, program.axes, elementCount(shape)),
		`${where}: not written exactly once everywhere`,
	);
}
