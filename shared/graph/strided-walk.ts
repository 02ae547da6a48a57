// Walks a row-major output while following operands whose strides differ: what broadcasting, transposing and slicing
// share. Neighbouring axes that every operand steps through evenly are merged, so that the innermost row is long.

import type { Shape } from "#shared/tensor/shape.ts";

/** The extents after merging, and one stride list an operand. */
export interface StridedWalk {
	readonly extents: readonly number[];
	readonly strides: readonly (readonly number[])[];
	/** Element offset of each operand's first element. */
	readonly starts: readonly number[];
}

/** Called once a row: `base` is the row's first output element, `offsets` each operand's element there. */
export type VisitRow = (base: number, offsets: readonly number[]) => void;

/** A walk over `shape` with one stride list (an entry an axis) an operand. */
export function createStridedWalk(
	shape: Shape,
	operandStrides: readonly (readonly number[])[],
	starts: readonly number[] = operandStrides.map(() => 0),
): StridedWalk {
	const extents: number[] = [];
	const strides: number[][] = operandStrides.map(() => []);
	shape.forEach((extent, axis) => {
		if (extent === 1) return;
		const last = extents.length - 1;
		const merges =
			last >= 0 &&
			operandStrides.every((own, operand) => strides[operand]?.[last] === (own[axis] ?? 0) * extent);
		if (merges) extents[last] = (extents[last] ?? 1) * extent;
		else extents.push(extent);
		operandStrides.forEach((own, operand) => {
			const kept = strides[operand];
			if (kept) kept[merges ? last : kept.length] = own[axis] ?? 0;
		});
	});
	return { extents, strides, starts };
}

/** The innermost row's extent (1 for a scalar). */
export function rowExtent(walk: StridedWalk): number {
	return walk.extents.at(-1) ?? 1;
}

/** The stride of one operand along the innermost row. */
export function rowStride(walk: StridedWalk, operand: number): number {
	return walk.strides[operand]?.at(-1) ?? 0;
}

/** Visits every row of the output in order; none when an extent is 0. */
export function forEachRow(walk: StridedWalk, visit: VisitRow): void {
	if (walk.extents.includes(0)) return;
	const outerAxes = Math.max(0, walk.extents.length - 1);
	const row = rowExtent(walk);
	const position = new Array<number>(outerAxes).fill(0);
	const offsets = [...walk.starts];
	for (let base = 0; ; base += row) {
		visit(base, offsets);
		let axis = outerAxes - 1;
		for (; axis >= 0; axis--) {
			const next = (position[axis] ?? 0) + 1;
			const extent = walk.extents[axis] ?? 1;
			const wraps = next === extent;
			position[axis] = wraps ? 0 : next;
			for (let operand = 0; operand < offsets.length; operand++) {
				const stride = walk.strides[operand]?.[axis] ?? 0;
				offsets[operand] = (offsets[operand] ?? 0) + (wraps ? stride * (1 - extent) : stride);
			}
			if (!wraps) break;
		}
		if (axis < 0) return;
	}
}

/** Strides that read an operand of `shape` as if it had the broadcast shape `target` (trailing axes aligned; 0 repeats). */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
	const strides = new Array<number>(target.length).fill(0);
	let stride = 1;
	for (let back = 1; back <= shape.length; back++) {
		const extent = shape[shape.length - back] ?? 1;
		if (extent !== 1) strides[target.length - back] = stride;
		stride *= extent;
	}
	return strides;
}
