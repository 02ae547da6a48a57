// A sum of squared deviations carried over the steps of a loop, in float32. Each step takes the corrected two-pass sum of
// its own elements, which are at hand, and the parallel update puts it to the ones before (Chan, Golub and LeVeque 1983):
//   step:     m = round(sum x / n');   r = sum(x - m);   M2' = sum (x - m)² - r²/n'
//   update:   d = (m + r/n') - mean;   M2 = M2 + M2' + d²·n·n'/(n + n');   mean = mean + d·n'/(n + n');   n = n + n'
// The running mean is held as a sum of two floats, the larger and what rounding it left (Dekker 1971): with data far from
// zero a mean's last place is larger than many differences of means, whose squares the update sums.

import { present } from "#shared/fault/assert.ts";
import type { Expression, LoopOperator, Statement } from "#shared/loop-ir/loop-ir.ts";
import type { AccumulateDeviationsNode, BlockNodeId } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { type DeviationsPart, partKey } from "./deviations-roots.ts";
import { emitNest, type NestRoot } from "./nest.ts";
import { evaluate, keep, lanesOver, layoutPlace, loadKept, onceAt, type Point, writeAt } from "./point.ts";
import type { Root } from "./roots.ts";
import { longestAxis, scratchLayout } from "./scratch-layout.ts";
import { declareScratch, extentOf, type Layout, nodeAt, type TileContext } from "./tile-context.ts";

/** What is kept beside the parts' own values: the running mean, its low part, and by step the count and what follows from it. */
type Kept = "runningMean" | "runningRest" | "count" | "coupling";

const keptPerElement = ["mean", "rest", "squares", "runningMean", "runningRest"] as const;
const keptPerStep = ["share", "coupling", "count"] as const;
const zeroNumber: Expression = { kind: "number", value: 0 };

function keyOf(id: BlockNodeId, kept: Kept | DeviationsPart): string {
	switch (kept) {
		case "runningMean":
		case "runningRest":
		case "count":
		case "coupling":
			return `${kept} ${id}`;
		default:
			return partKey(id, kept);
	}
}

function layoutOf(ctx: TileContext, id: BlockNodeId, kept: Kept | DeviationsPart): Layout {
	return present(ctx.layouts.get(keyOf(id, kept)), "scratch of the deviations");
}

/** Lays out the node's scratch before its loop, with nothing seen yet; once, at its last part. */
export function initialiseDeviations(
	ctx: TileContext,
	root: Root,
	node: AccumulateDeviationsNode,
): Statement[] {
	if (root.kind !== "nest" || root.part !== "update") return [];
	const id = root.node;
	const vector = longestAxis(ctx, node.axes) ?? null;
	const total = scratchLayout(ctx, id, vector);
	ctx.layouts.set(keyOf(id, "update"), total);
	const { elements } = present(ctx.buffers.get(total.buffer), "scratch of the sum");
	for (const kept of keptPerElement) {
		const buffer = declareScratch(ctx, `${kept}${id}`, elements);
		ctx.layouts.set(keyOf(id, kept), { ...total, buffer });
	}
	const steps = declareScratch(ctx, `steps${id}`, keptPerStep.length);
	keptPerStep.forEach((kept, offset) => {
		ctx.layouts.set(keyOf(id, kept), { ...total, buffer: steps, offset, strides: new Map() });
	});
	const clear = (axes: readonly AxisId[], kept: readonly (Kept | DeviationsPart)[]): Statement[] =>
		emitNest(ctx, {
			kept: axes,
			reduced: [],
			vector: axes.length === 0 ? null : vector,
			lanes: ctx.lanes,
			slots: 1,
			roots: kept.map((name) => pointRoot((point) => write(point, id, name, zeroNumber))),
		});
	return [...clear(node.axes, ["update", "runningMean", "runningRest"]), ...clear([], ["count"])];
}

function pointRoot(emit: (point: Point) => void): NestRoot {
	return { kind: "point", emit };
}

function write(point: Point, id: BlockNodeId, kept: Kept | DeviationsPart, value: Expression): void {
	writeAt(point, layoutPlace(point, layoutOf(point.ctx, id, kept)), value);
}

