import { present } from "#shared/fault/assert.ts";
import type { AxisId } from "#shared/program/program.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import type { BlockNode, Kernel, LoadNode, LoadSource, MuGraph, StoreNode } from "./mugraph.ts";
import { findPreparePart } from "./prepare-kernels.ts";
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
 * one place by several nodes of a stage count once. Of one call: what the prepare step moves is no part of it.
 */
export function bytesMoved(muGraph: MuGraph, tiles: readonly KernelTiles[]): BytesMoved {
	let readBytes = 0;
	let writtenBytes = 0;
	const prepare = findPreparePart(muGraph).kernels;
	muGraph.kernels.forEach((kernel, id) => {
		if (prepare.has(id)) return;
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
	const elementsOf = (node: BlockNode): number =>
		node.axes.reduce((count, axis) => count * extentOf(axis), 1);
	let readBytes = 0;
	let writtenBytes = 0;
	for (const node of kernel.nodes) {
		if (node.kind === "store") writtenBytes += elementsOf(node) * storedElementBytes(node, muGraph);
	}
	for (const load of distinctLoads(kernel))
		readBytes += elementsOf(load) * loadedElementBytes(load, muGraph) * repeats(load);
	return { readBytes, writtenBytes };
}

/** The kernel's loads, those of one place in one stage once. */
export function distinctLoads(kernel: Kernel): LoadNode[] {
	const seen = new Set<string>();
	return kernel.nodes.filter((node): node is LoadNode => {
		if (node.kind !== "load") return false;
		const key = `${node.stage} ${placeOf(node.source)}`;
		if (seen.has(key)) return false;
		seen.add(key);
		return true;
	});
}

function placeOf(source: LoadSource): string {
	if (source.kind === "intermediate") return `m${source.intermediate}`;
	const { offset, axes, strides } = source.access;
	return `${source.input} ${offset} ${axes.join()} ${strides.join()}`;
}

export function loadedElementBytes({ source }: LoadNode, device: Pick<MuGraph, "inputs">): number {
	return source.kind === "intermediate"
		? intermediateBytes
		: elementBytes(present(device.inputs[source.input], "input").dataType);
}

export function storedElementBytes({ target }: StoreNode, device: Pick<MuGraph, "outputs">): number {
	return target.kind === "intermediate"
		? intermediateBytes
		: elementBytes(present(device.outputs[target.output], "output").dataType);
}
