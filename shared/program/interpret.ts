// Runs a program on whole buffers, node by node, over any arithmetic. In float64 it is the reference that measured
// kernels are compared with; over field pairs it is one side of the equality test.

import { assert, present } from "#shared/fault/assert.ts";
import type { Arithmetic } from "#shared/numeric/arithmetic.ts";
import { evaluateNode, type LabelledView, viewAlong } from "#shared/numeric/evaluate-node.ts";
import { float64Arithmetic } from "#shared/numeric/float-arithmetic.ts";
import type { FloatBuffer } from "#shared/numeric/float-contract.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { type Program, type ProgramNode, type ProgramNodeId, programNodeOperands } from "./program.ts";

/**
 * The outputs, flat and row-major, one buffer for each of `program.outputs`. `inputs` are flat row-major buffers of the
 * shapes in `program.inputs`. Cost: the program's operations; memory: the values that are still to be read.
 */
export function interpretProgram<B>(program: Program, inputs: readonly B[], arithmetic: Arithmetic<B>): B[] {
	const extentOf = (axis: number): number => present(program.axes[axis], "axis of the program").extent;
	const lastUses = findLastUses(program);
	const views: (LabelledView<B> | null)[] = [];
	const viewOf = (node: ProgramNodeId): LabelledView<B> => present(views[node], "value still to be read");
	program.nodes.forEach((node, id) => {
		views.push(evaluateProgramNode(node, inputs, viewOf, extentOf, arithmetic));
		for (const operand of programNodeOperands(node)) if (lastUses[operand] === id) views[operand] = null;
	});
	return program.outputs.map((output) => {
		const buffer = arithmetic.allocate(elementCount(output.shape));
		for (const { node, access } of output.pieces) {
			const from = viewAlong(viewOf(node), access.axes);
			const to = { buffer, offset: access.offset, strides: access.strides };
			arithmetic.copy(access.axes.map(extentOf), from, to);
		}
		return buffer;
	});
}

/** `interpretProgram` in float64; float32 inputs are widened element by element as they are read. */
export function interpretProgramFloat64(program: Program, inputs: readonly FloatBuffer[]): Float64Array[] {
	return interpretProgram<FloatBuffer>(program, inputs, float64Arithmetic).map((buffer) => {
		assert(buffer instanceof Float64Array, "results are held in float64");
		return buffer;
	});
}

function evaluateProgramNode<B>(
	node: ProgramNode,
	inputs: readonly B[],
	viewOf: (node: ProgramNodeId) => LabelledView<B>,
	extentOf: (axis: number) => number,
	arithmetic: Arithmetic<B>,
): LabelledView<B> {
	if (node.kind === "input") {
		return { buffer: present(inputs[node.input], "input buffer"), ...node.access };
	}
	return evaluateNode(node, viewOf, extentOf, arithmetic);
}

/** For each node the last one that reads it; infinity for those an output holds. */
function findLastUses(program: Program): number[] {
	const lastUses = program.nodes.map((_, id) => id);
	program.nodes.forEach((node, id) => {
		for (const operand of programNodeOperands(node)) lastUses[operand] = id;
	});
	for (const output of program.outputs)
		for (const piece of output.pieces) lastUses[piece.node] = Number.POSITIVE_INFINITY;
	return lastUses;
}
