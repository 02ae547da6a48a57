// Register tiles of a contraction: rows × vectors of accumulators that stay in registers while the depth is walked.

import type { CpuTarget } from "#shared/target/target.ts";

/** Share lost to each pass over the panel after the first; with many the panel is in the cache and none matters. */
const passCost = 0.01;
const passesCounted = 4;

export interface RegisterTile {
	readonly rows: number;
	readonly vectors: number;
}

/** Cycles between a multiply-add and the next one on the same accumulator, times two a cycle. */
const accumulatorsInFlight = 8;
/** Vector loads (a broadcast is one) that a core starts in the time of one multiply-add, roughly. */
const loadsPerMultiplyAdd = 1;

/** Tiles that leave registers for one step of the panel and a broadcast, best first for `rows` × `columns` results. */
export function registerTiles(target: CpuTarget, rows: number, columns: number): readonly RegisterTile[] {
	const tiles: RegisterTile[] = [];
	const { vectorRegisters, vectorLanes } = target;
	for (let height = 1; height <= Math.min(rows, 14); height++) {
		for (let vectors = 1; vectors <= 8; vectors++) {
			if (height * vectors + vectors + 1 > vectorRegisters) continue;
			if (vectors > 1 && (vectors - 1) * vectorLanes >= columns) continue;
			tiles.push({ rows: height, vectors });
		}
	}
	const efficiency = (tile: RegisterTile): number => registerTileEfficiency(tile, rows, columns, vectorLanes);
	return tiles.sort(
		(a, b) => efficiency(b) - efficiency(a) || b.rows * b.vectors - a.rows * a.vectors || b.rows - a.rows,
	);
}

/** Share of the peak that a tile can reach: latency, loads, and lanes and rows that are padding. At most 1. */
export function registerTileEfficiency(
	tile: RegisterTile,
	rows: number,
	columns: number,
	lanes: number,
): number {
	const passes = Math.ceil(rows / tile.rows);
	const height = rows / passes;
	const vectors = Math.min(tile.vectors, Math.ceil(columns / lanes));
	const width = vectors * lanes;
	const multiplyAdds = height * vectors;
	const latency = Math.min(1, multiplyAdds / accumulatorsInFlight);
	const loads = Math.min(1, (loadsPerMultiplyAdd * multiplyAdds) / (height + vectors));
	const filled = columns / (Math.ceil(columns / lanes) * lanes);
	const wholePanels = columns / (Math.ceil(columns / width) * width);
	const starts = 1 - passCost * Math.min(passes - 1, passesCounted);
	return Math.min(latency, loads) * filled * (0.85 + 0.15 * wholePanels) * starts;
}
