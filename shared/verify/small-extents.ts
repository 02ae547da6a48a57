import { present } from "#shared/fault/assert.ts";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { KernelTiles } from "#shared/mugraph/tiles.ts";
import { type AxisId, type Program, type ProgramNode, programNodeOperands } from "#shared/program/program.ts";

/** One member of the family that is tested, and how its axes are cut. */
export interface SmallInstance {
	/** In axis order. */
	readonly extents: readonly number[];
	/**
	 * Tiles that leave two or more tiles to every grid axis where the extent allows, the last one partial. A loop has two
	 * steps in the first instance, one of several positions: what a step does to its own is tested beside what steps do.
	 */
	tilesOf(kernel: Kernel): KernelTiles;
}

/** Extents in turn, for the first and the second instance; neighbours differ, so that confused axes show. */
const firstExtents = [3, 4] as const;
const secondExtents = [4, 2, 3] as const;
/** Positions of the largest loop nest of a node. */
const nestPositionsMax = 4096;
/** Elements of one exponential, where axes of extent 2 allow: lanes grow with the number of exponents (error-bound.ts). */
const exponentialElementsMax = 32;

/** Axes whose extents matter to what is computed. */
export interface CountedAxes {
	/** Those that kernels walk. */
	readonly loops: ReadonlySet<AxisId>;
	/** Those that the program or the µGraph reduces: how many elements there are may show in a value. */
	readonly reduced: ReadonlySet<AxisId>;
}

export function countedAxes({ kernels }: MuGraph, program: Program): CountedAxes {
	const nodes = [...program.nodes, ...kernels.flatMap((kernel) => kernel.nodes)];
	return {
		loops: new Set(kernels.flatMap(({ loop }) => (loop === null ? [] : [loop]))),
		reduced: new Set(nodes.flatMap((node) => ("over" in node ? node.over : []))),
	};
}

/** Extent that leaves a loop two steps, one of several positions, or else three steps: what loop axes keep. */
const loopExtentMin = 3;
/** What other reduced axes keep in the second instance, so that they may have fewer in the first. */
const reducedExtentMin = 3;

/**
 * Two instances of the program's family, never larger than the program. A reduced axis of more than two positions has
 * another extent in each, and a loop another number of steps, so that no number passes for either.
 */
export function smallInstances(
	program: Program,
	counted: CountedAxes,
): readonly [SmallInstance, SmallInstance] {
	return bothInstances(...bothExtents(program, counted));
}

function bothExtents(program: Program, { loops, reduced }: CountedAxes): [number[], number[]] {
	const kept = new Set([...loops, ...reduced]);
	const first = smallExtents(program, firstExtents, loops, loopExtentMin);
	const second = smallExtents(program, secondExtents, kept, Math.max(loopExtentMin, reducedExtentMin));
	for (const axis of kept) {
		const extent = first[axis] ?? 2;
		if (extent <= 2 || extent !== second[axis]) continue;
		const hasMore = present(program.axes[axis], "axis").extent > extent;
		if (!loops.has(axis)) first[axis] = extent - 1;
		else second[axis] = extent === loopExtentMin && hasMore ? extent + 1 : extent - 1;
	}
	return [first, second];
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
	counted: CountedAxes,
): readonly [SmallInstance, SmallInstance] | null {
	const real = program.axes.map(({ extent }) => extent);
	const [first, second] = bothExtents(program, counted);
	const settled: (readonly AxisId[])[] = [];
	for (const set of sets) {
		settled.push(set);
		const axis = present([...set].sort((a, b) => (real[b] ?? 0) - (real[a] ?? 0))[0], "a reduced axis");
		const largest = real[axis] ?? 2;
		const smallest = counted.loops.has(axis) ? Math.min(loopExtentMin, largest) : 2;
		const own = [first[axis] ?? 2, second[axis] ?? 2] as const;
		const pairs = linkedExtents.flatMap((a) => linkedExtents.map((b) => [a, b] as const));
		const fitting = [own, ...pairs].find(([a, b]) => {
			[first[axis], second[axis]] = [a, b];
			if (a < smallest || a > largest || b > largest || (a === b && largest > 2)) return false;
			return areToldApart(settled, real, first, second);
		});
		if (fitting === undefined) return null;
	}
	return bothInstances(first, second);
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

function bothInstances(
	first: readonly number[],
	second: readonly number[],
): readonly [SmallInstance, SmallInstance] {
	const allButOne = (extents: readonly number[]) => (axis: AxisId) => Math.max(1, (extents[axis] ?? 1) - 1);
	return [
		// Two steps.
		instance(first, (axis) => Math.ceil((first[axis] ?? 1) / 2), allButOne(first)),
		// A step for each of three positions or more, one for both of two.
		instance(second, allButOne(second), (axis) => ((second[axis] ?? 1) > 2 ? 1 : 2)),
	];
}

function instance(
	extents: readonly number[],
	gridTile: (axis: AxisId) => number,
	loopTile: (axis: AxisId) => number,
): SmallInstance {
	return {
		extents,
		tilesOf: (kernel) => ({
			gridTiles: kernel.grid.map(gridTile),
			loopTile: kernel.loop === null ? 0 : loopTile(kernel.loop),
		}),
	};
}

/** `kept` are axes that stay at `keptMin` or what they have. */
function smallExtents(
	program: Program,
	turn: readonly number[],
	kept: ReadonlySet<AxisId>,
	keptMin: number,
): number[] {
	const minimumOf = (axis: AxisId): number => (kept.has(axis) ? keptMin : 2);
	const extents = program.axes.map(({ extent }, id) =>
		Math.min(extent, Math.max(turn[id % turn.length] ?? 2, minimumOf(id))),
	);
	const shrink = (axis: AxisId): void => {
		extents[axis] = Math.min(extents[axis] ?? 2, minimumOf(axis));
	};
	for (const node of program.nodes) {
		const nest = new Set(node.axes);
		for (const operand of programNodeOperands(node))
			for (const axis of program.nodes[operand]?.axes ?? []) nest.add(axis);
		const positions = (): number => [...nest].reduce((count, axis) => count * (extents[axis] ?? 1), 1);
		for (const axis of nest) if (positions() > nestPositionsMax) shrink(axis);
	}
	for (const { axes } of program.nodes.filter(isExponential)) {
		const byExtent = [...axes].sort((a, b) => (extents[b] ?? 1) - (extents[a] ?? 1));
		const elements = (): number => axes.reduce((count, axis) => count * (extents[axis] ?? 1), 1);
		for (const axis of byExtent) if (elements() > exponentialElementsMax) shrink(axis);
	}
	return extents;
}

function isExponential(node: ProgramNode): boolean {
	return node.kind === "map" && ["exp", "sigmoid", "tanh"].includes(node.operator);
}
