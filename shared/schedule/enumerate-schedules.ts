// The schedules worth trying for a µGraph: for each knob of each kernel a short list, best guess first, combined so that
// few knobs leave their best guess early on. What the lists hold comes from measurements: packed
// panels, register tile and prefetch distance matter most, then tile sizes.

import { present } from "#shared/fault/assert.ts";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import type { AxisId } from "#shared/program/program.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { type KernelRoles, kernelRoles } from "./kernel-roles.ts";
import { prefetchOptions, turnedPrefetches } from "./prefetch-options.ts";
import { type RegisterTile, registerTiles } from "./register-tile.ts";
import type { KernelSchedule, ProductType, Schedule } from "./schedule.ts";
import { panelLayouts } from "./schedule-scales.ts";
import { laneFillings } from "./vector-axis.ts";

/** Register tiles tried for a kernel. */
const registerTilesMax = 6;
/** Elements of an element-wise tile: a few pages, so that the price of a tile does not show. */
const elementwiseTileElements = 4096;
/** Elements of a row below which several rows share a tile. */
const shortRowElements = 256;

/** Side of the square tile of a kernel that transposes: its rows and columns fit the first-level cache. */
const transposeTileExtent = 32;

/**
 * At most `limit` legal schedules, each once, the most promising first. Deterministic. `threads` keeps tiles small enough
 * to be shared out. Kernels of the prepare step keep their best guess: no call waits for them.
 */
export function enumerateSchedules(
	muGraph: MuGraph,
	target: CpuTarget,
	threads: number,
	limit: number,
	productTypes: readonly ProductType[] = ["float32"],
): Schedule[] {
	const prepare = findPreparePart(muGraph).kernels;
	const spaces = muGraph.kernels.map((kernel, id) => {
		const space = kernelSpace(muGraph, kernel, target, threads, productTypes);
		return prepare.has(id) ? { ...space, sizes: space.sizes.map(() => 1) } : space;
	});
	const sizes = spaces.flatMap((space) => space.sizes);
	const found = new Map<string, Schedule>();
	const rankMax = sizes.reduce((sum, size) => sum + size - 1, 0);
	for (let rank = 0; rank <= rankMax && found.size < limit; rank++) {
		eachChoice(sizes, rank, (choice) => {
			let from = 0;
			const kernels = spaces.map((space) => {
				const own = choice.slice(from, from + space.sizes.length);
				from += space.sizes.length;
				return space.schedule(own);
			});
			const schedule: Schedule = { kernels };
			const key = JSON.stringify(schedule);
			if (!found.has(key)) found.set(key, schedule);
			return found.size < limit;
		});
	}
	return [...found.values()];
}

/** Index vectors below `sizes` whose sum is `rank`, in lexicographic order, until `visit` returns false. */
function eachChoice(
	sizes: readonly number[],
	rank: number,
	visit: (choice: readonly number[]) => boolean,
): void {
	const room = new Array<number>(sizes.length + 1).fill(0);
	for (let at = sizes.length - 1; at >= 0; at--) {
		room[at] = (room[at + 1] ?? 0) + present(sizes[at], "size") - 1;
	}
	const choice: number[] = [];
	const walk = (at: number, left: number): boolean => {
		if (left > (room[at] ?? 0)) return true;
		if (at === sizes.length) return visit([...choice]);
		for (let index = Math.min(left, present(sizes[at], "size") - 1); index >= 0; index--) {
			choice.push(index);
			const goesOn = walk(at + 1, left - index);
			choice.pop();
			if (!goesOn) return false;
		}
		return true;
	};
	walk(0, rank);
}

interface KernelSpace {
	readonly sizes: readonly number[];
	schedule(choice: readonly number[]): KernelSchedule;
}

