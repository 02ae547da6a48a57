// A bound that orders placements and µGraphs before schedules and targets are known: what a typical core would need at
// nominal tile sizes. Only its order matters; the cost model ranks the candidates that remain.

import { present } from "#shared/fault/assert.ts";
import { distinctLoads, loadedElementBytes, storedElementBytes } from "#shared/mugraph/bytes-moved.ts";
import {
	type BlockNode,
	type BlockNodeId,
	blockNodeOperands,
	type ConstantNode,
	type Kernel,
	type LoadNode,
	type MuGraph,
	type StoreNode,
} from "#shared/mugraph/mugraph.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import type { KernelTiles } from "#shared/mugraph/tiles.ts";
import type { AxisId, MapOperator, Program, ProgramNode } from "#shared/program/program.ts";

/** Extent assumed of a tile along a grid axis, but at least two tiles and at most so many; and of a loop step. */
const nominalGridTile = 64;
const nominalTilesMax = 16;
const nominalLoopTile = 64;
/** Device bytes that a typical core moves in a nanosecond. */
const bytesEachNanosecond = 16;
/** Bytes that it moves from a cache that all cores share. */
const sharedCacheBytesEachNanosecond = 64;
/** Multiply-adds of a contraction, and simple element-wise operations, in a nanosecond. */
const contractEachNanosecond = 64;
const mapEachNanosecond = 16;
/** What an exponential or the like costs, in simple operations. */
const transcendentalOperations = 8;
/** Simple operations that an element costs in a sum of squared deviations: its step's mean, difference, both sums. */
const deviationOperations = 4;
/** Handing one kernel's result to the next. */
const kernelNanoseconds = 500;
/** Of memory traffic and arithmetic the shorter hides behind the longer, but for this share. */
const exposedShare = 0.1;
/** A block whose values outgrow this cache loses a little at each doubling: enough to break ties. */
const cacheBytes = 32 * 1024;
const outgrownShare = 0.001;
/** Short axes of which each may be one tile: those of two contractions. */
const shortAxesMax = 4;
/** Fewer blocks than this leave cores idle, each missing one at this cost. */
const blocksEnough = 8;
const idleShare = 0.25;

const transcendental: ReadonlySet<MapOperator> = new Set<MapOperator>([
	"exp",
	"log",
	"erf",
	"sigmoid",
	"tanh",
	"sin",
	"cos",
	"power",
]);

/** Nanoseconds of a call: of all kernels but those of the prepare step. */
export function muGraphCost(muGraph: MuGraph): number {
	const prepare = findPreparePart(muGraph).kernels;
	return muGraph.kernels.reduce(
		(sum, kernel, id) => (prepare.has(id) ? sum : sum + kernelCost(kernel, muGraph)),
		0,
	);
}

/** Nanoseconds of one kernel: a roofline of memory traffic and arithmetic. */
export function kernelCost(kernel: Kernel, device: Omit<MuGraph, "kernels">): number {
	const extentOf = extentsOf(device);
	const works: NodeWork[] = [];
	for (const node of distinctLoads(kernel)) {
		const bytes = elementsOf(node.axes, extentOf) * loadedElementBytes(node, device);
		works.push({ axes: node.axes, bytes, arithmetic: 0 });
	}
	for (const node of kernel.nodes) {
		if (node.kind === "load" || node.kind === "constant") continue;
		const { axes } = node;
		if (node.kind === "store") {
			const bytes = elementsOf(axes, extentOf) * storedElementBytes(node, device);
			works.push({ axes, bytes, arithmetic: 0 });
		} else works.push({ axes, bytes: 0, arithmetic: nodeNanoseconds(node, kernel, extentOf) });
	}
	const axesOf = (id: BlockNodeId): readonly AxisId[] => present(kernel.nodes[id], "operand").axes;
	const tiled = tiledAxes(
		kernel.nodes.flatMap((node) =>
			node.kind === "contract" ? [[axesOf(node.left), axesOf(node.right), node.over] as const] : [],
		),
		extentOf,
	);
	const outgrown = Math.log2(1 + nominalTileBytes(kernel, extentOf) / cacheBytes);
	return gridNanoseconds({ works, tiled, extentOf }, kernel.grid, 1 + outgrownShare * outgrown);
}

