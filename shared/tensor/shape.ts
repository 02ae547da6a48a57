/** Extents, outermost first. Rank 0 is a scalar. */
export type Shape = readonly number[];

/** Product of the extents; 1 for a scalar. */
export function elementCount(shape: Shape): number {
	let count = 1;
	for (const extent of shape) count *= extent;
	return count;
}

/** Element strides of a row-major tensor, outermost first. */
export function rowMajorStrides(shape: Shape): number[] {
	const strides = new Array<number>(shape.length);
	let stride = 1;
	for (let axis = shape.length - 1; axis >= 0; axis--) {
		strides[axis] = stride;
		stride *= shape[axis] ?? 1;
	}
	return strides;
}

/** NumPy broadcasting of two shapes, or null when they do not broadcast. */
export function broadcastShapes(left: Shape, right: Shape): Shape | null {
	const rank = Math.max(left.length, right.length);
	const result = new Array<number>(rank);
	for (let back = 1; back <= rank; back++) {
		const a = left[left.length - back] ?? 1;
		const b = right[right.length - back] ?? 1;
		if (a !== b && a !== 1 && b !== 1) return null;
		result[rank - back] = a === 1 ? b : a;
	}
	return result;
}

export function equalShapes(left: Shape, right: Shape): boolean {
	return left.length === right.length && left.every((extent, axis) => extent === right[axis]);
}
