// Where the tile of a block node is kept.

import type { BlockNodeId } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { declareScratch, extentOf, type Layout, nodeAt, roundUp, type TileContext } from "./tile-context.ts";

/** Row-major with `last` innermost, its extent padded to whole vectors. */
export function scratchLayout(ctx: TileContext, id: BlockNodeId, last: AxisId | null): Layout {
	const node = nodeAt(ctx, id);
	const loop = ctx.kernel.loop;
	const holdsLoop = loop !== null && node.axes.includes(loop.axis) && node.stage % 2 === 0;
	const strides = new Map<AxisId, number>();
	let stride = 1;
	const place = (axis: AxisId, pad: number): void => {
		strides.set(axis, stride);
		stride *= roundUp(extentOf(ctx, axis), pad);
	};
	if (last !== null && node.axes.includes(last)) place(last, ctx.lanes);
	for (const axis of [...node.axes].reverse()) if (axis !== last) place(axis, 1);
	const buffer = declareScratch(ctx, `v${id}`, roundUp(stride, ctx.lanes));
	return { buffer, elementType: "float32", offset: 0, strides, holdsLoop, isInDevice: false };
}

export function longestAxis(ctx: TileContext, axes: readonly AxisId[]): AxisId | undefined {
	return [...axes].sort((a, b) => extentOf(ctx, b) - extentOf(ctx, a) || b - a)[0];
}
