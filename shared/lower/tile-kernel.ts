// A kernel as one block computes it: grid axes of a single tile are gone, a loop of a single step is straight-line code,
// what does not change from step to step has left the loop, and equal nodes are one.
//
// Before: stage 1 of a loop over k with tile = extent(k)   After: stage 0, and accumulate(x) is x itself; the squared
// deviations of x from its mean are summed in two passes over the resident x.

import { assert, present } from "#shared/fault/assert.ts";
import type { BlockNode, BlockNodeId, Kernel } from "#shared/mugraph/mugraph.ts";
import { blockNodeOperands, isLoopCarried } from "#shared/mugraph/mugraph.ts";
import { renumberOperands } from "#shared/mugraph/renumber-operands.ts";
import type { Axis, AxisId } from "#shared/program/program.ts";
import type { KernelSchedule } from "#shared/schedule/schedule.ts";
import { expandDeviations } from "./expand-deviations.ts";

export interface GridAxis {
	readonly axis: AxisId;
	readonly tile: number;
	readonly extent: number;
	/** Tiles along it: 2 or more. */
	readonly tiles: number;
}

export interface TileKernel {
	/** Topologically sorted, stages not decreasing; all reach a store. */
	readonly nodes: readonly BlockNode[];
	/** As the µGraph names them; lowering chooses their order. */
	readonly grid: readonly GridAxis[];
	/** Null when there is no loop or its one step is the whole axis. */
	readonly loop: { readonly axis: AxisId; readonly tile: number; readonly extent: number } | null;
}

export function tileKernel(kernel: Kernel, schedule: KernelSchedule, axes: readonly Axis[]): TileKernel {
	const extentOf = (axis: AxisId): number => present(axes[axis], "kernel axis exists").extent;
	assert(schedule.gridTiles.length === kernel.grid.length, "a schedule binds every grid axis");
	const grid = kernel.grid.flatMap((axis, position): GridAxis[] => {
		const extent = extentOf(axis);
		const tile = Math.min(present(schedule.gridTiles[position], "grid tile"), extent);
		assert(tile >= 1, "grid tiles are positive");
		const tiles = Math.ceil(extent / tile);
		return tiles > 1 ? [{ axis, tile, extent, tiles }] : [];
	});
	const loop = kernel.loop;
	const steps = loop !== null && schedule.loopTile > 0 && schedule.loopTile < extentOf(loop);
	if (loop === null || !steps)
		return { nodes: simplify(expandDeviations(kernel.nodes, extentOf), null), grid, loop: null };
	return {
		nodes: simplify(kernel.nodes, loop),
		grid,
		loop: { axis: loop, tile: schedule.loopTile, extent: extentOf(loop) },
	};
}

/** Rewrites in one pass from loads to stores; `loop` null means that every stage is straight-line. */
function simplify(nodes: readonly BlockNode[], loop: AxisId | null): readonly BlockNode[] {
	const rewritten: BlockNode[] = [];
	const idOf: BlockNodeId[] = [];
	const seen = new Map<string, BlockNodeId>();
	const moved = (id: BlockNodeId): BlockNodeId => present(idOf[id], "operands precede their users");
	for (const node of nodes) {
		if (loop === null && node.kind === "accumulate") {
			idOf.push(present(idOf[node.operand], "operands precede their users"));
			continue;
		}
		const restaged = restage(renumberOperands(node, moved), rewritten, loop);
		const key = JSON.stringify(restaged);
		const known = restaged.kind === "store" ? undefined : seen.get(key);
		if (known === undefined) seen.set(key, rewritten.push(restaged) - 1);
		idOf.push(known ?? rewritten.length - 1);
	}
	return sortByStage(reachingStores(rewritten));
}

function restage(node: BlockNode, earlier: readonly BlockNode[], loop: AxisId | null): BlockNode {
	if (loop === null) return { ...node, stage: 0 };
	if (node.stage % 2 === 0 || isLoopCarried(node) || node.axes.includes(loop)) return node;
	const stages = blockNodeOperands(node).map((id) => present(earlier[id], "operand").stage);
	const stays = stages.some((stage) => stage === node.stage);
	return stays ? node : { ...node, stage: node.stage - 1 };
}

function reachingStores(nodes: readonly BlockNode[]): readonly BlockNode[] {
	const needed = nodes.map((node) => node.kind === "store");
	for (let id = nodes.length - 1; id >= 0; id--) {
		if (!needed[id]) continue;
		for (const operand of blockNodeOperands(present(nodes[id], "node"))) needed[operand] = true;
	}
	return renumber(
		nodes,
		nodes.map((_, id) => id).filter((id) => needed[id]),
	);
}

/** Moving nodes out of the loop may leave an earlier stage behind a later one. */
function sortByStage(nodes: readonly BlockNode[]): readonly BlockNode[] {
	const stageOf = (id: BlockNodeId): number => present(nodes[id], "node").stage;
	return renumber(
		nodes,
		nodes.map((_, id) => id).sort((a, b) => stageOf(a) - stageOf(b) || a - b),
	);
}

function renumber(nodes: readonly BlockNode[], order: readonly BlockNodeId[]): readonly BlockNode[] {
	const idOf = new Array<BlockNodeId>(nodes.length).fill(-1);
	order.forEach((id, position) => {
		idOf[id] = position;
	});
	const moved = (id: BlockNodeId): BlockNodeId => present(idOf[id], "operands precede their users");
	return order.map((id) => renumberOperands(present(nodes[id], "node"), moved));
}
