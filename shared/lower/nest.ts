// A loop nest over part of a tile: some axes kept, some reduced, one of them along the vector lanes. Several values may be
// computed in one nest ("roots"). Kept axes are outside, so that a reduction's partial results stay in registers.
//
//   for kept… { acc = neutral; for reduced… acc = acc ∘ value; finish(acc) }

import { present } from "#shared/fault/assert.ts";
import { type Affine, addAffine, affineConstant, affineVariable, zero } from "#shared/loop-ir/affine.ts";
import type { Expression, Statement } from "#shared/loop-ir/loop-ir.ts";
import type { AxisId, MapOperator, ReduceOperator } from "#shared/program/program.ts";
import { openScope, type Point, type Scope, withLocal } from "./point.ts";
import { extentOf, freshName, type TileContext } from "./tile-context.ts";

/** Computed and written at every point. */
export interface PointRoot {
	readonly kind: "point";
	emit(point: Point): void;
}
/** Combined over the reduced axes; `finish` receives the result where only kept axes have a position. */
export interface ReduceRoot {
	readonly kind: "reduce";
	readonly operator: ReduceOperator;
	value(point: Point): Expression;
	finish(point: Point, value: Expression): void;
}
export type NestRoot = PointRoot | ReduceRoot;

export interface Nest {
	readonly kept: readonly AxisId[];
	/** Empty when no root reduces. */
	readonly reduced: readonly AxisId[];
	/** One of the axes, or null for scalar code. */
	readonly vector: AxisId | null;
	readonly lanes: number;
	/** Vectors in flight: independent accumulators, or steps written out. */
	readonly slots: number;
	readonly roots: readonly NestRoot[];
}

export const neutralOf: Readonly<Record<ReduceOperator, number>> = {
	sum: 0,
	product: 1,
	max: Number.NEGATIVE_INFINITY,
	min: Number.POSITIVE_INFINITY,
};

export const combinerOf: Readonly<Record<ReduceOperator, MapOperator>> = {
	sum: "add",
	product: "multiply",
	max: "maximum",
	min: "minimum",
};

interface Loop {
	readonly axis: AxisId;
	readonly extent: number;
	readonly isVector: boolean;
}

interface Frame {
	readonly scopes: readonly Scope[];
	readonly scopeOfAxis: ReadonlyMap<AxisId, number>;
	readonly locals: ReadonlyMap<AxisId, Affine>;
	/** Offsets of the vector slots open here; one slot at 0 before the vector loop. */
	readonly slots: readonly { readonly offset: number; readonly active: number }[];
	readonly vectorOpen: boolean;
	/** accumulators[root][slot], null outside the reduced loops. */
	readonly accumulators: readonly (readonly string[])[] | null;
}

interface Walk {
	readonly ctx: TileContext;
	readonly nest: Nest;
	readonly loops: readonly Loop[];
	readonly reducedFrom: number;
	readonly reduces: readonly ReduceRoot[];
	readonly vectorIsReduced: boolean;
}

/** The statements of the nest. Axes of extent 1 need no loop. */
export function emitNest(ctx: TileContext, nest: Nest): Statement[] {
	const live = (axes: readonly AxisId[]): readonly AxisId[] =>
		axes.filter((axis) => axis !== nest.vector && extentOf(ctx, axis) > 1);
	const loop = (axis: AxisId): Loop => ({
		axis,
		extent: extentOf(ctx, axis),
		isVector: axis === nest.vector,
	});
	const keptLoops = live(nest.kept).map(loop);
	const reducedLoops = live(nest.reduced).map(loop);
	const vectorIsReduced = nest.vector !== null && nest.reduced.includes(nest.vector);
	if (nest.vector !== null) (vectorIsReduced ? reducedLoops : keptLoops).push(loop(nest.vector));
	const walk: Walk = {
		ctx,
		nest,
		loops: [...keptLoops, ...reducedLoops],
		reducedFrom: keptLoops.length,
		reduces: nest.roots.flatMap((root) => (root.kind === "reduce" ? [root] : [])),
		vectorIsReduced,
	};
	const outer = openScope();
	visit(walk, 0, {
		scopes: [outer],
		scopeOfAxis: new Map(),
		locals: new Map(),
		slots: [{ offset: 0, active: nest.lanes }],
		vectorOpen: false,
		accumulators: null,
	});
	return outer.statements;
}

