import { present } from "#shared/fault/assert.ts";
import type { Kernel } from "#shared/mugraph/mugraph.ts";
import type { KernelTiles } from "#shared/mugraph/tiles.ts";
import { type AxisId, type Program, programNodeOperands } from "#shared/program/program.ts";

/** One member of the family that is tested, and how its axes are cut. */
export interface SmallInstance {
	/** In axis order. */
	readonly extents: readonly number[];
	/** Tiles that leave two or more tiles to every cut axis, the last one partial where the extent allows. */
	tilesOf(kernel: Kernel): KernelTiles;
}

/** Extents in turn, for the first and the second instance; neighbours differ, so that confused axes show. */
const firstExtents = [3, 4] as const;
const secondExtents = [4, 2, 3] as const;
/** Positions of the largest loop nest of a node. */
const nestPositionsMax = 4096;
/** Exponentials added up by one reduction: trials grow with the square of their number (error-bound.ts). */
const exponentialTermsMax = 6;

/** Two instances of the program's family, never larger than the program. */
export function smallInstances(program: Program): readonly [SmallInstance, SmallInstance] {
	return [
		firstInstance(smallExtents(program, firstExtents)),
		secondInstance(smallExtents(program, secondExtents)),
	];
}

/** Extents tried for an axis that constants are linked to, in both instances. */
const linkedExtents = [2, 3, 4, 5] as const;

/**
 * The same for a test in which constants stand for the extents of these sets of axes: the number of elements of each set
 * differs between the instances, so that no number passes for it, and sets of different sizes differ in one instance, so
 * that none passes for another. Null when no such extents were found.
 */
export function linkedInstances(
	program: Program,
	sets: readonly (readonly AxisId[])[],
): readonly [SmallInstance, SmallInstance] | null {
	const real = program.axes.map(({ extent }) => extent);
	const first = smallExtents(program, firstExtents);
	const second = smallExtents(program, secondExtents);
	const settled: (readonly AxisId[])[] = [];
	for (const set of sets) {
		settled.push(set);
		const axis = present([...set].sort((a, b) => (real[b] ?? 0) - (real[a] ?? 0))[0], "a reduced axis");
		const largest = real[axis] ?? 2;
		const own = [first[axis] ?? 2, second[axis] ?? 2] as const;
		const pairs = linkedExtents.flatMap((a) => linkedExtents.map((b) => [a, b] as const));
		const fitting = [own, ...pairs].find(([a, b]) => {
			[first[axis], second[axis]] = [a, b];
			return a <= largest && b <= largest && areToldApart(settled, real, first, second);
		});
		if (fitting === undefined) return null;
	}
	return [firstInstance(first), secondInstance(second)];
}

function areToldApart(
	sets: readonly (readonly AxisId[])[],
	real: readonly number[],
	first: readonly number[],
	second: readonly number[],
): boolean {
	const sizeIn = (set: readonly AxisId[], extents: readonly number[]): number =>
		set.reduce((product, axis) => product * (extents[axis] ?? 1), 1);
	return sets.every(
		(set, at) =>
			sizeIn(set, first) !== sizeIn(set, second) &&
			sets
				.slice(0, at)
				.every(
					(other) =>
						sizeIn(set, real) === sizeIn(other, real) ||
						sizeIn(set, first) !== sizeIn(other, first) ||
						sizeIn(set, second) !== sizeIn(other, second),
				),
	);
}

function firstInstance(extents: readonly number[]): SmallInstance {
	return instance(extents, (extent) => Math.ceil(extent / 2));
}

function secondInstance(extents: readonly number[]): SmallInstance {
	return instance(extents, (extent, isLoop) => (isLoop ? 1 : Math.max(1, extent - 1)));
}

function instance(
	extents: readonly number[],
	tile: (extent: number, isLoop: boolean) => number,
): SmallInstance {
	return {
		extents,
		tilesOf: (kernel) => ({
			gridTiles: kernel.grid.map((axis) => tile(extents[axis] ?? 1, false)),
			loopTile: kernel.loop === null ? 0 : tile(extents[kernel.loop] ?? 1, true),
		}),
	};
}

function smallExtents(program: Program, turn: readonly number[]): number[] {
	const extents = program.axes.map((axis, id) => Math.min(axis.extent, turn[id % turn.length] ?? 2));
	for (const node of program.nodes) {
		const nest = new Set(node.axes);
		for (const operand of programNodeOperands(node))
			for (const axis of program.nodes[operand]?.axes ?? []) nest.add(axis);
		const positions = (): number => [...nest].reduce((count, axis) => count * (extents[axis] ?? 1), 1);
		for (const axis of nest) if (positions() > nestPositionsMax) extents[axis] = 2;
	}
	for (const over of exponentialSums(program)) {
		const byExtent = [...over].sort((a, b) => (extents[b] ?? 1) - (extents[a] ?? 1));
		const terms = (): number => over.reduce((count, axis) => count * (extents[axis] ?? 1), 1);
		for (const axis of byExtent) if (terms() > exponentialTermsMax) extents[axis] = 2;
	}
	return extents;
}

/** The axes along which each reduction adds up values that hold different exponentials. */
function exponentialSums(program: Program): AxisId[][] {
	/** Axes along which the exponents of a value differ: of exponentials in it that were not added up yet, or were. */
	const exponents: ReadonlySet<AxisId>[] = [];
	return program.nodes.flatMap((node, id) => {
		const below = new Set(programNodeOperands(node).flatMap((operand) => [...(exponents[operand] ?? [])]));
		if (node.kind === "map" && node.operator === "exp") for (const axis of node.axes) below.add(axis);
		exponents[id] = below;
		const isSum = node.kind === "contract" || (node.kind === "reduce" && node.operator === "sum");
		return isSum ? [[...below].filter((axis) => !node.axes.includes(axis))] : [];
	});
}
