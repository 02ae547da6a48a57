import type { AxisMask } from "./axis-masks.ts";

/** Where, in a dense row-major tensor over `axes`, the element of each position of a nest lies. */
export interface PositionMaps {
	readonly extents: readonly number[];
	/** For each position of the nest, in row-major order, the element of the tensor over `axes`, a subset of the nest. */
	of(nest: AxisMask, axes: AxisMask): Int32Array;
}

export function createPositionMaps(extents: readonly number[]): PositionMaps {
	const known = new Map<AxisMask, Map<AxisMask, Int32Array>>();
	return {
		extents,
		of: (nest, axes) => {
			const ofNest = known.get(nest) ?? new Map<AxisMask, Int32Array>();
			known.set(nest, ofNest);
			const map = ofNest.get(axes) ?? positionMap(nest, axes, extents);
			ofNest.set(axes, map);
			return map;
		},
	};
}

function positionMap(nest: AxisMask, axes: AxisMask, extents: readonly number[]): Int32Array {
	let map = new Int32Array(1);
	let stride = 1;
	// The last axis runs fastest: from the highest axis down, each repeats what is there at its own stride.
	for (let axis = 31 - Math.clz32(nest); axis >= 0; axis--) {
		if ((nest & (1 << axis)) === 0) continue;
		const extent = extents[axis] ?? 1;
		const isOwn = (axes & (1 << axis)) !== 0;
		const longer = new Int32Array(map.length * extent);
		for (let i = 0; i < longer.length; i++)
			longer[i] = (map[i % map.length] as number) + (isOwn ? Math.floor(i / map.length) * stride : 0);
		if (isOwn) stride *= extent;
		map = longer;
	}
	return map;
}
