// A store whose neighbours lie along another axis than those of what is read: square blocks are computed along the one and
// transposed in registers, so that both reading and writing go by whole vectors.
//
//   for j block, i block: out[i.., j..] = transpose(f(x)[j.., i..])

import { present } from "#shared/fault/assert.ts";
import { type Affine, addAffine, affineConstant } from "#shared/loop-ir/affine.ts";
import type { Statement } from "#shared/loop-ir/loop-ir.ts";
import type { BlockNodeId, StoreNode } from "#shared/mugraph/mugraph.ts";
import type { AxisId, StridedAccess } from "#shared/program/program.ts";
import { contiguityScore, leavesOf } from "./contiguity.ts";
import { overAxes } from "./over-axes.ts";
import { accessStride, evaluate, loopOver, origin, type Point, statementsOf, withLocal } from "./point.ts";
import { accessIndex, deviceTensor, extentOf, type TileContext } from "./tile-context.ts";

/** `read` and `written`: the axes along which values are read, and written, side by side. */
export interface TransposedStore {
	readonly node: StoreNode;
	readonly read: AxisId;
	readonly written: AxisId;
	readonly buffer: string;
	readonly access: StridedAccess;
}

/** How to store by blocks, or null when lanes along one axis serve reading and writing alike. */
export function planTransposedStore(
	ctx: TileContext,
	id: BlockNodeId,
	node: StoreNode,
): TransposedStore | null {
	const { buffer, elementType, access } = deviceTensor(ctx, node.target);
	if (elementType !== "float32") return null;
	const written = node.axes.find((axis) => accessStride(access, axis) === 1);
	if (written === undefined || extentOf(ctx, written) < ctx.lanes) return null;
	const leaves = leavesOf(ctx, id, (leaf) => ctx.layouts.has(`${leaf}`));
	if (contiguityScore(ctx, leaves, written) >= 0) return null;
	const read = node.axes.find(
		(axis) => axis !== written && extentOf(ctx, axis) >= ctx.lanes && contiguityScore(ctx, leaves, axis) > 0,
	);
	return read === undefined ? null : { node, read, written, buffer, access };
}

export function emitTransposedStore(ctx: TileContext, store: TransposedStore): Statement[] {
	const point = origin(ctx);
	const outer = store.node.axes.filter((axis) => axis !== store.read && axis !== store.written);
	overAxes(point, outer, (inner) => {
		inBlocks(inner, store.written, (columns, start, count) => {
			inBlocks(columns, store.read, (rows, first, active) => {
				emitBlock(rows, store, { start, count, first, active });
			});
		});
	});
	return statementsOf(point);
}

/** Whole blocks of one vector's lanes, then the rest. */
function inBlocks(
	point: Point,
	axis: AxisId,
	body: (point: Point, start: Affine, count: number) => void,
): void {
	const { lanes } = point.ctx;
	const extent = extentOf(point.ctx, axis);
	const whole = extent - (extent % lanes);
	loopOver(point, axis, whole, lanes, (inner, start) => {
		body(inner, start, lanes);
	});
	if (whole < extent) body(point, affineConstant(whole), extent - whole);
}

interface Block {
	/** Along the written axis. */
	readonly start: Affine;
	readonly count: number;
	/** Along the read axis. */
	readonly first: Affine;
	readonly active: number;
}

function emitBlock(point: Point, store: TransposedStore, block: Block): void {
	const { ctx } = point;
	const innermost = point.scopes.length - 1;
	const scopeOfAxis = new Map(point.scopeOfAxis).set(store.read, innermost).set(store.written, innermost);
	const kind = `${block.count}.${block.active}`;
	const vectors = Array.from({ length: block.count }, (_, at) => {
		const position = addAffine(block.start, affineConstant(at));
		const locals = withLocal(withLocal(point.locals, store.read, block.first), store.written, position);
		const tags = new Map([
			[store.read, `.r${kind}`],
			[store.written, `.w${at}.${kind}`],
		]);
		const vector = { axis: store.read, lanes: ctx.lanes, active: block.active };
		return evaluate({ ...point, locals, tags, scopeOfAxis, vector }, store.node.operand);
	});
	const locals = withLocal(withLocal(point.locals, store.read, block.first), store.written, block.start);
	present(point.scopes[innermost], "innermost scope").statements.push({
		kind: "transpose",
		vectors,
		lanes: ctx.lanes,
		active: block.active,
		isPadded: false,
		buffer: store.buffer,
		index: accessIndex(ctx, store.access, locals),
		stride: accessStride(store.access, store.read),
	});
}
