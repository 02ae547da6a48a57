// What a contraction's micro-kernels ask memory for while they multiply. A core waits for few lines at a time, so requests
// are spread over the arithmetic; hardware goes on by itself where they follow each other, so they are made in the order of
// addresses.

import { type Affine, addAffine, affineConstant, scaleAffine, zero } from "#shared/loop-ir/affine.ts";
import type { BufferName } from "#shared/loop-ir/loop-ir.ts";
import type { AxisId } from "#shared/program/program.ts";
import { type DataType, elementBytes } from "#shared/tensor/data-type.ts";
import { leavesOfOperand } from "./contiguity.ts";
import { type OperandView, panelWidth } from "./contract-operands.ts";
import type { ContractPlan } from "./contract-plan.ts";
import { accessStride, type Point, withLocal } from "./point.ts";
import { accessIndex, deviceTensor, extentOf, nodeAt, type TileContext } from "./tile-context.ts";

export type OperandPrefetch =
	| { readonly kind: "none" }
	/** The panel itself, so many elements further on. */
	| { readonly kind: "ahead"; readonly elements: number }
	/**
	 * What is needed later, in the order of its addresses: as many elements each depth step as the panel is wide, by the first
	 * pass over it; or as the pass has rows, by each.
	 */
	| {
			readonly kind: "stream";
			readonly of: "panel" | "rows";
			readonly buffer: BufferName;
			readonly elementType: DataType;
			/** Address of the share of a call. */
			readonly index: (point: Point, call: CallPosition) => Affine;
	  };

/** What a call multiplies: so many rows from `row` on with the panel at `start`, from depth `k` on. */
export interface CallPosition {
	readonly row: Affine;
	readonly rows: number;
	readonly start: Affine;
	readonly k: Affine;
}

/**
 * Weights, and rows in place along the loop, at the schedule's distance; what a later panel is packed from; a panel in place
 * along the loop, where the next step will read it.
 */
export function planPrefetch(ctx: TileContext, plan: ContractPlan, panel: OperandView): OperandPrefetch {
	const { prefetchBytes } = ctx.schedule;
	if (prefetchBytes === 0) return { kind: "none" };
	switch (plan.panelFrom) {
		case "prepared":
			return { kind: "ahead", elements: Math.floor(prefetchBytes / elementBytes(panel.elementType)) };
		case "streamed":
			return packedLater(ctx, plan);
		case "place":
			return nextStep(ctx, plan, panel);
		case "packed":
			return laterRows(ctx, plan);
	}
}

/** Rows that are read in place, one behind the other, along the loop: at the schedule's distance. */
function laterRows(ctx: TileContext, plan: ContractPlan): OperandPrefetch {
	const { rows, row, depth } = plan;
	const node = nodeAt(ctx, rows);
	if (plan.rowsFrom !== "place" || node.kind !== "load") return { kind: "none" };
	if (row === null || ctx.kernel.loop?.axis !== row) return { kind: "none" };
	const { buffer, elementType, access } = deviceTensor(ctx, node.source);
	if (accessStride(access, depth) !== 1 || accessStride(access, row) !== extentOf(ctx, depth))
		return { kind: "none" };
	const elements = Math.floor(ctx.schedule.prefetchBytes / elementBytes(elementType));
	return {
		kind: "stream",
		of: "rows",
		buffer,
		elementType,
		index: (point, call) => {
			const begin = accessIndex(ctx, access, positions(point, [row, call.row], [depth, zero]));
			return addAffine(begin, addAffine(scaleAffine(call.k, call.rows), affineConstant(elements)));
		},
	};
}

/** The next panel, in the tensor that it will be packed from: lanes one behind the other, in each the depth. */
function packedLater(ctx: TileContext, plan: ContractPlan): OperandPrefetch {
	const { vector, depth } = plan;
	const steps = extentOf(ctx, depth);
	for (const leaf of leavesOfOperand(ctx, plan.panel, (id) => ctx.layouts.has(`${id}`))) {
		const node = nodeAt(ctx, leaf);
		if (node.kind !== "load") continue;
		const { buffer, elementType, access } = deviceTensor(ctx, node.source);
		if (accessStride(access, depth) !== 1 || accessStride(access, vector) !== steps) continue;
		const width = panelWidth(ctx);
		const index = (point: Point, { start, k }: CallPosition): Affine => {
			const lane = addAffine(start, affineConstant(width));
			const begin = accessIndex(ctx, access, positions(point, [vector, lane], [depth, zero]));
			return addAffine(begin, scaleAffine(k, width));
		};
		return { kind: "stream", of: "panel", buffer, elementType, index };
	}
	return { kind: "none" };
}

/** One step of the loop ahead. Strips of rows that touch are one stream for all of them together. */
function nextStep(ctx: TileContext, plan: ContractPlan, panel: OperandView): OperandPrefetch {
	const { loop } = ctx.kernel;
	if (loop === null || loop.axis !== plan.depth || loop.tile >= loop.extent) return { kind: "none" };
	const elements = loop.tile * panel.depthStride;
	if (panel.depthStride !== extentOf(ctx, plan.vector)) return { kind: "ahead", elements };
	const steps = extentOf(ctx, plan.depth);
	const width = panelWidth(ctx);
	const { buffer, elementType } = panel;
	const index = (point: Point, { start, k }: CallPosition): Affine => {
		const begin = addAffine(panel.index(point, zero, zero), affineConstant(elements));
		return addAffine(begin, addAffine(scaleAffine(start, steps), scaleAffine(k, width)));
	};
	return { kind: "stream", of: "panel", buffer, elementType, index };
}

function positions(
	point: Point,
	...placed: readonly (readonly [AxisId, Affine])[]
): ReadonlyMap<AxisId, Affine> {
	return placed.reduce((locals, [axis, at]) => withLocal(locals, axis, at), point.locals);
}
