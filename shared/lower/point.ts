// Values of block nodes at one point of a loop nest. A value is computed in the outermost loop body that knows all axes it
// depends on, once: what does not change in an inner loop stands before it.

import { present, unreachable } from "#shared/fault/assert.ts";
import { type Affine, affineConstant, affineVariable, zero } from "#shared/loop-ir/affine.ts";
import {
	type Expression,
	expressionLanes,
	type LoopOperator,
	type Statement,
} from "#shared/loop-ir/loop-ir.ts";
import type { BlockNodeId, MapNode } from "#shared/mugraph/mugraph.ts";
import type { AxisId, StridedAccess } from "#shared/program/program.ts";
import {
	accessIndex,
	deviceTensor,
	freshName,
	type Layout,
	layoutIndex,
	nodeAt,
	type TileContext,
} from "./tile-context.ts";

/** The body of one loop: what has been put there, and which values it already holds. */
export interface Scope {
	readonly statements: Statement[];
	readonly values: Map<string, Expression>;
}

export function openScope(): Scope {
	return { statements: [], values: new Map() };
}

export interface Point {
	readonly ctx: TileContext;
	/** Outermost first; the last one is the innermost open loop body. */
	readonly scopes: readonly Scope[];
	/** Scope in which an axis' position becomes known; axes that are not named have one position in the whole tile. */
	readonly scopeOfAxis: ReadonlyMap<AxisId, number>;
	readonly locals: ReadonlyMap<AxisId, Affine>;
	/** Tells apart points that share scopes but not the position along these axes. */
	readonly tags: ReadonlyMap<AxisId, string>;
	/** The axis that fills the lanes. */
	readonly vector: { readonly axis: AxisId; readonly lanes: number; readonly active: number } | null;
}

/** The node's value at the point: a vector if it depends on the vector axis, else a scalar. */
export function evaluate(point: Point, id: BlockNodeId): Expression {
	const node = nodeAt(point.ctx, id);
	if (node.kind === "constant") return { kind: "number", value: node.value };
	return onceAt(point, `${id}`, node.axes, () => compute(point, id));
}

/** A value that depends on these axes, computed once in the outermost body that knows them all; `name` tells it from others. */
export function onceAt(
	point: Point,
	name: string,
	axes: readonly AxisId[],
	make: () => Expression,
): Expression {
	let depth = 0;
	let key = name;
	for (const axis of axes) {
		depth = Math.max(depth, point.scopeOfAxis.get(axis) ?? 0);
		const tag = point.tags.get(axis);
		if (tag !== undefined) key += tag;
	}
	const scope = present(point.scopes[depth], "scope of the deepest axis is open");
	const known = scope.values.get(key);
	if (known !== undefined) return known;
	const local = keep(point.ctx, scope, make(), lanesOver(point, axes));
	scope.values.set(key, local);
	return local;
}

/** Makes a value of this point known under a node's name, so that later readers at this point do not load it. */
export function remember(point: Point, id: BlockNodeId, value: Expression): void {
	const scope = present(point.scopes[point.scopes.length - 1], "innermost scope");
	let key = `${id}`;
	for (const axis of nodeAt(point.ctx, id).axes) key += point.tags.get(axis) ?? "";
	scope.values.set(key, value);
}

/** Binds a value to a fresh local of the scope. */
export function keep(ctx: TileContext, scope: Scope, value: Expression, lanes: number): Expression {
	if (value.kind === "local" || value.kind === "number") return value;
	const name = freshName(ctx, "t");
	scope.statements.push({ kind: "declare", name, lanes, value, mutable: false });
	return { kind: "local", name, lanes };
}

/** Writes a value at the point's position. */
export function writeAt(
	point: Point,
	place: {
		readonly buffer: string;
		readonly index: Affine;
		readonly laneStride: number;
		readonly nonTemporal?: boolean;
	},
	value: Expression,
): void {
	const scope = present(point.scopes[point.scopes.length - 1], "innermost scope");
	scope.statements.push({
		kind: "store",
		buffer: place.buffer,
		index: place.index,
		value,
		lanes: point.vector?.lanes ?? 1,
		active: point.vector?.active ?? 1,
		laneStride: place.laneStride,
		nonTemporal: place.nonTemporal === true && place.laneStride === 1,
	});
}

