import { present } from "#shared/fault/assert.ts";
import type { AxisId } from "#shared/program/program.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import type { BlockNode, Kernel, LoadNode, LoadSource, MuGraph, StoreNode } from "./mugraph.ts";
import type { KernelTiles } from "./tiles.ts";

/** float32. */
export const intermediateBytes = 4;

export interface BytesMoved {
	readonly readBytes: number;
	readonly writtenBytes: number;
}

/**
 * Device memory that a µGraph reads and writes when every tile is fetched anew: a load is fetched once by each block that
 * the grid cuts elsewhere (grid axes the tensor lacks re-read it), and once a step when the loop does not cut it. Loads of
 * one place by several nodes of a stage count once.
 */
export function bytesMoved(muGraph: MuGraph, tiles: readonly KernelTiles[]): BytesMoved {
	let readBytes = 0;
	let writtenBytes = 0;
	muGraph.kernels.forEach((kernel, id) => {
		const moved = kernelBytesMoved(kernel, muGraph, present(tiles[id], "tiles of every kernel"));
		readBytes += moved.readBytes;
		writtenBytes += moved.writtenBytes;
	});
	return { readBytes, writtenBytes };
}

/** The part of one kernel. */
export function kernelBytesMoved(kernel: Kernel, muGraph: MuGraph, tiles: KernelTiles): BytesMoved {
	let readBytes = 0;
	let writtenBytes = 0;
	for (const { direction, bytes } of deviceAccesses(kernel, muGraph, tiles)) {
		if (direction === "read") readBytes += bytes;
		else writtenBytes += bytes;
	}
	return { readBytes, writtenBytes };
}

/** What one load or store moves over the whole kernel. */
export interface DeviceAccess {
	readonly node: BlockNodeId;
	readonly direction: "read" | "written";
	readonly bytes: number;
}

/** Of each load and store of a kernel; a load of what another of its stage has loaded is left out. */
export function deviceAccesses(
	kernel: Kernel,
	muGraph: MuGraph,
	tiles: KernelTiles,
): readonly DeviceAccess[] {
	const extentOf = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const seen = new Set<string>();
	return kernel.nodes.flatMap((node, id): DeviceAccess[] => {
		if (node.kind !== "load" && node.kind !== "store") return [];
		const elements = node.axes.reduce((count, axis) => count * extentOf(axis), 1);
		const bytes = elements * elementBytesOf(node, muGraph);
		if (node.kind === "store") return [{ node: id, direction: "written", bytes }];
		const key = JSON.stringify([node.source, node.stage]);
		if (seen.has(key)) return [];
		seen.add(key);
		return [{ node: id, direction: "read", bytes: bytes * repeats(node, kernel, extentOf, tiles) }];
	});
}

function elementBytesOf(node: LoadNode | StoreNode, muGraph: MuGraph): number {
	const place = node.kind === "load" ? node.source : node.target;
	switch (place.kind) {
		case "intermediate":
			return intermediateBytes;
		case "input":
			return elementBytes(present(muGraph.inputs[place.input], "input").dataType);
		case "output":
			return elementBytes(present(muGraph.outputs[place.output], "output").dataType);
	}
}

/** Times that each element is fetched: by blocks along grid axes that the tensor lacks, and by steps that do not cut it. */
function repeats(
	node: LoadNode,
	kernel: Kernel,
	extentOf: (axis: AxisId) => number,
	tiles: KernelTiles,
): number {
	let count = 1;
	kernel.grid.forEach((axis, i) => {
		if (!node.axes.includes(axis)) count *= Math.ceil(extentOf(axis) / (tiles.gridTiles[i] ?? 1));
	});
	const walks = kernel.loop !== null && node.stage % 2 === 1 && !node.axes.includes(kernel.loop);
	return walks ? count * Math.ceil(extentOf(kernel.loop ?? 0) / tiles.loopTile) : count;
}
