// Re-arranges an operand of a contraction into the order in which a micro-kernel reads it (see `Packed`). The operand may
// be any expression: it is computed while it is packed.
//
//   for group, k, l:  packed[start(group)·K + k·width + l] = operand(start(group) + l, k)

import { present } from "#shared/fault/assert.ts";
import { type Affine, addAffine, affineConstant, scaleAffine } from "#shared/loop-ir/affine.ts";
import type { Statement } from "#shared/loop-ir/loop-ir.ts";
import type { BlockNodeId } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { contiguityScore, leavesOf } from "./contiguity.ts";
import { overAxes } from "./over-axes.ts";
import { evaluate, loopOver, origin, type Point, statementsOf, withLocal } from "./point.ts";
import { extentOf, type Packed, type TileContext } from "./tile-context.ts";

/** `count` groups of `width` lanes in a row, the first at `start`. */
export interface PackGroup {
	readonly start: number;
	readonly width: number;
	readonly count: number;
	/** Elements from one depth step to the next: the width, padded. */
	readonly stride: number;
}

export function emitPack(
	ctx: TileContext,
	operand: BlockNodeId,
	packed: Packed,
	groups: readonly PackGroup[],
): Statement[] {
	const point = origin(ctx);
	// Addresses ascend, as padded transposes need: the axis of the largest stride, the last one, is outermost.
	overAxes(point, [...packed.strides.keys()].reverse(), (inner) => {
		for (const group of groups) {
			loopOver(inner, null, group.count * group.width, group.width, (at, offset) => {
				packGroup(at, operand, packed, group, addAffine(affineConstant(group.start), offset));
			});
		}
	});
	return statementsOf(point);
}

/** One group at its place, or at the front of a buffer that holds one group at a time. */
export function packGroup(
	point: Point,
	operand: BlockNodeId,
	packed: Packed,
	group: PackGroup,
	start: Affine,
): void {
	const { ctx } = point;
	const { laneAxis, depthAxis } = packed;
	const leaves = leavesOf(ctx, operand, (id) => ctx.layouts.has(`${id}`));
	const depthScore = contiguityScore(ctx, leaves, depthAxis);
	const laneScore = laneAxis === null ? Number.NEGATIVE_INFINITY : contiguityScore(ctx, leaves, laneAxis);
	const depth = extentOf(ctx, depthAxis);
	if (laneAxis === null || (depthScore > laneScore && depth >= ctx.lanes)) {
		packTransposed(point, operand, packed, group, start);
	} else {
		loopOver(point, depthAxis, depth, 1, (inner, k) => {
			packStep(inner, operand, packed, group, start, k, laneAxis);
		});
	}
}

/** Lanes along the depth: reads neighbours, writes through a transpose in registers. */
function packTransposed(
	point: Point,
	operand: BlockNodeId,
	packed: Packed,
	group: PackGroup,
	start: Affine,
): void {
	const { lanes } = point.ctx;
	const depth = extentOf(point.ctx, packed.depthAxis);
	const whole = depth - (depth % lanes);
	const block = (inner: Point, k: Affine, active: number): void => {
		// The last vector of a group spills over the next step's first lanes: it goes first.
		const lastLane = Math.floor((group.width - 1) / lanes) * lanes;
		for (let lane = lastLane; lane >= 0; lane -= lanes) {
			transposeBlock(inner, operand, packed, group, start, k, active, lane);
		}
	};
	loopOver(point, packed.depthAxis, whole, lanes, (inner, k) => {
		block(inner, k, lanes);
	});
	if (whole < depth) block(point, affineConstant(whole), depth - whole);
}

function transposeBlock(
	point: Point,
	operand: BlockNodeId,
	packed: Packed,
	group: PackGroup,
	start: Affine,
	k: Affine,
	active: number,
	firstLane: number,
): void {
	const { lanes } = point.ctx;
	const count = Math.min(lanes, group.width - firstLane);
	const tail = active < lanes ? "t" : "";
	const vectors = Array.from({ length: count }, (_, at) => {
		const tags = new Map([[packed.depthAxis, `.k${tail}`]]);
		let locals = withLocal(point.locals, packed.depthAxis, k);
		let scopeOfAxis = point.scopeOfAxis;
		const innermost = point.scopes.length - 1;
		scopeOfAxis = new Map(scopeOfAxis).set(packed.depthAxis, innermost);
		if (packed.laneAxis !== null) {
			tags.set(packed.laneAxis, `.l${group.start + firstLane + at}${tail}`);
			locals = withLocal(locals, packed.laneAxis, addAffine(start, affineConstant(firstLane + at)));
			scopeOfAxis = new Map(scopeOfAxis).set(packed.laneAxis, innermost);
		}
		const vector = { axis: packed.depthAxis, lanes, active };
		return evaluate({ ...point, tags, locals, scopeOfAxis, vector }, operand);
	});
	present(point.scopes[point.scopes.length - 1], "innermost scope").statements.push({
		kind: "transpose",
		vectors,
		lanes,
		active,
		isPadded: true,
		buffer: packed.buffer,
		index: address(point, packed, group, start, k, firstLane),
		stride: group.stride,
	});
}

/** Lanes along the lane axis: one depth step of one group. */
function packStep(
	point: Point,
	operand: BlockNodeId,
	packed: Packed,
	group: PackGroup,
	start: Affine,
	k: Affine,
	laneAxis: AxisId,
): void {
	const { lanes } = point.ctx;
	const innermost = point.scopes.length - 1;
	for (let lane = 0; lane < group.width; lane += lanes) {
		const active = Math.min(lanes, group.width - lane);
		const at: Point = {
			...point,
			tags: new Map([[laneAxis, `.l${group.start + lane}`]]),
			locals: withLocal(point.locals, laneAxis, addAffine(start, affineConstant(lane))),
			scopeOfAxis: new Map(point.scopeOfAxis).set(laneAxis, innermost),
			vector: { axis: laneAxis, lanes, active },
		};
		present(point.scopes[innermost], "innermost scope").statements.push({
			kind: "store",
			buffer: packed.buffer,
			index: address(point, packed, group, start, k, lane),
			value: evaluate(at, operand),
			lanes,
			active,
			laneStride: 1,
			nonTemporal: false,
		});
	}
}

function address(
	point: Point,
	packed: Packed,
	group: PackGroup,
	start: Affine,
	k: Affine,
	lane: number,
): Affine {
	const inGroup = addAffine(scaleAffine(k, group.stride), affineConstant(lane));
	if (packed.holds === "group") return inGroup;
	let index = addAffine(scaleAffine(start, packed.depthExtent), inGroup);
	for (const [axis, stride] of packed.strides) {
		const local = point.locals.get(axis);
		if (local !== undefined) index = addAffine(index, scaleAffine(local, stride));
	}
	return index;
}
