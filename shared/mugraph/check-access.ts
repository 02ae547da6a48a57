import type { Axis, StridedAccess } from "#shared/program/program.ts";

export type PlacedAccess = StridedAccess;

function extentsOf(access: StridedAccess, axes: readonly Axis[]): number[] {
	return access.axes.map((axis) => axes[axis]?.extent ?? 0);
}

/** Whether every position of the access lies inside a buffer of `elements`. */
export function accessFits(access: StridedAccess, axes: readonly Axis[], elements: number): boolean {
	if (access.strides.length !== access.axes.length) return false;
	if (new Set(access.axes).size !== access.axes.length) return false;
	let lowest = access.offset;
	let highest = access.offset;
	for (const [i, extent] of extentsOf(access, axes).entries()) {
		const stride = access.strides[i] ?? Number.NaN;
		if (!Number.isSafeInteger(stride) || extent < 1) return false;
		const reach = stride * (extent - 1);
		if (reach < 0) lowest += reach;
		else highest += reach;
	}
	return Number.isSafeInteger(access.offset) && lowest >= 0 && highest < elements;
}

/**
 * Whether distinct positions have distinct places: with strides sorted, each larger than all that the smaller ones reach.
 * Sufficient, and exact for the accesses of dense tensors, slices and concatenations.
 */
function isInjective(access: StridedAccess, axes: readonly Axis[]): boolean {
	const steps = extentsOf(access, axes)
		.map((extent, i) => ({ extent, stride: Math.abs(access.strides[i] ?? 0) }))
		.sort((a, b) => a.stride - b.stride);
	let reach = 0;
	for (const { extent, stride } of steps) {
		if (stride <= reach) return false;
		reach += stride * (extent - 1);
	}
	return true;
}

/**
 * Whether the pieces cover a buffer of `elements` with no place written twice. One piece is judged by arithmetic; several
 * are marked place by place, which costs a bit an element.
 */
export function coversOnce(
	pieces: readonly PlacedAccess[],
	axes: readonly Axis[],
	elements: number,
): boolean {
	if (!pieces.every((piece) => accessFits(piece, axes, elements))) return false;
	const counts = pieces.map((piece) => extentsOf(piece, axes).reduce((count, extent) => count * extent, 1));
	if (counts.reduce((sum, count) => sum + count, 0) !== elements) return false;
	if (!pieces.every((piece) => isInjective(piece, axes))) return false;
	return pieces.length === 1 || marksOnce(pieces, axes, elements);
}

function marksOnce(pieces: readonly PlacedAccess[], axes: readonly Axis[], elements: number): boolean {
	const marks = new Uint8Array(Math.ceil(elements / 8));
	const mark = (place: number): boolean => {
		const bit = 1 << (place & 7);
		const byte = marks[place >>> 3] ?? 0;
		marks[place >>> 3] = byte | bit;
		return (byte & bit) === 0;
	};
	const visit = (access: StridedAccess, depth: number, place: number): boolean => {
		const axis = access.axes[depth];
		if (axis === undefined) return mark(place);
		const extent = axes[axis]?.extent ?? 0;
		for (let i = 0; i < extent; i++)
			if (!visit(access, depth + 1, place + i * (access.strides[depth] ?? 0))) return false;
		return true;
	};
	return pieces.every((piece) => visit(piece, 0, piece.offset));
}