/** A kept value with these axes, at the point. */
export function loadKept(point: Point, layout: Layout, axes: readonly AxisId[]): Expression {
	const place = layoutPlace(point, layout);
	const lanes = lanesOver(point, axes);
	const active = lanes === 1 ? 1 : (point.vector?.active ?? 1);
	return { kind: "load", ...place, lanes, active, laneStride: lanes === 1 ? 0 : place.laneStride };
}

/** Where a value kept by `layout` lies at the point. */
export function layoutPlace(
	point: Point,
	layout: Layout,
): { readonly buffer: string; readonly index: Affine; readonly laneStride: number } {
	return {
		buffer: layout.buffer,
		index: layoutIndex(point.ctx, layout, point.locals),
		laneStride: point.vector === null ? 0 : (layout.strides.get(point.vector.axis) ?? 0),
	};
}

/** Where an element of a device tensor lies at the point. */
export function accessPlace(
	point: Point,
	buffer: string,
	access: StridedAccess,
): { readonly buffer: string; readonly index: Affine; readonly laneStride: number } {
	return {
		buffer,
		index: accessIndex(point.ctx, access, point.locals),
		laneStride: accessStride(access, point.vector?.axis ?? null),
	};
}

export function accessStride(access: StridedAccess, axis: AxisId | null): number {
	if (axis === null) return 0;
	const at = access.axes.indexOf(axis);
	return at < 0 ? 0 : present(access.strides[at], "stride");
}

function compute(point: Point, id: BlockNodeId): Expression {
	const { ctx } = point;
	const layout = ctx.layouts.get(`${id}`);
	if (layout !== undefined) return load(point, layoutPlace(point, layout));
	const node = nodeAt(ctx, id);
	switch (node.kind) {
		case "load": {
			const tensor = deviceTensor(ctx, node.source);
			return load(point, accessPlace(point, tensor.buffer, tensor.access));
		}
		case "map": {
			const operands = node.operands.map((operand) => evaluate(point, operand));
			const lanes = lanesOver(point, node.axes);
			return divideByScalar(point, node, operands, lanes) ?? apply(loopOperator(ctx, node), operands, lanes);
		}
		case "constant":
			return { kind: "number", value: node.value };
		case "reduce":
		case "contract":
		case "accumulate":
		case "accumulateDeviations":
		case "store":
			throw new Error(`block node ${id} (${node.kind}) was not computed before it was read`);
		default:
			return unreachable(node);
	}
}

/**
 * A vector over a scalar: two products instead of a division, which takes ten times as long. x / y = (x · 1/(y·s)) · s with
 * s a power of two, so that neither 1/(y·s) nor a product leaves the numbers that the quotient itself does not leave. Null:
 * not such a division.
 */
function divideByScalar(
	point: Point,
	{ operator, operands: ids }: MapNode,
	[dividend, divisor]: readonly Expression[],
	lanes: number,
): Expression | null {
	const [, id] = ids;
	if (operator !== "divide" || id === undefined || dividend === undefined || divisor === undefined)
		return null;
	if (lanes === 1 || expressionLanes(divisor) > 1) return null;
	const { axes } = nodeAt(point.ctx, id);
	const once = (name: string, value: Expression): Expression =>
		onceAt(point, `${id} ${name}`, axes, () => value);
	const scale = once("scale", { kind: "apply", operator: "inverseScale", operands: [divisor], lanes: 1 });
	const reciprocal = once("reciprocal", apply("divide", [one, multiply(divisor, scale, 1)], 1));
	return multiply(multiply(dividend, reciprocal, lanes), scale, lanes);
}

const one: Expression = { kind: "number", value: 1 };

function multiply(left: Expression, right: Expression, lanes: number): Expression {
	return { kind: "apply", operator: "multiply", operands: [left, right], lanes };
}

/** exp(x - max x), as in every softmax, needs no care for large results. */
function loopOperator(ctx: TileContext, node: MapNode): LoopOperator {
	const [exponent] = node.operands;
	return node.operator === "exp" && exponent !== undefined && isBelowMaximum(ctx, exponent)
		? "expNonPositive"
		: node.operator;
}

