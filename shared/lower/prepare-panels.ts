// Panels of weights in the prepared area, and what packs them once for a set of weights. Each has a buffer of its own, or
// those that multiply the same rows share one, a panel of each in turn: memory is then read in one sequence.

import { zero } from "#shared/loop-ir/affine.ts";
import type { AxisId } from "#shared/program/program.ts";
import { type DataType, elementBytes } from "#shared/tensor/data-type.ts";
import { outerStrides, panelGroups, panelPackKey, preparedWidth } from "./contract-operands.ts";
import { type ContractPlan, depthSteps } from "./contract-plan.ts";
import { emitPack } from "./pack.ts";
import {
	deviceTensor,
	extentOf,
	freshName,
	nodeAt,
	type Packed,
	roundUp,
	type TileContext,
} from "./tile-context.ts";

/** Adds the plans' panels to the prepared area and their packing to `prepare`. Layout and operands are over whole axes. */
export function preparePanels(ctx: TileContext, plans: readonly ContractPlan[]): void {
	const whole: TileContext = {
		...ctx,
		starts: new Map(),
		extents: new Map(),
		loop: null,
		layouts: new Map(),
		buffers: ctx.program.prepareBuffers,
	};
	const distinct = new Map(plans.map((plan) => [panelPackKey(plan), panelShape(whole, plan)]));
	const shared = new Map<string, [PanelShape, ...PanelShape[]]>();
	for (const [key, shape] of distinct) {
		const place = ctx.schedule.weightLayout === "interleaved" ? layoutKey(shape) : key;
		const known = shared.get(place);
		if (known === undefined) shared.set(place, [shape]);
		else known.push(shape);
	}
	for (const shapes of shared.values()) prepareTogether(ctx, whole, shapes);
}

interface PanelShape {
	readonly plan: ContractPlan;
	readonly elementType: DataType;
	readonly lanes: number;
	readonly steps: number;
	readonly strides: ReadonlyMap<AxisId, number>;
	readonly elements: number;
}

function panelShape(whole: TileContext, plan: ContractPlan): PanelShape {
	const lanes = extentOf(whole, plan.vector);
	const steps = depthSteps(whole, plan);
	const inner = roundUp(lanes, preparedWidth(whole)) * steps;
	const node = nodeAt(whole, plan.panel);
	const stored = node.kind === "load" ? deviceTensor(whole, node.source).elementType : "float32";
	const elementType = stored === "float16" && !plan.inPairs ? "float16" : "float32";
	return { plan, elementType, lanes, steps, ...outerStrides(whole, plan, plan.panel, inner) };
}

/** Equal for panels that lie alike and multiply the same rows. */
function layoutKey({ plan, elementType, lanes, steps, strides }: PanelShape): string {
	return JSON.stringify([plan.rows, plan.vector, plan.depth, elementType, lanes, steps, [...strides]]);
}

function prepareTogether(
	ctx: TileContext,
	whole: TileContext,
	shapes: readonly [PanelShape, ...PanelShape[]],
): void {
	const count = shapes.length;
	const [{ elementType, elements: each }] = shapes;
	const elements = each * count + ctx.lanes;
	const buffer = freshName(ctx, "panels");
	const place = { kind: "prepared", offsetBytes: ctx.program.preparedBytes } as const;
	ctx.program.preparedBytes += roundUp(elements * elementBytes(elementType), 64);
	const declared = { name: buffer, elementType, elements, place };
	ctx.program.prepareBuffers.set(buffer, declared);
	ctx.buffers.set(buffer, declared);
	ctx.program.prepareBody.push({ kind: "zero", buffer, index: zero, elements });
	shapes.forEach(({ plan, lanes, steps, strides }, at) => {
		const packed: Packed = {
			buffer,
			elementType,
			laneAxis: plan.vector,
			depthAxis: plan.depth,
			depthSteps: steps,
			groupSteps: steps * count,
			offset: at * preparedWidth(ctx) * steps,
			holdsPairs: plan.inPairs,
			strides: new Map([...strides].map(([axis, stride]) => [axis, stride * count])),
			holds: "axes",
		};
		ctx.packs.set(panelPackKey(plan), packed);
		ctx.program.prepareBody.push(
			...emitPack(whole, plan.panel, packed, panelGroups(lanes, preparedWidth(ctx))),
		);
	});
}
