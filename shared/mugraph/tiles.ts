import type { AxisId } from "#shared/program/program.ts";
import type { Kernel, MuGraph } from "./mugraph.ts";

/** Tile extents of one kernel: the part of a schedule that a µGraph's meaning needs. They need not divide the extents. */
export interface KernelTiles {
	/** Same order as `Kernel.grid`. */
	readonly gridTiles: readonly number[];
	/** Extent of one loop step; ignored without a loop. */
	readonly loopTile: number;
}

/** One tile of one axis: [start, start + extent). */
export interface AxisTile {
	readonly axis: AxisId;
	readonly start: number;
	readonly extent: number;
}

/** The tiles of an axis in order; the last may be partial. */
export function axisTiles(axis: AxisId, extent: number, tile: number): AxisTile[] {
	const tiles: AxisTile[] = [];
	for (let start = 0; start < extent; start += tile)
		tiles.push({ axis, start, extent: Math.min(tile, extent - start) });
	return tiles;
}

/** Every block of the kernel's grid: one tile of each grid axis, the last axis fastest. */
export function gridBlocks(kernel: Kernel, muGraph: MuGraph, tiles: KernelTiles): AxisTile[][] {
	let blocks: AxisTile[][] = [[]];
	kernel.grid.forEach((axis, i) => {
		const own = axisTiles(axis, muGraph.axes[axis]?.extent ?? 1, tiles.gridTiles[i] ?? 1);
		blocks = blocks.flatMap((block) => own.map((tile) => [...block, tile]));
	});
	return blocks;
}
