// Which axis should fill the vector lanes: the one along which most of what is read and written lies side by side.

import type { BlockNodeId } from "#shared/mugraph/mugraph.ts";
import { blockNodeOperands } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { accessStride } from "./point.ts";
import { deviceTensor, nodeAt, type TileContext } from "./tile-context.ts";

/** The loads and kept values that computing a node reads. */
export function leavesOf(
	ctx: TileContext,
	id: BlockNodeId,
	isKept: (id: BlockNodeId) => boolean,
): Set<BlockNodeId> {
	const leaves = new Set<BlockNodeId>();
	const seen = new Set<BlockNodeId>();
	const visit = (at: BlockNodeId): void => {
		if (seen.has(at)) return;
		seen.add(at);
		const node = nodeAt(ctx, at);
		if (node.kind === "load" || (at !== id && isKept(at))) {
			leaves.add(at);
			return;
		}
		for (const operand of blockNodeOperands(node)) visit(operand);
	};
	visit(id);
	return leaves;
}

/** What reading a node reads: itself where it is kept, else what computing it reads. */
export function leavesOfOperand(
	ctx: TileContext,
	id: BlockNodeId,
	isKept: (id: BlockNodeId) => boolean,
): Set<BlockNodeId> {
	return isKept(id) ? new Set([id]) : leavesOf(ctx, id, isKept);
}

/** Elements between neighbours along an axis, 0 when it does not matter. Values of unknown layout count as side by side. */
export function strideAlong(ctx: TileContext, leaf: BlockNodeId, axis: AxisId): number {
	const node = nodeAt(ctx, leaf);
	if (!node.axes.includes(axis)) return 0;
	const layout = ctx.layouts.get(`${leaf}`);
	if (layout !== undefined) return layout.strides.get(axis) ?? 0;
	if (node.kind !== "load") return 1;
	return accessStride(deviceTensor(ctx, node.source).access, axis);
}

/** Above 0 when lanes along the axis mostly read neighbours; a strided vector costs as much as its lanes. */
export function contiguityScore(ctx: TileContext, leaves: Iterable<BlockNodeId>, axis: AxisId): number {
	let score = 0;
	for (const leaf of leaves) {
		const stride = Math.abs(strideAlong(ctx, leaf, axis));
		if (stride === 1) score += 2;
		else if (stride !== 0) score -= 6;
	}
	return score;
}