function visit(walk: Walk, level: number, frame: Frame): void {
	if (level === walk.reducedFrom && walk.reduces.length > 0 && frame.accumulators === null) {
		reduceFrom(walk, level, frame);
	} else if (level === walk.loops.length) {
		frame.slots.forEach((_, slot) => {
			innermost(walk, frame, slot);
		});
	} else {
		const loop = present(walk.loops[level], "loop");
		if (loop.isVector) vectorLoop(walk, level, frame, loop);
		else scalarLoop(walk, level, frame, loop);
	}
}

function innermost(walk: Walk, frame: Frame, slot: number): void {
	const point = pointAt(walk, frame, slot);
	const scope = present(frame.scopes[frame.scopes.length - 1], "scope");
	let reduceAt = 0;
	for (const root of walk.nest.roots) {
		if (root.kind === "point") {
			root.emit(point);
			continue;
		}
		const names = present(frame.accumulators?.[reduceAt++], "accumulators are open");
		const name = present(names[slot % names.length], "accumulator of the slot");
		const lanes = frame.vectorOpen ? walk.nest.lanes : 1;
		const active = present(frame.slots[slot], "slot").active;
		const value = root.value(point);
		const masked: Expression =
			walk.vectorIsReduced && frame.vectorOpen && active < lanes
				? { kind: "keep", operand: splat(value, lanes), active, neutral: neutralOf[root.operator] }
				: value;
		const accumulator: Expression = { kind: "local", name, lanes };
		scope.statements.push({
			kind: "assign",
			name,
			value: { kind: "apply", operator: combinerOf[root.operator], operands: [accumulator, masked], lanes },
		});
	}
}

/** A value that may have one lane as a value of `lanes` lanes. */
function splat(value: Expression, lanes: number): Expression {
	const one = value.kind === "number" || (value.kind === "local" && value.lanes === 1);
	if (!one || lanes === 1) return value;
	return { kind: "apply", operator: "multiply", operands: [value, { kind: "number", value: 1 }], lanes };
}

function pointAt(walk: Walk, frame: Frame, slot: number): Point {
	const { nest } = walk;
	const { offset, active } = present(frame.slots[slot], "slot");
	const base = { ctx: walk.ctx, scopes: frame.scopes, scopeOfAxis: frame.scopeOfAxis };
	if (!frame.vectorOpen || nest.vector === null) {
		return { ...base, locals: frame.locals, tags: new Map(), vector: null };
	}
	const position = addAffine(frame.locals.get(nest.vector) ?? zero, affineConstant(offset));
	return {
		...base,
		locals: withLocal(frame.locals, nest.vector, position),
		tags: new Map([[nest.vector, `.${slot}`]]),
		vector: { axis: nest.vector, lanes: nest.lanes, active },
	};
}

function reduceFrom(walk: Walk, level: number, frame: Frame): void {
	const { ctx, nest } = walk;
	const scope = present(frame.scopes[frame.scopes.length - 1], "scope");
	const vectorExtent = nest.vector === null ? 1 : extentOf(ctx, nest.vector);
	const vectors = Math.ceil(vectorExtent / nest.lanes);
	const count = walk.vectorIsReduced ? Math.min(nest.slots, vectors) : frame.slots.length;
	const lanes = walk.vectorIsReduced || frame.vectorOpen ? nest.lanes : 1;
	const accumulators = walk.reduces.map((root) => {
		const names: string[] = [];
		for (let at = 0; at < count; at++) {
			const name = freshName(ctx, "acc");
			names.push(name);
			const value: Expression = { kind: "number", value: neutralOf[root.operator] };
			scope.statements.push({ kind: "declare", name, lanes, value, mutable: true });
		}
		return names;
	});
	visit(walk, level, { ...frame, accumulators });
	walk.reduces.forEach((root, at) => {
		const names = present(accumulators[at], "accumulators");
		if (walk.vectorIsReduced) {
			root.finish(pointAt(walk, { ...frame, vectorOpen: false }, 0), total(root.operator, names, lanes));
			return;
		}
		names.forEach((name, slot) => {
			root.finish(pointAt(walk, frame, slot), { kind: "local", name, lanes });
		});
	});
}

