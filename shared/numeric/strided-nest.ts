/** A loop nest over several strided operands: `strides[o]` are operand o's, one for each extent. */
export interface StridedNest {
	readonly extents: readonly number[];
	readonly strides: readonly (readonly number[])[];
}

/**
 * The same positions in the same order with fewer, longer axes: extents of 1 go, and neighbouring axes that every operand
 * walks as one are merged. Always leaves at least one axis.
 */
export function coalesceNest(nest: StridedNest): StridedNest {
	const extents: number[] = [];
	const strides: number[][] = nest.strides.map(() => []);
	for (let axis = 0; axis < nest.extents.length; axis++) {
		const extent = nest.extents[axis] ?? 1;
		if (extent === 1) continue;
		const last = extents.length - 1;
		const merges =
			last >= 0 && nest.strides.every((own, o) => strides[o]?.[last] === (own[axis] ?? 0) * extent);
		if (merges) extents[last] = (extents[last] ?? 1) * extent;
		else extents.push(extent);
		const at = merges ? last : last + 1;
		nest.strides.forEach((own, o) => {
			const list = strides[o];
			if (list !== undefined) list[at] = own[axis] ?? 0;
		});
	}
	if (extents.length === 0) {
		extents.push(1);
		for (const list of strides) list.push(0);
	}
	return { extents, strides };
}

/**
 * Calls `row` for every position of all axes but the last, outermost slowest. `offsets[o]` is where operand o's row
 * begins; the array is reused between calls.
 */
export function forEachRow(
	nest: StridedNest,
	startOffsets: readonly number[],
	row: (offsets: readonly number[]) => void,
): void {
	const outer = nest.extents.length - 1;
	const offsets = [...startOffsets];
	const position = new Array<number>(Math.max(outer, 0)).fill(0);
	if (nest.extents.some((extent) => extent === 0)) return;
	for (;;) {
		row(offsets);
		let axis = outer - 1;
		for (; axis >= 0; axis--) {
			const next = (position[axis] ?? 0) + 1;
			const wraps = next === nest.extents[axis];
			position[axis] = wraps ? 0 : next;
			for (let o = 0; o < offsets.length; o++) {
				const stride = nest.strides[o]?.[axis] ?? 0;
				offsets[o] = (offsets[o] ?? 0) + (wraps ? -stride * (next - 1) : stride);
			}
			if (!wraps) break;
		}
		if (axis < 0) return;
	}
}
