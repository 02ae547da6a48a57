import { present } from "#shared/fault/assert.ts";
import type { AxisId } from "#shared/program/program.ts";
import { kernelBytesMoved } from "../bytes-moved.ts";
import type { Kernel, MuGraph } from "../mugraph.ts";
import { findPreparePart } from "../prepare-kernels.ts";
import type { KernelTiles } from "../tiles.ts";
import { bytesText } from "./text-size.ts";

/** `kernel 0 · 16 blocks: a0 8 in tiles of 1 × a1 64 in tiles of 32 · reads 20 kB, writes 2.0 kB` */
export function kernelHeading(
	kernel: Kernel,
	id: number,
	muGraph: MuGraph,
	tiles: KernelTiles | null,
): string {
	const extentOf = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const name = findPreparePart(muGraph).kernels.has(id)
		? `kernel ${id}, once for the weights`
		: `kernel ${id}`;
	if (tiles === null) {
		const grid = kernel.grid.map((axis) => `a${axis}:${extentOf(axis)}`).join(" × ");
		return `${name} · grid ${grid === "" ? "of one block" : `over ${grid}`}`;
	}
	const blocks = kernel.grid.reduce(
		(count, axis, i) => count * Math.ceil(extentOf(axis) / (tiles.gridTiles[i] ?? 1)),
		1,
	);
	const cuts = kernel.grid.map((axis, i) => `a${axis} ${extentOf(axis)} by ${tiles.gridTiles[i] ?? 1}`);
	const { readBytes, writtenBytes } = kernelBytesMoved(kernel, muGraph, tiles);
	const grid = cuts.length === 0 ? "one block" : `${count(blocks, "block")}: ${cuts.join(" × ")}`;
	return `${name} · ${grid} · reads ${bytesText(readBytes)}, writes ${bytesText(writtenBytes)}`;
}

/** What a stage is, in words. */
export function stageHeading(
	stage: number,
	kernel: Kernel,
	muGraph: MuGraph,
	tiles: KernelTiles | null,
): string {
	if (stage % 2 === 0) {
		if (kernel.loop === null) return "in each block";
		if (stage === 0) return "in each block, before the loop";
		return stage === lastStage(kernel) ? "after the loop" : "between passes";
	}
	const axis = present(kernel.loop, "the loop axis of a loop stage");
	const { extent } = present(muGraph.axes[axis], "axis");
	const pass = lastStage(kernel) > 2 ? `, pass ${(stage + 1) / 2}` : "";
	if (tiles === null) return `↻ loop over a${axis}:${extent}${pass}`;
	const steps = Math.ceil(extent / tiles.loopTile);
	return `↻ ${count(steps, "step")} over a${axis}, ${Math.min(extent, tiles.loopTile)} of ${extent} at a time${pass}`;
}

function lastStage(kernel: Kernel): number {
	return Math.max(...kernel.nodes.map(({ stage }) => stage));
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
