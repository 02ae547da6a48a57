// Renaming and dropping axes throughout a program.

import { present } from "#shared/fault/assert.ts";
import type { Axis, AxisId, Program, ProgramNode, StridedAccess } from "./program.ts";

/** The program over `axes`, each old axis replaced by `rename(axis)`, or removed where that is null. */
export function renameAxes(
	program: Program,
	axes: readonly Axis[],
	rename: (axis: AxisId) => AxisId | null,
): Program {
	const renamed = (old: readonly AxisId[]): AxisId[] =>
		old.flatMap((axis) => rename(axis) ?? []).sort((a, b) => a - b);
	const renamedAccess = (access: StridedAccess): StridedAccess => {
		const kept = [...access.axes.entries()].filter(([, axis]) => rename(axis) !== null);
		return {
			offset: access.offset,
			axes: kept.map(([, axis]) => present(rename(axis), "axis kept")),
			strides: kept.map(([i]) => present(access.strides[i], "stride")),
		};
	};
	const nodes = program.nodes.map((node): ProgramNode => {
		const own = { ...node, axes: renamed(node.axes) };
		if (own.kind === "input") return { ...own, access: renamedAccess(own.access) };
		if (own.kind === "reduce" || own.kind === "contract") return { ...own, over: renamed(own.over) };
		return own;
	});
	const outputs = program.outputs.map((output) => ({
		...output,
		pieces: output.pieces.map(({ node, access }) => ({ node, access: renamedAccess(access) })),
	}));
	return { axes, inputs: program.inputs, nodes, outputs };
}