function kernelSpace(
	muGraph: MuGraph,
	kernel: Kernel,
	target: CpuTarget,
	threads: number,
	allowed: readonly ProductType[],
): KernelSpace {
	const roles = kernelRoles(muGraph, kernel);
	const extent = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const tiles = tileOptions(roles, target, extent);
	const main = roles.contracts[0];
	const prefetches = prefetchOptions(roles, target, extent);
	const layouts = panelLayouts(roles, target);
	const productTypes = productOptions(roles, allowed);
	const streaming = streamingOptions(roles.outputBytes, target);
	const unrolls = main === undefined ? [1] : [2, 4, 1];
	const scales = roles.contracts.length === 0 ? [0, 1, 2, 3] : [0, 1, 2];
	const loops = loopOptions(roles, kernel, target, extent);
	const cut = (axis: AxisId): number => cutForThreads(axis, kernel, threads, extent);
	const fillings = laneFillings(roles, target, cut);
	const options = [
		tiles,
		scales,
		prefetches,
		loops,
		unrolls,
		layouts,
		streaming,
		productTypes,
		fillings,
	] as const;
	return {
		sizes: options.map((list) => list.length),
		schedule: (choice) => {
			const pick = <T>(list: readonly T[], at: number): T =>
				present(list[(choice[at] ?? 0) % list.length], "choice");
			const filling = pick(fillings, 8);
			const isTurned = filling.vectorAxis !== null;
			const registers = pick(isTurned ? turnedTiles(target) : tiles, 0);
			const weightLayout = pick(layouts, 5);
			const scale = weightLayout === "interleaved" ? turnsScale(pick(scales, 1)) : pick(scales, 1);
			const own = isTurned ? kernelRoles(muGraph, kernel, filling.vectorAxis) : roles;
			const tilesOfGrid = gridTiles(muGraph, kernel, own, registers, scale, target, threads);
			return {
				gridTiles: tilesOfGrid.map((tile, at) =>
					isTurned && kernel.grid[at] === filling.vectorAxis ? cut(filling.vectorAxis) : tile,
				),
				loopTile: pick(loops, 3),
				registerRows: registers.rows,
				registerVectors: registers.vectors,
				weightLayout,
				productType: pick(productTypes, 7),
				...pick(isTurned ? turnedPrefetches : prefetches, 2),
				unroll: pick(unrolls, 4),
				...filling,
				nonTemporalStores: pick(streaming, 6),
			};
		},
	};
}

/** Many rows for the product that has one vector across, two vectors for the other. */
function turnedTiles({ vectorRegisters }: CpuTarget): readonly RegisterTile[] {
	const tiles = [12, 8, 10, 6].map((rows) => ({ rows, vectors: 2 }));
	return tiles.filter(({ rows, vectors }) => rows * vectors + vectors + 1 <= vectorRegisters);
}

/** Rounded products, where they are allowed, read less and may be two at once. */
function productOptions({ contracts }: KernelRoles, allowed: readonly ProductType[]): readonly ProductType[] {
	const isRounded = allowed.includes("bfloat16") && contracts[0]?.isWeight === true;
	return isRounded ? ["bfloat16", "float32"] : ["float32"];
}

/** Outputs that no cache of the core's own keeps until they are read need not pass through one, nor be read to be written. */
function streamingOptions(outputBytes: number, target: CpuTarget): readonly boolean[] {
	return outputBytes > 4 * target.level2Bytes ? [true, false] : [false];
}

function tileOptions(
	roles: KernelRoles,
	target: CpuTarget,
	extent: (axis: AxisId) => number,
): readonly RegisterTile[] {
	const main = roles.contracts[0];
	if (main === undefined || main.vector === null) return [{ rows: 1, vectors: 1 }];
	const rows = main.row === null ? 1 : extent(main.row);
	const tiles = registerTiles(target, rows, extent(main.vector));
	const best = tiles.slice(0, registerTilesMax);
	if (roles.weightBytes <= target.level2Bytes) return best;
	// Weights that stream from memory do so most evenly when all rows are done in one pass.
	const inOnePass = tiles.find((tile) => tile.rows >= rows);
	return inOnePass === undefined ? best : [inOnePass, ...best.filter((tile) => tile !== inOnePass)];
}

/** Whole unless steps keep an attention's scores small, or the axis is very long. */
function loopOptions(
	roles: KernelRoles,
	kernel: Kernel,
	target: CpuTarget,
	extent: (axis: AxisId) => number,
): readonly number[] {
	if (kernel.loop === null) return [0];
	const whole = extent(kernel.loop);
	const keepsScores = roles.hasRescaling || roles.hasChain;
	const steps = keepsScores ? [128, 64, 256, 512] : [1024];
	const cut = steps.filter((step) => step < whole);
	const row = roles.contracts[0]?.row ?? null;
	const scoreBytes = 4 * whole * (row === null ? 1 : Math.min(extent(row), 64));
	return scoreBytes > target.level2Bytes / 2 && keepsScores ? [...cut, whole] : [whole, ...cut];
}