/** What one part does in a loop nest. */
export function deviationsNest(
	id: BlockNodeId,
	node: AccumulateDeviationsNode,
	part: DeviationsPart | null,
): NestRoot {
	switch (present(part, "part of a sum of deviations")) {
		case "share":
			return pointRoot((point) => emitShare(point, id, node));
		case "mean":
			return {
				kind: "reduce",
				operator: "sum",
				value: (point) => evaluate(point, node.operand),
				finish: (point, sum) => {
					const inverse: Expression = { kind: "number", value: 1 / stepCount(point.ctx, node) };
					write(point, id, "mean", calculator(point, node.axes)("multiply", sum, inverse));
				},
			};
		case "rest":
			return {
				kind: "reduce",
				operator: "sum",
				value: (point) => deviation(point, id, node),
				finish: (point, sum) => write(point, id, "rest", sum),
			};
		case "squares":
			return {
				kind: "reduce",
				operator: "sum",
				value: (point) => {
					const own = deviation(point, id, node);
					const lanes = lanesOver(point, nodeAt(point.ctx, node.operand).axes);
					return { kind: "apply", operator: "multiply", operands: [own, own], lanes };
				},
				finish: (point, sum) => write(point, id, "squares", sum),
			};
		case "update":
			return pointRoot((point) => emitUpdate(point, id, node));
	}
}

/** Elements of the current step at each position. */
function stepCount(ctx: TileContext, { over }: AccumulateDeviationsNode): number {
	return over.reduce((product, axis) => product * extentOf(ctx, axis), 1);
}

/** An element less its step's mean. */
function deviation(point: Point, id: BlockNodeId, node: AccumulateDeviationsNode): Expression {
	const { axes } = nodeAt(point.ctx, node.operand);
	return onceAt(point, `deviation ${id}`, axes, () => {
		const mean = onceAt(point, keyOf(id, "mean"), node.axes, () =>
			loadKept(point, layoutOf(point.ctx, id, "mean"), node.axes),
		);
		const operands = [evaluate(point, node.operand), mean];
		return { kind: "apply", operator: "subtract", operands, lanes: lanesOver(point, axes) };
	});
}

/** Puts each result into a local of the innermost body. */
function calculator(
	point: Point,
	axes: readonly AxisId[],
): (operator: LoopOperator, ...operands: readonly Expression[]) => Expression {
	const scope = present(point.scopes[point.scopes.length - 1], "innermost scope");
	const lanes = lanesOver(point, axes);
	return (operator, ...operands) =>
		keep(point.ctx, scope, { kind: "apply", operator, operands, lanes }, lanes);
}

/** share = n'/(n + n'), coupling = n·share, n = n + n'. Counts are exact up to 2^24. */
function emitShare(point: Point, id: BlockNodeId, node: AccumulateDeviationsNode): void {
	const calculate = calculator(point, []);
	const own: Expression = { kind: "number", value: stepCount(point.ctx, node) };
	const scope = present(point.scopes[point.scopes.length - 1], "innermost scope");
	const before = keep(point.ctx, scope, loadKept(point, layoutOf(point.ctx, id, "count"), []), 1);
	const count = calculate("add", before, own);
	const share = calculate("divide", own, count);
	write(point, id, "count", count);
	write(point, id, "share", share);
	write(point, id, "coupling", calculate("multiply", before, share));
}

function emitUpdate(point: Point, id: BlockNodeId, node: AccumulateDeviationsNode): void {
	const { ctx } = point;
	const { axes } = node;
	const calculate = calculator(point, axes);
	const scope = present(point.scopes[point.scopes.length - 1], "innermost scope");
	const load = (kept: Kept | DeviationsPart, own = axes): Expression =>
		keep(ctx, scope, loadKept(point, layoutOf(ctx, id, kept), own), lanesOver(point, own));
	const [mean, rest] = [load("runningMean"), load("runningRest")];
	const sumOfRests = load("rest");
	const inverse: Expression = { kind: "number", value: 1 / stepCount(ctx, node) };
	const meanOfRests = calculate("multiply", sumOfRests, inverse);
	// Rounding must not make it negative: a root of it may follow.
	const corrected = calculate("subtract", load("squares"), calculate("multiply", sumOfRests, meanOfRests));
	const own = calculate("maximum", corrected, zeroNumber);
	const change = calculate("subtract", load("mean"), mean);
	const restChange = calculate("subtract", meanOfRests, rest);
	const whole = calculate("add", change, restChange);
	// The coupling is 0 in the first step: multiplied first, it keeps a large mean's square from overflowing.
	const between = calculate("multiply", calculate("multiply", whole, load("coupling", [])), whole);
	write(point, id, "update", calculate("add", load("update"), calculate("add", own, between)));
	const share = load("share", []);
	const step = calculate("multiply", change, share);
	const moved = calculate("add", mean, step);
	const lost = calculate("subtract", step, calculate("subtract", moved, mean));
	const restMoved = calculate("add", rest, calculate("multiply", restChange, share));
	write(point, id, "runningMean", moved);
	write(point, id, "runningRest", calculate("add", lost, restMoved));
}
