import type { Kernel } from "#shared/mugraph/mugraph.ts";
import type { KernelTiles } from "#shared/mugraph/tiles.ts";
import { type Program, programNodeOperands } from "#shared/program/program.ts";

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

/** Two instances of the program's family, never larger than the program. */
export function smallInstances(program: Program): readonly [SmallInstance, SmallInstance] {
	return [
		instance(smallExtents(program, firstExtents), (extent) => Math.ceil(extent / 2)),
		instance(smallExtents(program, secondExtents), (extent, isLoop) =>
			isLoop ? 1 : Math.max(1, extent - 1),
		),
	];
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
	return extents;
}
