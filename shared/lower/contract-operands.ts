// Packed operands of a contraction (its rows in scratch, its panel in scratch or prepared) and how a micro-kernel reads an
// operand, packed or in place.

import { assert, present } from "#shared/fault/assert.ts";
import { type Affine, addAffine, affineConstant, scaleAffine, zero } from "#shared/loop-ir/affine.ts";
import type { Statement } from "#shared/loop-ir/loop-ir.ts";
import type { BlockNodeId } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { type ContractPlan, depthSteps } from "./contract-plan.ts";
import { emitPack, type PackGroup, packGroup } from "./pack.ts";
import { accessStride, type Point } from "./point.ts";
import {
	accessIndex,
	declareScratch,
	deviceTensor,
	extentOf,
	layoutIndex,
	nodeAt,
	type Packed,
	roundUp,
	startOf,
	type TileContext,
} from "./tile-context.ts";

/** An operand as the micro-kernel reads it: the address of (lane, depth step), and the distances between neighbours. */
export interface OperandView {
	readonly buffer: string;
	readonly elementType: DataType;
	readonly laneStride: number;
	/** From one vector of a panel to the next. */
	readonly vectorStride: number;
	readonly depthStride: number;
	index(point: Point, lane: Affine, step: Affine): Affine;
}

export function rowsPackKey({ rows, row, depth, inPairs }: ContractPlan): string {
	return `rows ${rows} ${row} ${depth}${inPairs ? " pairs" : ""}`;
}

export function panelPackKey({ panel, vector, depth, inPairs }: ContractPlan): string {
	return `panel ${panel} ${vector} ${depth}${inPairs ? " pairs" : ""}`;
}

/** Row passes of nearly equal height, at most two heights: 16 rows by 6 are 6 + 5 + 5. */
export function rowPasses(rows: number, registerRows: number): readonly PackGroup[] {
	const passes = Math.ceil(rows / registerRows);
	const height = Math.floor(rows / passes);
	const taller = rows - height * passes;
	const groups: PackGroup[] = [];
	if (taller > 0) groups.push({ start: 0, width: height + 1, count: taller, stride: height + 1 });
	if (taller < passes) {
		groups.push({ start: taller * (height + 1), width: height, count: passes - taller, stride: height });
	}
	return groups;
}

/** Packs the rows operand of a plan into scratch. */
export function packRows(ctx: TileContext, plan: ContractPlan): Statement[] {
	const rows = plan.row === null ? 1 : extentOf(ctx, plan.row);
	const steps = depthSteps(ctx, plan);
	const { strides, elements } = outerStrides(ctx, plan, plan.rows, rows * steps);
	const key = rowsPackKey(plan);
	const buffer = declareScratch(ctx, bufferName(key), elements + ctx.lanes);
	const packed: Packed = {
		buffer,
		elementType: "float32",
		laneAxis: plan.row,
		depthAxis: plan.depth,
		depthSteps: steps,
		groupSteps: steps,
		offset: 0,
		holdsPairs: plan.inPairs,
		strides,
		holds: "tile",
	};
	ctx.packs.set(key, packed);
	return emitPack(ctx, plan.rows, packed, rowPasses(rows, ctx.schedule.registerRows));
}

/** Packs the panel operand of a plan into scratch. */
export function packPanel(ctx: TileContext, plan: ContractPlan): Statement[] {
	const width = panelWidth(ctx);
	const lanes = extentOf(ctx, plan.vector);
	const steps = depthSteps(ctx, plan);
	const { strides, elements } = outerStrides(ctx, plan, plan.panel, roundUp(lanes, width) * steps);
	const key = panelPackKey(plan);
	const buffer = declareScratch(ctx, bufferName(key), elements + ctx.lanes);
	const packed: Packed = {
		buffer,
		elementType: "float32",
		laneAxis: plan.vector,
		depthAxis: plan.depth,
		depthSteps: steps,
		groupSteps: steps,
		offset: 0,
		holdsPairs: plan.inPairs,
		strides,
		holds: "tile",
	};
	ctx.packs.set(key, packed);
	return emitPack(ctx, plan.panel, packed, panelGroups(lanes, width));
}

/** Scratch for one panel of a plan at a time; `packStreamed` fills it. */
export function declareStreamed(ctx: TileContext, plan: ContractPlan): void {
	const steps = depthSteps(ctx, plan);
	const key = panelPackKey(plan);
	const buffer = declareScratch(ctx, bufferName(key), panelWidth(ctx) * steps + ctx.lanes);
	ctx.packs.set(key, {
		buffer,
		elementType: "float32",
		laneAxis: plan.vector,
		depthAxis: plan.depth,
		depthSteps: steps,
		groupSteps: steps,
		offset: 0,
		holdsPairs: plan.inPairs,
		strides: new Map(),
		holds: "group",
	});
}

/** Packs a panel whose first lane is `start` (`first` of the run that it belongs to), where a call at this point will read it. */
export function packStreamed(
	point: Point,
	plan: ContractPlan,
	start: Affine,
	lanes: { readonly first: number; readonly count: number },
): void {
	const packed = present(point.ctx.packs.get(panelPackKey(plan)), "the panel's scratch is declared");
	const group = { start: lanes.first, width: lanes.count, count: 1, stride: panelWidth(point.ctx) };
	packGroup(point, plan.panel, packed, group, start);
}

