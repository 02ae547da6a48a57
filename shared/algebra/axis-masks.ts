// Sets of axes as bits: bit a stands for axis a.

import type { AxisId } from "#shared/program/program.ts";

export type AxisMask = number;

/** Bits of a small integer that are safe in bitwise operators. */
export const maskAxesMax = 30;

export function maskOf(axes: readonly AxisId[]): AxisMask {
	return axes.reduce((mask, axis) => mask | (1 << axis), 0);
}

/** Ascending. */
export function axesOf(mask: AxisMask): AxisId[] {
	const axes: AxisId[] = [];
	for (let rest = mask, axis = 0; rest !== 0; rest >>>= 1, axis++) if (rest & 1) axes.push(axis);
	return axes;
}

/** Whether one set contains the other. */
export function isNested(a: AxisMask, b: AxisMask): boolean {
	return (a & ~b) === 0 || (b & ~a) === 0;
}

/** Every non-empty subset, largest first. */
export function subsetsOf(mask: AxisMask): AxisMask[] {
	const subsets: AxisMask[] = [];
	for (let subset = mask; subset !== 0; subset = (subset - 1) & mask) subsets.push(subset);
	return subsets;
}

/** Product of the extents of the axes. */
export function volumeOf(mask: AxisMask, extents: readonly number[]): number {
	let volume = 1;
	for (let rest = mask, axis = 0; rest !== 0; rest >>>= 1, axis++) if (rest & 1) volume *= extents[axis] ?? 1;
	return volume;
}