/** A load or store (`bytes`), or a value (nanoseconds of `arithmetic`), done once for all of its axes. */
export interface NodeWork {
	readonly axes: readonly AxisId[];
	readonly bytes: number;
	readonly arithmetic: number;
}

/** What a kernel does, whatever its grid. */
export interface KernelWork {
	readonly works: readonly NodeWork[];
	/** See tiledAxes; null when nothing is contracted. */
	readonly tiled: ReadonlySet<AxisId> | null;
	extentOf(axis: AxisId): number;
}

export function extentsOf(device: Pick<MuGraph, "axes">): (axis: AxisId) => number {
	return (axis) => present(device.axes[axis], "axis").extent;
}

/** For contractions, given as left axes, right axes and contracted axes: the longest axis of each side that the other lacks. Null for none. */
export function tiledAxes(
	contractions: readonly (readonly [readonly AxisId[], readonly AxisId[], readonly AxisId[]])[],
	extentOf: (axis: AxisId) => number,
): ReadonlySet<AxisId> | null {
	const tiled = new Set<AxisId>();
	for (const [left, right, over] of contractions) {
		for (const [own, other] of [
			[left, right],
			[right, left],
		] as const) {
			const free = own.filter((axis) => !other.includes(axis) && !over.includes(axis));
			const [longest] = free.sort((a, b) => extentOf(b) - extentOf(a) || a - b);
			if (longest !== undefined) tiled.add(longest);
		}
	}
	return tiled.size === 0 ? null : tiled;
}

/**
 * Nanoseconds of a kernel on a grid. Each short axis that contractions tile is one tile or several, whichever is better: one
 * reads the other side once, several keep more cores busy.
 */
export function gridNanoseconds(work: KernelWork, grid: readonly AxisId[], penalty: number): number {
	const isShort = (axis: AxisId): boolean =>
		work.tiled?.has(axis) === true && work.extentOf(axis) <= nominalGridTile;
	const cuts: (readonly AxisId[])[] = [grid];
	for (const short of grid.filter(isShort).slice(0, shortAxesMax))
		cuts.push(...cuts.map((cut) => cut.filter((axis) => axis !== short)));
	return kernelNanoseconds + Math.min(...cuts.map((cut) => roofline(work, grid, cut, penalty)));
}

/** `cut`: the axes of the grid along which there is more than one tile. */
function roofline(
	work: KernelWork,
	grid: readonly AxisId[],
	cut: readonly AxisId[],
	penalty: number,
): number {
	let traffic = 0;
	let arithmetic = 0;
	for (const { axes, bytes, arithmetic: own } of work.works) {
		if (bytes > 0) {
			const again = repeats(axes, cut, (axis) => readsAlong(axis, work)) - 1;
			traffic += bytes / bytesEachNanosecond + (again * bytes) / sharedCacheBytesEachNanosecond;
		} else if (own > 0) arithmetic += own * repeats(axes, grid, (axis) => tilesAlong(work.extentOf(axis)));
	}
	const idle = idleShare * Math.max(0, blocksEnough / elementsOf(cut, work.extentOf) - 1);
	return (Math.max(traffic, arithmetic) + exposedShare * Math.min(traffic, arithmetic)) * (penalty + idle);
}

/** Tiles along a grid axis that read what lacks it. Contractions tile one axis of each side, and take others one by one. */
function readsAlong(axis: AxisId, { tiled, extentOf }: KernelWork): number {
	const extent = extentOf(axis);
	return tiled === null || tiled.has(axis) ? tilesAlong(extent) : Math.min(extent, nominalTilesMax);
}

function repeats(
	axes: readonly AxisId[],
	grid: readonly AxisId[],
	tilesOf: (axis: AxisId) => number,
): number {
	let count = 1;
	for (const axis of grid) if (!axes.includes(axis)) count *= tilesOf(axis);
	return count;
}

