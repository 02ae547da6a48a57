// Predicted time from first principles: a kernel takes the longer of its arithmetic and its memory traffic, part of the
// other, and a price for each tile. Arithmetic at the peak that its register tile can reach; traffic once from memory for
// every tensor, and again from the caches for every tile that reads it.

import { present } from "#shared/fault/assert.ts";
import type { BlockNode, Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import type { AxisId, MapOperator } from "#shared/program/program.ts";
import type { ScheduledMuGraph } from "#shared/schedule/candidate.ts";
import { kernelRoles } from "#shared/schedule/kernel-roles.ts";
import { registerTileEfficiency } from "#shared/schedule/register-tile.ts";
import type { KernelSchedule, Schedule } from "#shared/schedule/schedule.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";

/** Structural twin of the interface in cost-model.ts, which imports this file. */
export const analyticCostModel = {
	name: "analytic/6",
	predict: (candidates: readonly ScheduledMuGraph[], target: CpuTarget, threads: number): Float32Array =>
		Float32Array.from(candidates, ({ muGraph, schedule }) =>
			predictNanoseconds(muGraph.muGraph, schedule, target, threads),
		),
};

/** Caches deliver this many times the memory's bandwidth to one core. */
const cacheBandwidthFactor = 4;
/** Of the shorter of arithmetic and traffic, what does not hide behind the longer. */
const overlapLoss = 0.2;
const nanosecondsPerTile = 15;
const nanosecondsPerKernel = 60;
const nanosecondsPerSharedKernel = 4000;
/** A second core adds bandwidth too, but less than its share. */
const bandwidthGainMax = 1.6;

/**
 * Half the lanes reach half of the peak where units are as wide as vectors, all of it where they are half as wide: near
 * enough to all that both are measured.
 */
const halfWidthPeak = 0.9;

/** For each vector of a panel that is transposed: four shuffles, beside which its load and store hide. */
const packInstructions = 4;

/** Vector instructions of operators that need more than one. */
const dearOperators: Partial<Readonly<Record<MapOperator, number>>> = {
	divide: 3,
	sqrt: 6,
	exp: 12,
	log: 18,
	sigmoid: 18,
	tanh: 22,
	erf: 16,
	sin: 30,
	cos: 30,
	power: 60,
};

/** Nanoseconds of one run on `threads` cores of the target; kernels of the prepare step are no part of it. */
export function predictNanoseconds(
	muGraph: MuGraph,
	schedule: Schedule,
	target: CpuTarget,
	threads: number,
): number {
	const prepare = findPreparePart(muGraph).kernels;
	return muGraph.kernels.reduce((sum, kernel, at) => {
		if (prepare.has(at)) return sum;
		const own = present(schedule.kernels[at], "kernel schedule");
		return sum + kernelNanoseconds(muGraph, kernel, own, target, threads);
	}, 0);
}

interface KernelCost {
	readonly muGraph: MuGraph;
	readonly kernel: Kernel;
	readonly schedule: KernelSchedule;
	readonly target: CpuTarget;
	extent(axis: AxisId): number;
	/** Extent within one tile and step. */
	tile(axis: AxisId): number;
	readonly tiles: number;
}

function kernelNanoseconds(
	muGraph: MuGraph,
	kernel: Kernel,
	schedule: KernelSchedule,
	target: CpuTarget,
	threads: number,
): number {
	const extent = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const tileOf = new Map(kernel.grid.map((axis, at) => [axis, schedule.gridTiles[at] ?? 1]));
	const tile = (axis: AxisId): number => Math.min(extent(axis), tileOf.get(axis) ?? extent(axis));
	const tiles = kernel.grid.reduce((count, axis) => count * Math.ceil(extent(axis) / tile(axis)), 1);
	const cost: KernelCost = { muGraph, kernel, schedule, target, extent, tile, tiles };
	const arithmetic = arithmeticNanoseconds(cost);
	const traffic = trafficNanoseconds(cost);
	const cores = busyCores(cost, threads);
	const inParallel = Math.max(arithmetic / cores, traffic / Math.min(cores, bandwidthGainMax));
	const alone = Math.max(arithmetic, traffic) + overlapLoss * Math.min(arithmetic, traffic);
	const overhead = nanosecondsPerKernel + tiles * stepsOf(cost) * nanosecondsPerTile;
	if (cores <= 1) return alone + overhead;
	return Math.min(
		alone + overhead,
		inParallel * (1 + overlapLoss) + overhead / cores + nanosecondsPerSharedKernel,
	);
}

/** How many threads' worth of blocks run at once: less than there are when the last round or the last block is short. */
function busyCores({ kernel, extent, tile, tiles }: KernelCost, threads: number): number {
	const filled = kernel.grid.reduce(
		(share, axis) => (share * extent(axis)) / (tile(axis) * Math.ceil(extent(axis) / tile(axis))),
		1,
	);
	return Math.min(threads, (tiles * filled) / Math.ceil(tiles / threads));
}

function stepsOf({ kernel, schedule, extent }: KernelCost): number {
	return kernel.loop === null || schedule.loopTile === 0
		? 1
		: Math.ceil(extent(kernel.loop) / schedule.loopTile);
}

/** What does not depend on the grid axis walked innermost is computed once for all its tiles; assume the best such order. */
function repetitions(cost: KernelCost, { axes }: Pick<BlockNode, "axes">): number {
	let repeated = 1;
	let most = 1;
	for (const axis of cost.kernel.grid) {
		if (axes.includes(axis)) continue;
		const count = Math.ceil(cost.extent(axis) / cost.tile(axis));
		repeated *= count;
		most = Math.max(most, count);
	}
	return repeated / most;
}

function arithmeticNanoseconds(cost: KernelCost): number {
	const { muGraph, kernel, schedule, target } = cost;
	const size = (axes: readonly AxisId[]): number =>
		axes.reduce((product, axis) => product * cost.extent(axis), 1);
	const lanesShare = schedule.vectorLanes / target.vectorLanes;
	const peak = target.fusedMultiplyAddGflops * (lanesShare === 0.5 ? halfWidthPeak : lanesShare);
	const roles = kernelRoles(muGraph, kernel, schedule.vectorAxis);
	/** One vector instruction an element: half of the peak's multiply-add counts as one instruction. */
	const perElement = 2 / peak;
	let nanoseconds = 0;
	for (const contract of roles.contracts) {
		const rows = contract.row === null ? 1 : cost.tile(contract.row);
		const columns = contract.vector === null ? 1 : cost.tile(contract.vector);
		const registers = { rows: schedule.registerRows, vectors: schedule.registerVectors };
		const efficiency = registerTileEfficiency(registers, rows, columns, schedule.vectorLanes);
		const isPaired = contract.isWeight && schedule.productType === "bfloat16";
		const rate = peak * (isPaired ? target.pairProductFactor : 1);
		nanoseconds += (2 * contract.multiplyAdds) / (rate * Math.max(efficiency, 0.02));
		if (contract.isPacked) {
			const packed = size(contract.panelAxes) * repetitions(cost, { axes: contract.panelAxes });
			nanoseconds += packed * packInstructions * perElement;
		}
	}
	for (const node of kernel.nodes) {
		if (node.kind === "map") {
			const instructions = dearOperators[node.operator] ?? 1;
			nanoseconds += size(node.axes) * instructions * perElement * repetitions(cost, node);
		} else if (node.kind === "reduce") {
			const operand = present(kernel.nodes[node.operand], "operand");
			nanoseconds += size(operand.axes) * 2 * perElement * repetitions(cost, node);
		} else if (node.kind === "accumulate" && node.rescale !== null) {
			// Read, multiplied and written once a step.
			nanoseconds += size(node.axes) * stepsOf(cost) * 3 * perElement;
		} else if (node.kind === "accumulateDeviations") {
			// The step's sum, then its difference, its sum and its square's.
			const operand = present(kernel.nodes[node.operand], "operand");
			nanoseconds += size(operand.axes) * 5 * perElement * repetitions(cost, node);
		}
	}
	return nanoseconds;
}

function trafficNanoseconds(cost: KernelCost): number {
	const { kernel, schedule, target } = cost;
	let fromMemory = 0;
	let fromCache = 0;
	for (const node of kernel.nodes) {
		if (node.kind !== "load" && node.kind !== "store") continue;
		const width = bytesOf(cost, node);
		const bytes = width * node.axes.reduce((product, axis) => product * cost.extent(axis), 1);
		// A line is read before it is written, unless it is written past the caches.
		const isReadFirst = node.kind === "store" && !schedule.nonTemporalStores && bytes > target.level2Bytes;
		fromMemory += isReadFirst ? 2 * bytes : bytes;
		let reads = 1;
		for (const axis of kernel.grid) {
			if (!node.axes.includes(axis)) reads *= Math.ceil(cost.extent(axis) / cost.tile(axis));
		}
		if (reads > 1) {
			if (bytes > target.level3Bytes) fromMemory += bytes * (reads - 1);
			else fromCache += bytes * (reads - 1);
		}
	}
	const bandwidth =
		fromMemory > target.level2Bytes
			? target.readGigabytesPerSecond
			: target.readGigabytesPerSecond * cacheBandwidthFactor;
	const streams = fromMemory > target.level2Bytes;
	const waits = streams ? prefetchLoss(cost) * passLoss(cost) : 1;
	return (
		(fromMemory / bandwidth) * waits + fromCache / (target.readGigabytesPerSecond * cacheBandwidthFactor)
	);
}

/** Hardware prefetchers stop at page boundaries, and see no stream in strips of a tile. */
const unforeseen = 1.4;

/** How much longer a stream takes: weights with software prefetch at a distance, else what moves along the loop. */
function prefetchLoss(cost: KernelCost): number {
	const { muGraph, kernel, schedule, target, extent } = cost;
	const { prefetchBytes, prefetchLevel, loopTile, vectorAxis } = schedule;
	if (prefetchBytes === 0) return unforeseen;
	const [main] = kernelRoles(muGraph, kernel, vectorAxis).contracts;
	// Beyond that the best distance and level are the machine's, in no order that holds for all.
	if (main?.isWeight === true) return prefetchBytes < 8192 ? 1.15 : 1;
	if (kernel.loop === null || loopTile === 0 || loopTile >= extent(kernel.loop)) return unforeseen;
	// Rows in place are asked for so far ahead, panels a whole step.
	if (main?.row === kernel.loop && (prefetchLevel === 1 || prefetchBytes < 16384)) return unforeseen;
	return 2 * loopStepBytes(cost, kernel.loop) > target.level2Bytes ? 1.2 : 1;
}

/** What one step of a tile loads along the loop. */
function loopStepBytes(cost: KernelCost, loop: AxisId): number {
	const inStep = (axis: AxisId): number => (axis === loop ? cost.schedule.loopTile : cost.tile(axis));
	return cost.kernel.nodes.reduce(
		(bytes, node) =>
			node.kind === "load" && node.axes.includes(loop)
				? node.axes.reduce((product, axis) => product * inStep(axis), bytesOf(cost, node)) + bytes
				: bytes,
		0,
	);
}

/** While a second pass works on a block in the cache, memory has less to do. */
function passLoss(cost: KernelCost): number {
	const main = kernelRoles(cost.muGraph, cost.kernel, cost.schedule.vectorAxis).contracts[0];
	if (main === undefined || main.row === null || main.row === cost.kernel.loop) return 1;
	const passes = Math.ceil(cost.tile(main.row) / cost.schedule.registerRows);
	return Math.min(1 + 0.25 * (passes - 1), 1.5);
}

function bytesOf(cost: KernelCost, node: BlockNode): number {
	if (node.kind === "load" && node.source.kind === "input") {
		const { dataType, role } = present(cost.muGraph.inputs[node.source.input], "input");
		const isRounded = role === "weight" && cost.schedule.productType === "bfloat16";
		return elementBytes(isRounded ? "bfloat16" : dataType);
	}
	if (node.kind === "store" && node.target.kind === "output") {
		return elementBytes(present(cost.muGraph.outputs[node.target.output], "output").dataType);
	}
	return 4;
}
