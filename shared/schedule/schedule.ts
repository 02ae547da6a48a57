// A schedule binds what a µGraph leaves open: tile sizes and how the tiles are computed. Plain data.

import type { AxisId } from "#shared/program/program.ts";

/** See `KernelSchedule.productType`. */
export type ProductType = "float32" | "bfloat16";

export interface KernelSchedule {
	/** Tile extent of each grid axis, same order as `Kernel.grid`; need not divide the extent. */
	readonly gridTiles: readonly number[];
	/** Extent of one loop step; the whole extent makes a single step. 0 for a kernel without a loop. */
	readonly loopTile: number;
	/** float32 lanes of one vector: 16, 8, 4 or 1. */
	readonly vectorLanes: number;
	/** Rows of a contraction's register tile. */
	readonly registerRows: number;
	/** Vectors across of a contraction's register tile. */
	readonly registerVectors: number;
	/**
	 * How a weight operand of a contraction is kept: as given; re-arranged once into column panels, as wide as the register
	 * tile; those of contractions with the same rows in one buffer, a panel of each in turn; or in panels of one vector, of
	 * which a register tile reads several side by side, each a stream of memory of its own (docs/adr/0018).
	 */
	readonly weightLayout: "asGiven" | "panels" | "interleaved" | "streams";
	/**
	 * What prepared panels and the rows that they multiply are rounded to; sums are float32 in any case. bfloat16 halves what
	 * float32 weights read, and only a tolerance that allows it asks for it (docs/adr/0016).
	 */
	readonly productType: ProductType;
	/**
	 * How far ahead weight panels are prefetched, and rows that are read in place along the loop; 0: not at all. Panels that
	 * stream along the loop are, if at all, one step ahead.
	 */
	readonly prefetchBytes: number;
	/** The cache that prefetched lines come into: what lies far ahead would push out of the first what is used before. */
	readonly prefetchLevel: 1 | 2;
	/** Steps of the innermost contraction loop written out. */
	readonly unroll: number;
	/**
	 * The axis that fills vector lanes where a panel has to be packed in any case; null lets lowering choose. With attention's
	 * queries in the lanes, keys are read in place and nothing is transposed (docs/adr/0019).
	 */
	readonly vectorAxis: AxisId | null;
	/** Write outputs past the caches; pays when they are larger than the last level. */
	readonly nonTemporalStores: boolean;
}

export interface Schedule {
	/** One for each kernel of the µGraph. */
	readonly kernels: readonly KernelSchedule[];
}
