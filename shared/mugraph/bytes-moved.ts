import { present } from "#shared/fault/assert.ts";
import type { AxisId } from "#shared/program/program.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import type { BlockNode, Kernel, MuGraph } from "./mugraph.ts";
import type { KernelTiles } from "./tiles.ts";

/** float32. */
const intermediateBytes = 4;

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
	const extentOf = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const repeats = (node: BlockNode): number => {
		let count = 1;
		kernel.grid.forEach((axis, i) => {
			if (!node.axes.includes(axis)) count *= Math.ceil(extentOf(axis) / (tiles.gridTiles[i] ?? 1));
		});
		const walks = kernel.loop !== null && node.stage % 2 === 1 && !node.axes.includes(kernel.loop);
		return walks ? count * Math.ceil(extentOf(kernel.loop ?? 0) / tiles.loopTile) : count;
	};
	const seen = new Set<string>();
	let readBytes = 0;
	let writtenBytes = 0;
	for (const node of kernel.nodes) {
		if (node.kind !== "load" && node.kind !== "store") continue;
		const elements = node.axes.reduce((count, axis) => count * extentOf(axis), 1);
		if (node.kind === "store") {
			const { target } = node;
			const bytes =
				target.kind === "intermediate"
					? intermediateBytes
					: elementBytes(present(muGraph.outputs[target.output], "output").dataType);
			writtenBytes += elements * bytes;
			continue;
		}
		const key = JSON.stringify([node.source, node.stage]);
		if (seen.has(key)) continue;
		seen.add(key);
		const bytes =
			node.source.kind === "intermediate"
				? intermediateBytes
				: elementBytes(present(muGraph.inputs[node.source.input], "input").dataType);
		readBytes += elements * bytes * repeats(node);
	}
	return { readBytes, writtenBytes };
}
