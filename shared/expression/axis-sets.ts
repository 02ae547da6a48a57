import { present } from "#shared/fault/assert.ts";
import type { AxisId } from "#shared/program/program.ts";
import { createSequenceTable } from "./intern.ts";
import { createPairMemo, remembered } from "./pair-memo.ts";

/** Of one `AxisSets`: equal sets, equal ids. */
export type AxisSetId = number;

/** Sets of axes; every operation on two of them is computed once. */
export interface AxisSets {
	readonly empty: AxisSetId;
	of(axes: Iterable<AxisId>): AxisSetId;
	/** Ascending. */
	axesOf(set: AxisSetId): readonly AxisId[];
	union(a: AxisSetId, b: AxisSetId): AxisSetId;
	minus(a: AxisSetId, b: AxisSetId): AxisSetId;
	intersect(a: AxisSetId, b: AxisSetId): AxisSetId;
	isInside(part: AxisSetId, whole: AxisSetId): boolean;
}

export function createAxisSets(): AxisSets {
	const table = createSequenceTable();
	const sets: (readonly AxisId[])[] = [];
	const of = (axes: Iterable<AxisId>): AxisSetId => {
		const ascending = [...new Set(axes)].sort((a, b) => a - b);
		const id = table.intern(ascending);
		sets[id] ??= ascending;
		return id;
	};
	const axesOf = (set: AxisSetId): readonly AxisId[] => present(sets[set], "axis set");
	const unions = createPairMemo();
	const differences = createPairMemo();
	const empty = of([]);
	const minus = (a: AxisSetId, b: AxisSetId): AxisSetId => {
		if (a === empty || b === empty) return a;
		return remembered(differences, a, b, () => {
			const without = axesOf(b);
			return of(axesOf(a).filter((axis) => !without.includes(axis)));
		});
	};
	return {
		empty,
		of,
		axesOf,
		union: (a, b) => {
			if (a === b || b === empty) return a;
			if (a === empty) return b;
			return remembered(unions, a, b, () => of([...axesOf(a), ...axesOf(b)]));
		},
		minus,
		intersect: (a, b) => (a === b ? a : minus(a, minus(a, b))),
		isInside: (part, whole) => part === whole || minus(part, whole) === empty,
	};
}
