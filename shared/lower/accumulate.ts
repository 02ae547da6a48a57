// Loop-carried values of a kernel: where they start, how a step combines into them, and the online softmax' rescaling
// (Milakov and Gimelshein 2018): when a maximum grows, every sum that follows it is multiplied by exp(before - now).

import { present } from "#shared/fault/assert.ts";
import type { Expression, Statement } from "#shared/loop-ir/loop-ir.ts";
import type { AccumulateNode, BlockNodeId } from "#shared/mugraph/mugraph.ts";
import { initialiseDeviations } from "./deviations.ts";
import { combinerOf, emitNest, type NestRoot, neutralOf } from "./nest.ts";
import { evaluate, keep, lanesOver, layoutPlace, loadKept, type Point, remember, writeAt } from "./point.ts";
import type { RescaleRoot, Root } from "./roots.ts";
import { longestAxis, scratchLayout } from "./scratch-layout.ts";
import { declareScratch, type Layout, nodeAt, type TileContext } from "./tile-context.ts";

/** The least finite float32: a running maximum starts here, so that exp(before - now) is never exp(-inf + inf). */
const lowestFloat = -3.4028234663852886e38;
/** Sets up a loop-carried value before its loop; nothing for other roots. */
export function initialiseAccumulator(ctx: TileContext, root: Root): Statement[] {
	const node = nodeAt(ctx, root.node);
	if (node.kind === "accumulateDeviations") return initialiseDeviations(ctx, root, node);
	if (node.kind !== "accumulate" || root.kind === "rescale") return [];
	const vector = root.kind === "contract" ? root.plan.vector : (longestAxis(ctx, node.axes) ?? null);
	const layout = scratchLayout(ctx, root.node, vector);
	ctx.layouts.set(`${root.node}`, layout);
	const value = node.combine === "max" ? lowestFloat : neutralOf[node.combine];
	return emitNest(ctx, {
		kept: node.axes,
		reduced: [],
		vector,
		lanes: ctx.lanes,
		slots: 1,
		roots: [
			{
				kind: "point",
				emit: (point) => {
					writeAt(point, layoutPlace(point, layout), { kind: "number", value });
				},
			},
		],
	});
}

/** value = value · exp(m_before - m_now), before a contraction adds to it in place. */
export function emitRescale(ctx: TileContext, root: RescaleRoot): Statement[] {
	const layout = present(ctx.layouts.get(`${root.node}`), "accumulator");
	const vector = [...layout.strides].find(([, stride]) => stride === 1)?.[0] ?? null;
	return emitNest(ctx, {
		kept: root.kept,
		reduced: [],
		vector,
		lanes: ctx.lanes,
		slots: 2,
		roots: [
			{
				kind: "point",
				emit: (point) => {
					writeAt(point, layoutPlace(point, layout), rescaled(point, root.node, root.accumulator));
				},
			},
		],
	});
}

/** value = value · exp(m_before - m_now) + operand; a maximum that others follow also keeps that exponential. */
export function accumulateRoot(id: BlockNodeId, node: AccumulateNode, layout: Layout): NestRoot {
	return {
		kind: "point",
		emit: (point) => {
			const { ctx } = point;
			const lanes = lanesOver(point, node.axes);
			const scope = present(point.scopes[point.scopes.length - 1], "innermost scope");
			const before = keep(ctx, scope, rescaled(point, id, node), lanes);
			const operands = [before, evaluate(point, node.operand)];
			const combined: Expression = { kind: "apply", operator: combinerOf[node.combine], operands, lanes };
			const now = keep(ctx, scope, combined, lanes);
			writeAt(point, layoutPlace(point, layout), now);
			if (ctx.kernel.nodes.some((other) => other.kind === "accumulate" && other.rescale === id)) {
				const factor = factorLayout(ctx, id, layout);
				const change: Expression = { kind: "apply", operator: "subtract", operands: [before, now], lanes };
				const value: Expression = { kind: "apply", operator: "expNonPositive", operands: [change], lanes };
				writeAt(point, layoutPlace(point, factor), value);
			}
			remember(point, id, now);
		},
	};
}

function factorLayout(ctx: TileContext, maximum: BlockNodeId, like: Layout): Layout {
	const known = ctx.layouts.get(factorKey(maximum));
	const elements = present(ctx.buffers.get(like.buffer), "accumulator").elements;
	const layout: Layout = { ...like, buffer: declareScratch(ctx, `factor${maximum}`, elements) };
	if (known === undefined || known.strides !== like.strides) ctx.layouts.set(factorKey(maximum), layout);
	return layout;
}

/** The accumulator's value so far, rescaled if it follows a maximum. */
function rescaled(point: Point, id: BlockNodeId, node: AccumulateNode): Expression {
	const { ctx } = point;
	const before = loadKept(point, present(ctx.layouts.get(`${id}`), "accumulator"), node.axes);
	if (node.rescale === null) return before;
	const maximum = nodeAt(ctx, node.rescale);
	const factor = loadKept(
		point,
		present(ctx.layouts.get(factorKey(node.rescale)), "rescaling factor"),
		maximum.axes,
	);
	return {
		kind: "apply",
		operator: "multiply",
		operands: [before, factor],
		lanes: lanesOver(point, node.axes),
	};
}

function factorKey(maximum: BlockNodeId): string {
	return `factor ${maximum}`;
}
