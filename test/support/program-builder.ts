import type {
	Axis,
	AxisId,
	MapOperator,
	Program,
	ProgramInput,
	ProgramNode,
	ProgramNodeId,
	ProgramOutput,
	ReduceOperator,
} from "#shared/program/program.ts";
import { rowMajorStrides } from "#shared/tensor/shape.ts";

/** Writes programs by hand: axes by extent, nodes in order, dense float32 tensors unless said otherwise. */
export interface ProgramBuilder {
	axis(extent: number): AxisId;
	/** A new dense row-major tensor over these axes. */
	input(axes: readonly AxisId[], role?: ProgramInput["role"]): ProgramNodeId;
	/** The tensor of an earlier `input` node, read along other axes (in the tensor's dimension order). */
	readAgain(node: ProgramNodeId, axes: readonly AxisId[]): ProgramNodeId;
	constant(value: number): ProgramNodeId;
	map(operator: MapOperator, ...operands: ProgramNodeId[]): ProgramNodeId;
	reduce(operator: ReduceOperator, operand: ProgramNodeId, ...over: AxisId[]): ProgramNodeId;
	contract(left: ProgramNodeId, right: ProgramNodeId, ...over: AxisId[]): ProgramNodeId;
	/** A dense row-major output; `axes` gives the dimension order (default: ascending). */
	output(node: ProgramNodeId, axes?: readonly AxisId[]): void;
	build(): Program;
}

const ascending = (axes: Iterable<AxisId>): AxisId[] => [...new Set(axes)].sort((a, b) => a - b);

export function buildProgram(): ProgramBuilder {
	const axes: Axis[] = [];
	const inputs: ProgramInput[] = [];
	const nodes: ProgramNode[] = [];
	const outputs: ProgramOutput[] = [];
	const add = (node: ProgramNode): ProgramNodeId => nodes.push(node) - 1;
	const axesOf = (node: ProgramNodeId): readonly AxisId[] => nodes[node]?.axes ?? [];
	const shapeOf = (order: readonly AxisId[]): number[] => order.map((axis) => axes[axis]?.extent ?? 1);
	const read = (input: number, order: readonly AxisId[]): ProgramNodeId => {
		const access = { offset: 0, axes: [...order], strides: rowMajorStrides(shapeOf(order)) };
		return add({ kind: "input", input, access, axes: ascending(order) });
	};
	return {
		axis: (extent) => axes.push({ extent }) - 1,
		input: (order, role = "activation") => {
			const input = inputs.push({ shape: shapeOf(order), dataType: "float32", role }) - 1;
			return read(input, order);
		},
		readAgain: (node, order) => {
			const source = nodes[node];
			if (source?.kind !== "input") throw new Error("readAgain of a node that is no input");
			return read(source.input, order);
		},
		constant: (value) => add({ kind: "constant", value, axes: [] }),
		map: (operator, ...operands) =>
			add({ kind: "map", operator, operands, axes: ascending(operands.flatMap((o) => axesOf(o))) }),
		reduce: (operator, operand, ...over) => {
			const free = axesOf(operand).filter((axis) => !over.includes(axis));
			return add({ kind: "reduce", operator, operand, over: ascending(over), axes: free });
		},
		contract: (left, right, ...over) => {
			const free = [...axesOf(left), ...axesOf(right)].filter((axis) => !over.includes(axis));
			return add({ kind: "contract", left, right, over: ascending(over), axes: ascending(free) });
		},
		output: (node, order = axesOf(node)) => {
			const access = { offset: 0, axes: [...order], strides: rowMajorStrides(shapeOf(order)) };
			outputs.push({ shape: shapeOf(order), dataType: "float32", pieces: [{ node, access }] });
		},
		build: () => ({ axes, inputs, nodes, outputs }),
	};
}