/** Nanoseconds of traffic and arithmetic, were everything read and computed anew in each tile of the grid. */
export function repeatedNanoseconds(work: KernelWork, grid: readonly AxisId[]): number {
	const isShort = (axis: AxisId): boolean =>
		work.tiled?.has(axis) === true && work.extentOf(axis) <= nominalGridTile;
	return work.works.reduce((sum, { axes, bytes, arithmetic }) => {
		const reads = repeats(axes, grid, (axis) => (isShort(axis) ? 1 : readsAlong(axis, work)));
		const computes = repeats(axes, grid, (axis) => tilesAlong(work.extentOf(axis)));
		return sum + (bytes / bytesEachNanosecond) * reads + arithmetic * computes;
	}, 0);
}

export function elementsOf(axes: readonly AxisId[], extentOf: (axis: AxisId) => number): number {
	return axes.reduce((count, axis) => count * extentOf(axis), 1);
}

function tilesAlong(extent: number): number {
	const tile = Math.max(
		Math.min(nominalGridTile, Math.ceil(extent / 2)),
		Math.ceil(extent / nominalTilesMax),
	);
	return Math.ceil(extent / tile);
}

/** Tiles of the extents that the bound assumes, short axes whole. */
export function nominalTiles(kernel: Kernel, device: Pick<MuGraph, "axes">): KernelTiles {
	const extentOf = extentsOf(device);
	return {
		gridTiles: kernel.grid.map((axis) =>
			Math.max(nominalGridTile, Math.ceil(extentOf(axis) / nominalTilesMax)),
		),
		loopTile: kernel.loop === null ? 0 : Math.min(nominalLoopTile, extentOf(kernel.loop)),
	};
}

/** The node's arithmetic over the whole kernel, in each tile its own part. */
function nodeNanoseconds(
	node: Exclude<BlockNode, LoadNode | StoreNode | ConstantNode>,
	kernel: Kernel,
	extentOf: (axis: AxisId) => number,
): number {
	if (node.kind !== "accumulate" && node.kind !== "accumulateDeviations")
		return computeNanoseconds(node, extentOf);
	const steps = kernel.loop === null ? 1 : Math.ceil(extentOf(kernel.loop) / nominalLoopTile);
	const updates = elementsOf(node.axes, extentOf) * steps;
	if (node.kind === "accumulate") return (updates * blockNodeOperands(node).length) / mapEachNanosecond;
	const positions = elementsOf([...node.axes, ...node.over], extentOf);
	return ((positions + updates) * deviationOperations) / mapEachNanosecond;
}

/** Of so many bytes of device memory, once. */
export function transferNanoseconds(bytes: number): number {
	return bytes / bytesEachNanosecond;
}

/** Arithmetic of one node of a DAG, done once. */
export function dagNodeNanoseconds(node: ProgramNode, dag: Pick<Program, "axes">): number {
	if (node.kind === "input" || node.kind === "constant") return 0;
	return computeNanoseconds(node, (axis) => present(dag.axes[axis], "axis").extent);
}

type Compute =
	| { readonly kind: "map"; readonly operator: MapOperator; readonly axes: readonly AxisId[] }
	| {
			readonly kind: "reduce" | "contract";
			readonly over: readonly AxisId[];
			readonly axes: readonly AxisId[];
	  };

function computeNanoseconds(node: Compute, extentOf: (axis: AxisId) => number): number {
	const operations = elementsOf(node.axes, extentOf);
	switch (node.kind) {
		case "contract":
			return (operations * elementsOf(node.over, extentOf)) / contractEachNanosecond;
		case "reduce":
			return (operations * elementsOf(node.over, extentOf)) / mapEachNanosecond;
		case "map":
			return (
				(operations * (transcendental.has(node.operator) ? transcendentalOperations : 1)) / mapEachNanosecond
			);
	}
}

function nominalTileBytes(kernel: Kernel, extentOf: (axis: AxisId) => number): number {
	let elements = 0;
	for (const node of kernel.nodes) {
		if (node.kind === "store") continue;
		elements += node.axes.reduce((count, axis) => {
			const extent = extentOf(axis);
			if (kernel.grid.includes(axis)) return count * Math.min(extent, nominalGridTile);
			return count * (axis === kernel.loop ? Math.min(extent, nominalLoopTile) : extent);
		}, 1);
	}
	return elements * 4;
}