/** Pairwise, then across the lanes. */
function total(operator: ReduceOperator, names: readonly string[], lanes: number): Expression {
	let level: Expression[] = names.map((name) => ({ kind: "local", name, lanes }));
	while (level.length > 1) {
		const next: Expression[] = [];
		for (let at = 0; at < level.length; at += 2) {
			const left = present(level[at], "partial result");
			const right = level[at + 1];
			const operands = right === undefined ? null : [left, right];
			next.push(
				operands === null ? left : { kind: "apply", operator: combinerOf[operator], operands, lanes },
			);
		}
		level = next;
	}
	const value = present(level[0], "partial result");
	return lanes === 1 ? value : { kind: "horizontal", operator, operand: value };
}

function scalarLoop(walk: Walk, level: number, frame: Frame, loop: Loop): void {
	const variable = freshName(walk.ctx, "i");
	const end = affineConstant(loop.extent);
	into(walk, level, frame, loop.axis, { variable, begin: zero, end, step: 1 }, frame.slots, false);
}

/** Whole groups of slots, then whole vectors, then the lanes that are left. */
function vectorLoop(walk: Walk, level: number, frame: Frame, loop: Loop): void {
	const { lanes } = walk.nest;
	const whole = Math.floor(loop.extent / lanes);
	const slots = Math.max(1, Math.min(walk.nest.slots, whole));
	const groups = Math.floor(whole / slots);
	const tail = loop.extent % lanes;
	const slotsOf = (count: number): Frame["slots"] =>
		Array.from({ length: count }, (_, slot) => ({ offset: slot * lanes, active: lanes }));
	if (groups > 0) {
		const variable = freshName(walk.ctx, "i");
		const end = affineConstant(groups * slots * lanes);
		const range = { variable, begin: zero, end, step: slots * lanes };
		into(walk, level, frame, loop.axis, range, slotsOf(slots), true);
	}
	const rest = whole - groups * slots;
	const restStart = groups * slots * lanes;
	if (rest > 0) at(walk, level, frame, loop.axis, restStart, slotsOf(rest));
	if (tail > 0) at(walk, level, frame, loop.axis, whole * lanes, [{ offset: 0, active: tail }]);
}

/** Straight-line: the axis at one known position. */
function at(
	walk: Walk,
	level: number,
	frame: Frame,
	axis: AxisId,
	position: number,
	slots: Frame["slots"],
): void {
	const scope = openScope();
	const scopes = [...frame.scopes, scope];
	visit(walk, level + 1, {
		...frame,
		scopes,
		scopeOfAxis: new Map(frame.scopeOfAxis).set(axis, scopes.length - 1),
		locals: withLocal(frame.locals, axis, affineConstant(position)),
		slots,
		vectorOpen: true,
	});
	present(frame.scopes[frame.scopes.length - 1], "scope").statements.push(...scope.statements);
}

function into(
	walk: Walk,
	level: number,
	frame: Frame,
	axis: AxisId,
	range: {
		readonly variable: string;
		readonly begin: Affine;
		readonly end: Affine;
		readonly step: number;
	},
	slots: Frame["slots"],
	opensVector: boolean,
): void {
	const once = range.end.constant <= range.step;
	if (once && opensVector) {
		at(walk, level, frame, axis, 0, slots);
		return;
	}
	const scope = openScope();
	const scopes = [...frame.scopes, scope];
	visit(walk, level + 1, {
		...frame,
		scopes,
		scopeOfAxis: new Map(frame.scopeOfAxis).set(axis, scopes.length - 1),
		locals: withLocal(frame.locals, axis, affineVariable(range.variable)),
		slots,
		vectorOpen: frame.vectorOpen || opensVector,
	});
	const outer = present(frame.scopes[frame.scopes.length - 1], "scope");
	outer.statements.push({ kind: "for", ...range, body: scope.statements });
}
