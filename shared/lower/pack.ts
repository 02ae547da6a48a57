// Re-arranges an operand of a contraction into the order in which a micro-kernel reads it (see `Packed`). The operand may
// be any expression: it is computed while it is packed.
//
//   for group, k, l:  packed[start(group)·K + k·width + l] = operand(start(group) + l, k)
//
// In pairs a step is two neighbours along the depth:
//
//   for group, s, l:  packed[start(group)·K/2 + s·width + l] = (operand(start(group) + l, 2s), operand(start(group) + l, 2s + 1))

import { present } from "#shared/fault/assert.ts";
import { type Affine, addAffine, affineConstant, scaleAffine } from "#shared/loop-ir/affine.ts";
import type { Expression, Statement } from "#shared/loop-ir/loop-ir.ts";
import type { BlockNodeId } from "#shared/mugraph/mugraph.ts";
import { contiguityScore, leavesOfOperand } from "./contiguity.ts";
import { overAxes } from "./over-axes.ts";
import { evaluate, loopOver, origin, type Point, statementsOf, withLocal } from "./point.ts";
import type { Packed, TileContext } from "./tile-context.ts";

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
	const { laneAxis, depthAxis, depthSteps } = packed;
	const leaves = leavesOfOperand(ctx, operand, (id) => ctx.layouts.has(`${id}`));
	const depthScore = contiguityScore(ctx, leaves, depthAxis);
	const laneScore = laneAxis === null ? Number.NEGATIVE_INFINITY : contiguityScore(ctx, leaves, laneAxis);
	const task: PackTask = { operand, packed, group, start };
	const isTransposed = laneAxis === null || (depthScore > laneScore && depthSteps >= ctx.lanes);
	const done = isTransposed ? packTransposed(point, task) : 0;
	loopOver(point, null, depthSteps - done, 1, (inner, step) => {
		packStep(inner, task, addAffine(affineConstant(done), step));
	});
}

interface PackTask {
	readonly operand: BlockNodeId;
	readonly packed: Packed;
	readonly group: PackGroup;
	/** First lane of the group. */
	readonly start: Affine;
}

/** Lanes along the depth: reads neighbours, writes through a transpose in registers. Returns how many steps it did. */
function packTransposed(point: Point, task: PackTask): number {
	const { lanes } = point.ctx;
	const { depthSteps, holdsPairs } = task.packed;
	const whole = depthSteps - (depthSteps % lanes);
	const block = (inner: Point, step: Affine, active: number): void => {
		// The last vector of a group spills over the next step's first lanes: it goes first.
		const lastLane = Math.floor((task.group.width - 1) / lanes) * lanes;
		for (let lane = lastLane; lane >= 0; lane -= lanes) transposeBlock(inner, task, step, active, lane);
	};
	loopOver(point, null, whole, lanes, (inner, step) => {
		block(inner, step, lanes);
	});
	if (holdsPairs) return whole;
	if (whole < depthSteps) block(point, affineConstant(whole), depthSteps - whole);
	return depthSteps;
}

function transposeBlock(point: Point, task: PackTask, step: Affine, active: number, firstLane: number): void {
	const { lanes } = point.ctx;
	const { packed, group } = task;
	const count = Math.min(lanes, group.width - firstLane);
	const vectors = Array.from({ length: count }, (_, at) => {
		const vector = { axis: packed.depthAxis, lanes, active };
		const from = (depth: Affine, tag: string): Expression =>
			valueAt({ ...point, vector }, task, firstLane + at, { depth, tag });
		if (!packed.holdsPairs) return from(step, active < lanes ? "t" : "");
		const depth = scaleAffine(step, 2);
		const operands = [from(depth, ""), from(addAffine(depth, affineConstant(lanes)), "n")];
		return { kind: "apply", operator: "pairNeighbours", operands, lanes } as const;
	});
	innermostOf(point).push({
		kind: "transpose",
		vectors,
		lanes,
		active,
		isPadded: true,
		buffer: packed.buffer,
		index: address(point, task, step, firstLane),
		stride: group.stride,
	});
}

/** Lanes along the lane axis, where there is one: one depth step of one group. */
function packStep(point: Point, task: PackTask, step: Affine): void {
	const { packed, group } = task;
	const lanes = packed.laneAxis === null ? 1 : point.ctx.lanes;
	for (let lane = 0; lane < group.width; lane += lanes) {
		const active = Math.min(lanes, group.width - lane);
		const vector = packed.laneAxis === null ? null : { axis: packed.laneAxis, lanes, active };
		const from = (depth: Affine, tag: string): Expression =>
			valueAt({ ...point, vector }, task, lane, { depth, tag });
		const pair = (): Expression => {
			const depth = scaleAffine(step, 2);
			const operands = [from(depth, "s"), from(addAffine(depth, affineConstant(1)), "sn")];
			return { kind: "apply", operator: "pair", operands, lanes };
		};
		innermostOf(point).push({
			kind: "store",
			buffer: packed.buffer,
			index: address(point, task, step, lane),
			value: packed.holdsPairs ? pair() : from(step, "s"),
			lanes,
			active,
			laneStride: 1,
			nonTemporal: false,
		});
	}
}

/** The operand at a lane of the group (the first of those that a vector fills) and a position along the depth. */
function valueAt(
	point: Point,
	{ operand, packed, group, start }: PackTask,
	lane: number,
	{ depth, tag }: { readonly depth: Affine; readonly tag: string },
): Expression {
	const innermost = point.scopes.length - 1;
	const { laneAxis, depthAxis } = packed;
	const tags = new Map([[depthAxis, `.k${tag}`]]);
	const scopeOfAxis = new Map(point.scopeOfAxis).set(depthAxis, innermost);
	let locals = withLocal(point.locals, depthAxis, depth);
	if (laneAxis !== null) {
		tags.set(laneAxis, `.l${group.start + lane}${tag}`);
		scopeOfAxis.set(laneAxis, innermost);
		locals = withLocal(locals, laneAxis, addAffine(start, affineConstant(lane)));
	}
	return evaluate({ ...point, tags, locals, scopeOfAxis }, operand);
}

const innermostOf = (point: Point): Statement[] =>
	present(point.scopes[point.scopes.length - 1], "innermost scope").statements;

function address(point: Point, { packed, group, start }: PackTask, step: Affine, lane: number): Affine {
	const inGroup = addAffine(scaleAffine(step, group.stride), affineConstant(lane));
	if (packed.holds === "group") return inGroup;
	let index = addAffine(
		scaleAffine(start, packed.groupSteps),
		addAffine(inGroup, affineConstant(packed.offset)),
	);
	for (const [axis, stride] of packed.strides) {
		const local = point.locals.get(axis);
		if (local !== undefined) index = addAffine(index, scaleAffine(local, stride));
	}
	return index;
}