function bufferName(key: string): string {
	return `pack_${key.replaceAll(" ", "_").replaceAll("null", "x")}`;
}

export function panelWidth(ctx: TileContext): number {
	return ctx.schedule.registerVectors * ctx.lanes;
}

/** Of a panel in the prepared area. */
export function preparedWidth(ctx: TileContext): number {
	return ctx.schedule.weightLayout === "streams" ? ctx.lanes : panelWidth(ctx);
}

/** Groups of a panel operand with so many lanes. */
export function panelGroups(lanes: number, width: number): readonly PackGroup[] {
	const whole = Math.floor(lanes / width);
	const rest = lanes % width;
	const groups: PackGroup[] = [];
	if (whole > 0) groups.push({ start: 0, width, count: whole, stride: width });
	if (rest > 0) groups.push({ start: whole * width, width: rest, count: 1, stride: width });
	return groups;
}

/** Of the axes outside the micro-kernel, for an operand with `inner` elements along the others. */
export function outerStrides(
	ctx: TileContext,
	plan: ContractPlan,
	operand: BlockNodeId,
	inner: number,
): { readonly strides: ReadonlyMap<AxisId, number>; readonly elements: number } {
	const strides = new Map<AxisId, number>();
	let elements = inner;
	for (const axis of plan.outer) {
		if (!nodeAt(ctx, operand).axes.includes(axis)) continue;
		strides.set(axis, elements);
		elements *= extentOf(ctx, axis);
	}
	return { strides, elements };
}

export function panelView(ctx: TileContext, plan: ContractPlan): OperandView {
	if (plan.panelFrom === "place") return placeView(ctx, plan.panel, plan.vector, plan.depth);
	const packed = present(ctx.packs.get(panelPackKey(plan)), "the panel is packed before it is used");
	return packedView(ctx, packed, plan.panelFrom === "prepared" ? preparedWidth(ctx) : panelWidth(ctx));
}

export function rowsView(ctx: TileContext, plan: ContractPlan, group: PackGroup): OperandView {
	if (plan.rowsFrom === "place") return placeView(ctx, plan.rows, plan.row, plan.depth);
	const packed = present(ctx.packs.get(rowsPackKey(plan)), "the rows are packed before they are used");
	return packedView(ctx, packed, group.width);
}

function packedView(ctx: TileContext, packed: Packed, width: number): OperandView {
	const { laneAxis, depthAxis, holds, holdsPairs } = packed;
	const started = (axis: AxisId): Affine => (holds === "axes" ? startOf(ctx, axis) : zero);
	const global = (axis: AxisId, local: Affine): Affine => addAffine(started(axis), local);
	// The tile starts at an even position where it holds pairs, and a panel's width is even.
	const depthStart = scaleAffine(started(depthAxis), holdsPairs ? width / 2 : width);
	return {
		buffer: packed.buffer,
		elementType: packed.elementType,
		laneStride: 1,
		// Vectors that do not share a group lie a group apart.
		vectorStride: width > ctx.lanes ? ctx.lanes : ctx.lanes * packed.groupSteps,
		depthStride: width,
		index: (point, lane, step) => {
			const inGroup = addAffine(depthStart, scaleAffine(step, width));
			if (holds === "group") return inGroup;
			const first = laneAxis === null ? lane : global(laneAxis, lane);
			let index = addAffine(scaleAffine(first, packed.groupSteps), inGroup);
			index = addAffine(index, affineConstant(packed.offset));
			for (const [axis, stride] of packed.strides) {
				const local = point.locals.get(axis) ?? zero;
				index = addAffine(index, scaleAffine(global(axis, local), stride));
			}
			return index;
		},
	};
}

/** Read where it lies: device memory, or scratch that another nest has written. */
function placeView(ctx: TileContext, operand: BlockNodeId, lane: AxisId | null, depth: AxisId): OperandView {
	const locals = (point: Point, at: Affine, k: Affine): Map<AxisId, Affine> => {
		const positions = new Map(point.locals).set(depth, k);
		return lane === null ? positions : positions.set(lane, at);
	};
	const layout = ctx.layouts.get(`${operand}`);
	if (layout !== undefined) {
		return {
			buffer: layout.buffer,
			elementType: layout.elementType,
			laneStride: lane === null ? 0 : (layout.strides.get(lane) ?? 0),
			vectorStride: ctx.lanes,
			depthStride: layout.strides.get(depth) ?? 0,
			index: (point, at, k) => layoutIndex(ctx, layout, locals(point, at, k)),
		};
	}
	const node = nodeAt(ctx, operand);
	assert(node.kind === "load", "an operand read in place is a load or kept in scratch");
	const tensor = deviceTensor(ctx, node.source);
	return {
		buffer: tensor.buffer,
		elementType: tensor.elementType,
		laneStride: accessStride(tensor.access, lane),
		vectorStride: ctx.lanes,
		depthStride: accessStride(tensor.access, depth),
		index: (point, at, k) => accessIndex(ctx, tensor.access, locals(point, at, k)),
	};
}