/** x - m with m the maximum of x, within the tile or running over the steps that x belongs to. */
function isBelowMaximum(ctx: TileContext, id: BlockNodeId): boolean {
	const difference = nodeAt(ctx, id);
	if (difference.kind !== "map" || difference.operator !== "subtract") return false;
	const [x, bound] = difference.operands;
	if (x === undefined || bound === undefined) return false;
	const maximum = nodeAt(ctx, bound);
	if (maximum.kind === "reduce") return maximum.operator === "max" && maximum.operand === x;
	if (maximum.kind !== "accumulate" || maximum.combine !== "max") return false;
	const step = nodeAt(ctx, maximum.operand);
	return maximum.operand === x || (step.kind === "reduce" && step.operator === "max" && step.operand === x);
}

/** The exponents that are cheaper as multiplications and roots; others go to the library's pow. */
function apply(operator: LoopOperator, operands: readonly Expression[], lanes: number): Expression {
	const [base, exponent] = operands;
	if (operator !== "power" || base === undefined || exponent?.kind !== "number") {
		return { kind: "apply", operator, operands, lanes };
	}
	switch (exponent.value) {
		case 1:
			return multiply(base, one, lanes);
		case 2:
			return multiply(base, base, lanes);
		case 3:
			return multiply(multiply(base, base, lanes), base, lanes);
		case -1:
			return { kind: "apply", operator: "divide", operands: [one, base], lanes };
		case 0.5:
			return { kind: "apply", operator: "sqrt", operands: [base], lanes };
		default:
			return { kind: "apply", operator, operands, lanes };
	}
}

function load(
	point: Point,
	place: { readonly buffer: string; readonly index: Affine; readonly laneStride: number },
): Expression {
	const vector = point.vector;
	if (vector === null || place.laneStride === 0) {
		return { kind: "load", buffer: place.buffer, index: place.index, lanes: 1, active: 1, laneStride: 0 };
	}
	return { kind: "load", ...place, lanes: vector.lanes, active: vector.active };
}

/** Lanes of a value with these axes. */
export function lanesOver(point: Point, axes: readonly AxisId[]): number {
	return point.vector !== null && axes.includes(point.vector.axis) ? point.vector.lanes : 1;
}

/** Runs `body` for positions 0, step, 2·step … below `end` of an axis (null: a count that is no axis). */
export function loopOver(
	point: Point,
	axis: AxisId | null,
	end: number,
	step: number,
	body: (point: Point, position: Affine) => void,
): void {
	if (end <= 0) return;
	if (end <= step) {
		body(axis === null ? point : { ...point, locals: withLocal(point.locals, axis, zero) }, zero);
		return;
	}
	const variable = freshName(point.ctx, "i");
	const scope = openScope();
	const scopes = [...point.scopes, scope];
	const position = affineVariable(variable);
	const inner: Point =
		axis === null
			? { ...point, scopes }
			: {
					...point,
					scopes,
					scopeOfAxis: new Map(point.scopeOfAxis).set(axis, scopes.length - 1),
					locals: withLocal(point.locals, axis, position),
				};
	body(inner, position);
	const outer = present(point.scopes[point.scopes.length - 1], "innermost scope");
	outer.statements.push({
		kind: "for",
		variable,
		begin: zero,
		end: affineConstant(end),
		step,
		body: scope.statements,
	});
}

/** A point with no position yet. */
export function origin(ctx: TileContext): Point {
	return {
		ctx,
		scopes: [openScope()],
		scopeOfAxis: new Map(),
		locals: new Map(),
		tags: new Map(),
		vector: null,
	};
}

/** Statements in the outermost scope: all that has been emitted when the loops are closed. */
export function statementsOf(point: Point): Statement[] {
	return present(point.scopes[0], "outermost scope").statements;
}

/** Positions shifted along one axis. */
export function withLocal(
	locals: ReadonlyMap<AxisId, Affine>,
	axis: AxisId,
	position: Affine,
): ReadonlyMap<AxisId, Affine> {
	return new Map(locals).set(axis, position);
}
