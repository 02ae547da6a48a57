import { present } from "#shared/fault/assert.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { type AxisId, type Program, type ProgramNodeId, programNodeOperands } from "./program.ts";

/** Values between nodes. */
const float32Bytes = 4;

/**
 * Device memory that the program reads and writes with a kernel for each node: every operand is read whole, every result
 * written. What fusion is compared with.
 */
export function unfusedBytes(program: Program): number {
	const elements = (axes: readonly AxisId[]): number =>
		axes.reduce((count, axis) => count * present(program.axes[axis], "axis").extent, 1);
	const readBytes = (id: ProgramNodeId): number => {
		const node = present(program.nodes[id], "operand");
		if (node.kind === "constant") return 0;
		const each =
			node.kind === "input"
				? elementBytes(present(program.inputs[node.input], "input").dataType)
				: float32Bytes;
		return elements(node.axes) * each;
	};
	return program.nodes.reduce((sum, node) => {
		if (node.kind === "input" || node.kind === "constant") return sum;
		const read = programNodeOperands(node).reduce((bytes, operand) => bytes + readBytes(operand), 0);
		return sum + read + elements(node.axes) * float32Bytes;
	}, 0);
}
