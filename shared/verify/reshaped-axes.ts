import type { Shape } from "#shared/tensor/shape.ts";

/**
 * For each dimension before a reshape those after it that its index can move along: dimensions fall into groups of equal
 * element counts, within which anything may depend on anything.
 */
export function reshapedAxes(from: Shape, to: Shape): (axis: number) => readonly number[] {
	const groups = new Map<number, readonly number[]>();
	let [a, b] = [0, 0];
	while (a < from.length || b < to.length) {
		const [firstA, firstB] = [a, b];
		let [before, after] = [from[a++] ?? 1, to[b++] ?? 1];
		while (before !== after && (a < from.length || b < to.length)) {
			if ((before < after && a < from.length) || b >= to.length) before *= from[a++] ?? 1;
			else after *= to[b++] ?? 1;
		}
		const range = (start: number, end: number): number[] =>
			Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
		const reached = range(firstB, Math.min(b, to.length));
		for (const axis of range(firstA, Math.min(a, from.length))) groups.set(axis, reached);
	}
	return (axis) => groups.get(axis) ?? [];
}