function gridTiles(
	muGraph: MuGraph,
	kernel: Kernel,
	roles: KernelRoles,
	registers: RegisterTile,
	scale: number,
	target: CpuTarget,
	threads: number,
): number[] {
	const extent = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const tiles = kernel.grid.map((axis) =>
		roles.contracts.length > 0
			? contractTile(axis, kernel, roles, registers, scale, target, threads, extent)
			: spanTile(axis, kernel, roles, scale, extent),
	);
	return tiles.map((tile, at) => Math.max(1, Math.min(tile, extent(present(kernel.grid[at], "grid axis")))));
}

/** Panels that take turns are read in sequence where a tile has one of each: that scale goes first. */
const turnsScale = (scale: number): number => present([1, 0, 2][scale], "scale");

/** Blocks that the other grid axes make, where they are cut one by one. */
function blocksBeside(kernel: Kernel, axis: AxisId, extent: (axis: AxisId) => number): number {
	return kernel.grid.reduce((count, own) => (own === axis ? count : count * extent(own)), 1);
}

/** Of an axis whose blocks all read the same: whole, or a block for each thread where no other axis gives it one. */
function cutForThreads(
	axis: AxisId,
	kernel: Kernel,
	threads: number,
	extent: (axis: AxisId) => number,
): number {
	const isCut = threads > 1 && kernel.grid.includes(axis) && blocksBeside(kernel, axis, extent) < threads;
	return isCut ? Math.ceil(extent(axis) / threads) : extent(axis);
}

/** Columns in whole panels, rows as many as profit from a panel that is already in the cache, other axes one by one. */
function contractTile(
	axis: AxisId,
	kernel: Kernel,
	roles: KernelRoles,
	registers: RegisterTile,
	scale: number,
	target: CpuTarget,
	threads: number,
	extent: (axis: AxisId) => number,
): number {
	const width = registers.vectors * target.vectorLanes;
	const main = present(roles.contracts[0], "a contraction");
	const asVector = roles.contracts.find((contract) => contract.vector === axis);
	if (asVector !== undefined) {
		const columns = extent(axis);
		const panels = present([4, 1, 16][scale], "scale");
		const shared = Math.max(1, Math.floor(columns / width / (4 * threads)));
		return width * (threads > 1 ? Math.min(panels, shared) : panels);
	}
	if (roles.contracts.some((contract) => contract.row === axis) || main.row === axis) {
		const wanted = present([64, 128, 32][scale], "scale");
		return Math.min(wanted, main.isWeight ? extent(axis) : cutForThreads(axis, kernel, threads, extent));
	}
	return 1;
}

/** Rows one by one when they are long; spans whole, or in pieces when nothing is reduced along them. */
function spanTile(
	axis: AxisId,
	kernel: Kernel,
	roles: KernelRoles,
	scale: number,
	extent: (axis: AxisId) => number,
): number {
	const grows = present([1, 2, 4, 8][scale], "scale");
	if (roles.outputSpan !== null && !roles.hasReduction) {
		return axis === roles.span || axis === roles.outputSpan ? transposeTileExtent * grows : 1;
	}
	if (axis === roles.span) {
		return roles.hasReduction ? 32 * grows : elementwiseTileElements * grows;
	}
	const inner = kernel.nodes.reduce(
		(longest, node) =>
			Math.max(
				longest,
				node.axes.reduce(
					(size, own) => (kernel.grid.includes(own) && own !== roles.span ? size : size * extent(own)),
					1,
				),
			),
		1,
	);
	const isInnermost = [...kernel.grid].filter((own) => own !== roles.span).pop() === axis;
	if (!isInnermost) return 1;
	const wanted = roles.hasReduction ? shortRowElements : elementwiseTileElements;
	return Math.max(1, Math.floor(wanted / inner)) * grows;
}
