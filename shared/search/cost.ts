// A bound that orders placements and µGraphs before schedules and targets are known: what a typical core would need at
// nominal tile sizes. Only its order matters; the cost model ranks the candidates that remain.

import { present } from "#shared/fault/assert.ts";
import { kernelBytesMoved } from "#shared/mugraph/bytes-moved.ts";
import { type BlockNode, blockNodeOperands, type Kernel, type MuGraph } from "#shared/mugraph/mugraph.ts";
import type { AxisId, MapOperator } from "#shared/program/program.ts";

/** Extent assumed of a tile along a grid axis, but at least two tiles and at most so many; and of a loop step. */
const nominalGridTile = 64;
const nominalTilesMax = 16;
const nominalLoopTile = 64;
/** Device bytes that a typical core moves in a nanosecond. */
const bytesEachNanosecond = 16;
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

/** Nanoseconds of all kernels. */
export function muGraphCost(muGraph: MuGraph): number {
	return muGraph.kernels.reduce((sum, kernel) => sum + kernelCost(kernel, muGraph), 0);
}

/** Nanoseconds of one kernel: a roofline of device traffic and arithmetic. */
export function kernelCost(kernel: Kernel, muGraph: Omit<MuGraph, "kernels">): number {
	const extentOf = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const whole = {
		gridTiles: kernel.grid.map(extentOf),
		loopTile: kernel.loop === null ? 0 : extentOf(kernel.loop),
	};
	const moved = kernelBytesMoved(kernel, { ...muGraph, kernels: [kernel] }, whole);
	const traffic = (moved.readBytes + moved.writtenBytes) / bytesEachNanosecond;
	const arithmetic = kernel.nodes.reduce((sum, node) => sum + nodeNanoseconds(node, kernel, extentOf), 0);
	const outgrown = Math.log2(1 + nominalTileBytes(kernel, extentOf) / cacheBytes);
	const roofline = Math.max(traffic, arithmetic) + exposedShare * Math.min(traffic, arithmetic);
	const blocks = kernel.grid.reduce((count, axis) => count * extentOf(axis), 1);
	const idle = idleShare * Math.max(0, blocksEnough / blocks - 1);
	return kernelNanoseconds + roofline * (1 + outgrownShare * outgrown + idle);
}

function tilesAlong(extent: number): number {
	const tile = Math.max(
		Math.min(nominalGridTile, Math.ceil(extent / 2)),
		Math.ceil(extent / nominalTilesMax),
	);
	return Math.ceil(extent / tile);
}

/** The node's work over the whole kernel: in every tile along grid axes that it lacks it is done again. */
export function nodeNanoseconds(node: BlockNode, kernel: Kernel, extentOf: (axis: AxisId) => number): number {
	if (node.kind === "load" || node.kind === "store" || node.kind === "constant") return 0;
	let operations = node.axes.reduce((count, axis) => count * extentOf(axis), 1);
	for (const axis of kernel.grid) if (!node.axes.includes(axis)) operations *= tilesAlong(extentOf(axis));
	switch (node.kind) {
		case "contract":
			return node.over.reduce((count, axis) => count * extentOf(axis), operations) / contractEachNanosecond;
		case "reduce":
			return node.over.reduce((count, axis) => count * extentOf(axis), operations) / mapEachNanosecond;
		case "map":
			return (
				(operations * (transcendental.has(node.operator) ? transcendentalOperations : 1)) / mapEachNanosecond
			);
		case "accumulateDeviations": {
			const positions = node.over.reduce((count, axis) => count * extentOf(axis), operations);
			return (positions * deviationOperations) / mapEachNanosecond;
		}
		case "accumulate": {
			const steps = kernel.loop === null ? 1 : Math.ceil(extentOf(kernel.loop) / nominalLoopTile);
			return (operations * steps * blockNodeOperands(node).length) / mapEachNanosecond;
		}
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
