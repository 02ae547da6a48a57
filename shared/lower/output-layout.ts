// A tile that a block keeps until it can write its output lies where the output will: the store then finds it there, instead
// of moving it from scratch through the first-level cache.
//
// Before: v3[i] = exp(x[i] - max); out[i] = v3[i] / sum   After: out[i] = exp(x[i] - max); out[i] = out[i] / sum

import { type BlockNodeId, blockNodeOperands, type StoreNode } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { accessStride } from "./point.ts";
import { deviceTensor, extentOf, type Layout, nodeAt, type TileContext } from "./tile-context.ts";

/**
 * Where a map with neighbours along `last` would be stored, when nobody reads it once its output is written; null when it
 * has to be kept elsewhere, or when nothing reads it from memory.
 */
export function outputLayout(ctx: TileContext, id: BlockNodeId, last: AxisId | null): Layout | null {
	const node = nodeAt(ctx, id);
	if (node.kind !== "map" || last === null || extentOf(ctx, last) % ctx.lanes !== 0) return null;
	const store = storeBehind(ctx, id);
	if (store === null) return null;
	const { buffer, elementType, access } = deviceTensor(ctx, store.target);
	const isTaken = [...ctx.layouts].some(([key, layout]) => key !== `${id}` && layout.buffer === buffer);
	if (isTaken || elementType !== "float32" || accessStride(access, last) !== 1) return null;
	const strides = new Map(node.axes.map((axis) => [axis, accessStride(access, axis)]));
	if ([...strides].some(([axis, stride]) => stride === 0 && extentOf(ctx, axis) > 1)) return null;
	return { buffer, elementType, offset: access.offset, strides, holdsLoop: false, isInDevice: true };
}

/** The store over the same axes that needs everything that is made of the value, by way of a reduction. */
function storeBehind(ctx: TileContext, id: BlockNodeId): StoreNode | null {
	const { kernel, schedule, isPrepare } = ctx;
	if (isPrepare || schedule.nonTemporalStores || kernel.loop !== null) return null;
	const followers = new Set<BlockNodeId>([id]);
	kernel.nodes.forEach((node, at) => {
		if (blockNodeOperands(node).some((operand) => followers.has(operand))) followers.add(at);
	});
	followers.delete(id);
	const store = [...followers].findLast((at) => nodeAt(ctx, at).kind === "store");
	const stored = store === undefined ? null : nodeAt(ctx, store);
	if (store === undefined || stored?.kind !== "store" || stored.target.kind !== "output") return null;
	const needed = ancestorsOf(ctx, store);
	const kinds = [...followers].map((at) => nodeAt(ctx, at).kind);
	const isLast = [...followers].every((at) => at === store || needed.has(at));
	const { output } = stored.target;
	const writers = kernel.nodes.filter(
		(node) => node.kind === "store" && node.target.kind === "output" && node.target.output === output,
	);
	const sameAxes =
		stored.axes.length === nodeAt(ctx, id).axes.length &&
		nodeAt(ctx, id).axes.every((axis) => stored.axes.includes(axis));
	const waits = kinds.includes("reduce") && kinds.every((kind) => ["map", "reduce", "store"].includes(kind));
	return isLast && waits && sameAxes && writers.length === 1 ? stored : null;
}

function ancestorsOf(ctx: TileContext, id: BlockNodeId): ReadonlySet<BlockNodeId> {
	const found = new Set<BlockNodeId>();
	const visit = (at: BlockNodeId): void => {
		if (found.has(at)) return;
		found.add(at);
		blockNodeOperands(nodeAt(ctx, at)).forEach(visit);
	};
	visit(id);
	return found;
}
