// A tile that a block keeps until it can write its output lies where the output will: the store then finds it there, instead
// of moving it from scratch through the first-level cache (docs/adr/0020).
//
// Before: v3[i] = exp(x[i] - max); out[i] = v3[i] / sum   After: out[i] = exp(x[i] - max); out[i] = out[i] / sum

import { type BlockNodeId, blockNodeOperands, type StoreNode } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { accessStride } from "./point.ts";
import type { Root } from "./roots.ts";
import { deviceTensor, extentOf, type Layout, nodeAt, type TileContext } from "./tile-context.ts";

/**
 * For each store at most one map that may wait where it will write: kept, over the same axes, read by the store itself, and
 * by nothing that the store does not need; a reduction of it stands between, so that it is read from memory.
 */
export function waitingInOutputs(
	ctx: TileContext,
	roots: readonly Root[],
): ReadonlyMap<BlockNodeId, StoreNode> {
	const waiting = new Map<BlockNodeId, StoreNode>();
	const { kernel, schedule, isPrepare } = ctx;
	if (isPrepare || schedule.nonTemporalStores || kernel.loop !== null) return waiting;
	for (const { node: id, reads } of roots) {
		const store = nodeAt(ctx, id);
		if (store.kind !== "store" || !writesAlone(ctx, store)) continue;
		const last = kernel.nodes.findLastIndex(
			(_, at) => reads.includes(`${at}`) && mayWaitFor(ctx, at, { id, store }),
		);
		if (last >= 0) waiting.set(last, store);
	}
	return waiting;
}

/** The only store of the kernel into an output of float32. */
function writesAlone({ kernel, graph }: TileContext, { target }: StoreNode): boolean {
	if (target.kind !== "output" || graph.outputs[target.output]?.dataType !== "float32") return false;
	const writers = kernel.nodes.filter(
		(node) => node.kind === "store" && node.target.kind === "output" && node.target.output === target.output,
	);
	return writers.length === 1;
}

function mayWaitFor(
	ctx: TileContext,
	at: BlockNodeId,
	{ id, store }: { readonly id: BlockNodeId; readonly store: StoreNode },
): boolean {
	const { kind, axes } = nodeAt(ctx, at);
	const sameAxes = axes.length === store.axes.length && axes.every((axis) => store.axes.includes(axis));
	if (kind !== "map" || !sameAxes) return false;
	const needed = ancestorsOf(ctx, id);
	const followers = followersOf(ctx, at);
	const kinds = followers.map((follower) => nodeAt(ctx, follower).kind);
	return (
		followers.every((follower) => follower === id || needed.has(follower)) &&
		kinds.every((own) => own === "map" || own === "reduce" || own === "store") &&
		kinds.includes("reduce")
	);
}

/** What depends on a node, however far. */
function followersOf({ kernel }: TileContext, id: BlockNodeId): readonly BlockNodeId[] {
	const found = new Set<BlockNodeId>([id]);
	kernel.nodes.forEach((node, at) => {
		if (blockNodeOperands(node).some((operand) => found.has(operand))) found.add(at);
	});
	found.delete(id);
	return [...found];
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

/** Of a waiting map whose neighbours along `last` are neighbours in the output, in whole vectors; null where they are not. */
export function outputLayout(ctx: TileContext, id: BlockNodeId, last: AxisId | null): Layout | null {
	const store = ctx.waitingInOutputs.get(id);
	if (store === undefined || last === null || extentOf(ctx, last) % ctx.lanes !== 0) return null;
	const { buffer, elementType, access } = deviceTensor(ctx, store.target);
	if (accessStride(access, last) !== 1) return null;
	const strides = new Map(store.axes.map((axis) => [axis, accessStride(access, axis)]));
	if ([...strides].some(([axis, stride]) => stride === 0 && extentOf(ctx, axis) > 1)) return null;
	return { buffer, elementType, offset: access.offset, strides, holdsLoop: false, isInDevice: true };
}
