// One axis as the product of two: what a reduction in two steps (over the inner part, then over the outer) needs before
// its halves can go to different kernels.

import { assert, present } from "#shared/fault/assert.ts";
import type { AxisId, Program, ProgramNode, StridedAccess } from "./program.ts";

/**
 * Position p of `axis` becomes (outer, inner) with p = outer · innerExtent + inner. The outer part keeps the axis' id; the
 * inner part is a new axis after all others.
 */
export interface AxisSplit {
	readonly axis: AxisId;
	/** Divides the axis' extent; both quotients are 2 or more. */
	readonly innerExtent: number;
}

/** Why a list of splits does not fit these extents, or null. */
export function faultOfSplits(extents: readonly number[], splits: readonly AxisSplit[]): string | null {
	const current = [...extents];
	for (const { axis, innerExtent } of splits) {
		const extent = current[axis];
		if (extent === undefined) return `split of axis ${axis}, which is no axis`;
		const outerExtent = extent / innerExtent;
		if (
			innerExtent < 2 ||
			outerExtent < 2 ||
			!Number.isInteger(innerExtent) ||
			!Number.isInteger(outerExtent)
		)
			return `split of axis ${axis}: ${innerExtent} does not cut ${extent} into parts of 2 or more`;
		current[axis] = outerExtent;
		current.push(innerExtent);
	}
	return null;
}

/** The same program over the split axes: every node has both parts where it had the axis. `faultOfSplits` gave null. */
export function splitAxes(program: Program, splits: readonly AxisSplit[]): Program {
	return splits.reduce(splitAxis, program);
}

function splitAxis(program: Program, { axis, innerExtent }: AxisSplit): Program {
	const whole = present(program.axes[axis], "axis to split").extent;
	assert(whole % innerExtent === 0, "the inner extent divides the axis");
	const inner: AxisId = program.axes.length;
	const both = (axes: readonly AxisId[]): readonly AxisId[] =>
		axes.includes(axis) ? [...axes, inner] : axes;
	const access = (from: StridedAccess): StridedAccess => {
		const at = from.axes.indexOf(axis);
		if (at < 0) return from;
		const stride = present(from.strides[at], "stride");
		return {
			offset: from.offset,
			axes: [...from.axes, inner],
			strides: [...from.strides.with(at, stride * innerExtent), stride],
		};
	};
	return {
		axes: [...program.axes.with(axis, { extent: whole / innerExtent }), { extent: innerExtent }],
		inputs: program.inputs,
		nodes: program.nodes.map((node): ProgramNode => {
			const own = { ...node, axes: both(node.axes) };
			if (own.kind === "input") return { ...own, access: access(own.access) };
			if (own.kind === "reduce" || own.kind === "contract") return { ...own, over: both(own.over) };
			return own;
		}),
		outputs: program.outputs.map((output) => ({
			...output,
			pieces: output.pieces.map((piece) => ({ ...piece, access: access(piece.access) })),
		})),
	};
}
