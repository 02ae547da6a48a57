// Emits a planned contraction: outer axes, then panels of the vector axis, then depth blocks, then row passes, each a call
// of a micro-kernel. With several row passes the depth is blocked so that a panel's block stays in the first-level cache
// and is fetched from memory once.

import { assert, present } from "#shared/fault/assert.ts";
import { type Affine, addAffine, affineConstant, scaleAffine, zero } from "#shared/loop-ir/affine.ts";
import type { Statement } from "#shared/loop-ir/loop-ir.ts";
import type { BlockNodeId, ContractNode } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { ContractPlan } from "./contract-plan.ts";
import { type MicrokernelShape, microkernel } from "./microkernel.ts";
import { emitPack, type PackGroup } from "./pack.ts";
import { accessStride, loopOver, origin, type Point, statementsOf } from "./point.ts";
import {
	accessIndex,
	declareScratch,
	deviceTensor,
	extentOf,
	freshName,
	type Layout,
	layoutIndex,
	nodeAt,
	type Packed,
	roundUp,
	startOf,
	type TileContext,
} from "./tile-context.ts";

export function rowsPackKey(plan: ContractPlan): string {
	return `rows ${plan.rows} ${plan.row} ${plan.depth}`;
}

export function panelPackKey(plan: ContractPlan): string {
	return `panel ${plan.panel} ${plan.vector} ${plan.depth}`;
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
	const depthExtent = extentOf(ctx, plan.depth);
	const { strides, elements } = outerStrides(ctx, plan, plan.rows, rows * depthExtent);
	const key = rowsPackKey(plan);
	const buffer = declareScratch(ctx, bufferName(key), elements + ctx.lanes);
	const packed: Packed = {
		buffer,
		elementType: "float32",
		laneAxis: plan.row,
		depthAxis: plan.depth,
		depthExtent,
		strides,
		isPrepared: false,
	};
	ctx.packs.set(key, packed);
	return emitPack(ctx, plan.rows, packed, rowPasses(rows, ctx.schedule.registerRows));
}

/** Packs the panel operand of a plan into scratch. */
export function packPanel(ctx: TileContext, plan: ContractPlan): Statement[] {
	const width = panelWidth(ctx);
	const lanes = extentOf(ctx, plan.vector);
	const depthExtent = extentOf(ctx, plan.depth);
	const { strides, elements } = outerStrides(ctx, plan, plan.panel, roundUp(lanes, width) * depthExtent);
	const key = panelPackKey(plan);
	const buffer = declareScratch(ctx, bufferName(key), elements + ctx.lanes);
	const packed: Packed = {
		buffer,
		elementType: "float32",
		laneAxis: plan.vector,
		depthAxis: plan.depth,
		depthExtent,
		strides,
		isPrepared: false,
	};
	ctx.packs.set(key, packed);
	return emitPack(ctx, plan.panel, packed, panelGroups(lanes, width));
}

/** Adds a weight panel to the prepared area and its packing to `prepare`. Layout and operand are over whole axes. */
export function preparePanel(ctx: TileContext, plan: ContractPlan): void {
	const whole: TileContext = {
		...ctx,
		starts: new Map(),
		extents: new Map(),
		loop: null,
		layouts: new Map(),
		buffers: ctx.program.prepareBuffers,
	};
	const width = panelWidth(ctx);
	const lanes = extentOf(whole, plan.vector);
	const depthExtent = extentOf(whole, plan.depth);
	const { strides, elements } = outerStrides(whole, plan, plan.panel, roundUp(lanes, width) * depthExtent);
	const node = nodeAt(ctx, plan.panel);
	const stored = node.kind === "load" ? deviceTensor(whole, node.source).elementType : "float32";
	const elementType: DataType = stored === "float16" ? "float16" : "float32";
	const buffer = freshName(ctx, "panels");
	const place = { kind: "prepared", offsetBytes: ctx.program.preparedBytes } as const;
	ctx.program.preparedBytes += roundUp((elements + ctx.lanes) * (elementType === "float16" ? 2 : 4), 64);
	const declared = { name: buffer, elementType, elements: elements + ctx.lanes, place };
	ctx.program.prepareBuffers.set(buffer, declared);
	ctx.buffers.set(buffer, declared);
	const packed: Packed = {
		buffer,
		elementType,
		laneAxis: plan.vector,
		depthAxis: plan.depth,
		depthExtent,
		strides,
		isPrepared: true,
	};
	ctx.packs.set(panelPackKey(plan), packed);
	ctx.program.prepareBody.push(
		{ kind: "zero", buffer, index: zero, elements: declared.elements },
		...emitPack(whole, plan.panel, packed, panelGroups(lanes, width)),
	);
}

function bufferName(key: string): string {
	return `pack_${key.replaceAll(" ", "_").replaceAll("null", "x")}`;
}

function panelWidth(ctx: TileContext): number {
	return ctx.schedule.registerVectors * ctx.lanes;
}

function panelGroups(lanes: number, width: number): readonly PackGroup[] {
	const whole = Math.floor(lanes / width);
	const rest = lanes % width;
	const groups: PackGroup[] = [];
	if (whole > 0) groups.push({ start: 0, width, count: whole, stride: width });
	if (rest > 0) groups.push({ start: whole * width, width: rest, count: 1, stride: width });
	return groups;
}

function outerStrides(
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

/** An operand as the micro-kernel reads it: the address of (lane, depth), and the steps between neighbours. */
interface OperandView {
	readonly buffer: string;
	readonly elementType: DataType;
	readonly laneStride: number;
	readonly depthStride: number;
	index(point: Point, lane: Affine, depth: Affine): Affine;
}

interface Emission {
	readonly ctx: TileContext;
	readonly plan: ContractPlan;
	readonly result: Layout;
	readonly panel: OperandView;
	readonly resultStride: number;
	readonly accumulates: boolean;
	readonly passes: readonly PackGroup[];
	readonly depth: number;
	readonly depthBlock: number;
}

/** C = rows·panel into `result`, or C += rows·panel. The result's vector axis is contiguous and padded to whole vectors. */
export function emitContract(
	ctx: TileContext,
	plan: ContractPlan,
	result: Layout,
	accumulates: boolean,
): Statement[] {
	assert(result.strides.get(plan.vector) === 1, "a contraction's result is contiguous along its vector axis");
	const rows = plan.row === null ? 1 : extentOf(ctx, plan.row);
	const passes = rowPasses(rows, ctx.schedule.registerRows);
	const depth = extentOf(ctx, plan.depth);
	const over = contractOf(ctx, plan).over;
	const outerReduces = plan.outer.some((axis) => over.includes(axis) && extentOf(ctx, axis) > 1);
	const depthBlock = chooseDepthBlock(ctx, plan, passes, depth);
	const emission: Emission = {
		ctx,
		plan,
		result,
		panel: panelView(ctx, plan),
		resultStride: plan.row === null ? 0 : present(result.strides.get(plan.row), "row stride"),
		accumulates: accumulates || outerReduces || depthBlock < depth,
		passes,
		depth,
		depthBlock,
	};
	const point = origin(ctx);
	if (emission.accumulates && !accumulates) {
		const buffer = present(ctx.buffers.get(result.buffer), "result buffer");
		statementsOf(point).push({ kind: "zero", buffer: result.buffer, index: zero, elements: buffer.elements });
	}
	overAxes(point, plan.outer, (inner) => {
		emitPanels(emission, inner);
	});
	return statementsOf(point);
}

function contractOf(ctx: TileContext, plan: ContractPlan): ContractNode {
	const node = nodeAt(ctx, plan.contract);
	assert(node.kind === "contract", "a contract plan is about a contraction");
	return node;
}

function overAxes(point: Point, axes: readonly AxisId[], body: (point: Point) => void): void {
	const [axis, ...rest] = axes;
	if (axis === undefined) {
		body(point);
		return;
	}
	loopOver(point, axis, extentOf(point.ctx, axis), 1, (inner) => {
		overAxes(inner, rest, body);
	});
}

/** A block of the panel should fill half of the first-level cache; a block that is nearly the whole depth is the depth. */
function chooseDepthBlock(
	ctx: TileContext,
	plan: ContractPlan,
	passes: readonly PackGroup[],
	depth: number,
): number {
	const passCount = passes.reduce((sum, group) => sum + group.count, 0);
	if (passCount === 1) return depth;
	const bytesPerStep = panelWidth(ctx) * (panelView(ctx, plan).elementType === "float16" ? 2 : 4);
	const fitting = Math.floor(ctx.target.level1Bytes / 2 / bytesPerStep);
	const blocks = Math.ceil(depth / Math.max(fitting, 16));
	if (depth <= fitting * 1.25) return depth;
	return roundUp(Math.ceil(depth / blocks), 8);
}

function emitPanels(emission: Emission, point: Point): void {
	const { ctx, plan } = emission;
	const width = panelWidth(ctx);
	const extent = extentOf(ctx, plan.vector);
	const whole = extent - (extent % width);
	loopOver(point, null, whole, width, (inner, start) => {
		emitDepth(emission, inner, start, ctx.schedule.registerVectors, ctx.lanes);
	});
	if (whole < extent) {
		const vectors = Math.ceil((extent - whole) / ctx.lanes);
		const inPlace = plan.panelFrom === "place";
		const lastActive = inPlace ? extent - whole - (vectors - 1) * ctx.lanes : ctx.lanes;
		emitDepth(emission, point, affineConstant(whole), vectors, lastActive);
	}
}

function emitDepth(
	emission: Emission,
	point: Point,
	start: Affine,
	vectors: number,
	lastActive: number,
): void {
	const { depth, depthBlock } = emission;
	const whole = depth - (depth % depthBlock);
	loopOver(point, null, whole, depthBlock, (inner, k) => {
		emitPasses(emission, inner, { start, vectors, lastActive, k, steps: depthBlock });
	});
	if (whole < depth) {
		const k = affineConstant(whole);
		emitPasses(emission, point, { start, vectors, lastActive, k, steps: depth - whole });
	}
}

interface Block {
	readonly start: Affine;
	readonly vectors: number;
	readonly lastActive: number;
	readonly k: Affine;
	readonly steps: number;
}

/** Only the first pass prefetches: the others find the block in the cache. */
function emitPasses(emission: Emission, point: Point, block: Block): void {
	let isFirst = true;
	for (const group of emission.passes) {
		let from = 0;
		if (isFirst) {
			emitCall(emission, point, block, group, affineConstant(group.start), true);
			from = 1;
			isFirst = false;
		}
		const start = group.start + from * group.width;
		loopOver(point, null, (group.count - from) * group.width, group.width, (inner, offset) => {
			emitCall(emission, inner, block, group, addAffine(affineConstant(start), offset), false);
		});
	}
}

function emitCall(
	emission: Emission,
	point: Point,
	block: Block,
	group: PackGroup,
	row: Affine,
	prefetches: boolean,
): void {
	const { ctx, plan, panel, result } = emission;
	const rows = rowsView(ctx, plan, group);
	const unroll = Math.max(1, Math.min(ctx.schedule.unroll, block.steps));
	const bytes = panel.elementType === "float16" ? 2 : 4;
	const ahead = prefetches && plan.panelFrom === "prepared" ? ctx.schedule.prefetchBytes / bytes : 0;
	const shape: MicrokernelShape = {
		rows: group.width,
		vectors: block.vectors,
		lanes: ctx.lanes,
		lastActive: block.lastActive,
		rowStride: rows.laneStride,
		rowsDepthStride: rows.depthStride,
		panelDepthStride: panel.depthStride,
		panelType: panel.elementType,
		resultStride: emission.resultStride,
		unroll,
		rest: block.steps % unroll,
		prefetchElements: ahead,
		startsFromZero: !emission.accumulates,
	};
	const kernel = microkernel(shape);
	ctx.program.microkernels.set(kernel.name, kernel);
	const resultLocals = layoutIndex(ctx, result, point.locals);
	const resultIndex = addAffine(
		addAffine(resultLocals, block.start),
		scaleAffine(row, emission.resultStride),
	);
	present(point.scopes[point.scopes.length - 1], "innermost scope").statements.push({
		kind: "call",
		microkernel: kernel.name,
		operands: [
			{ buffer: rows.buffer, index: rows.index(point, row, block.k) },
			{ buffer: panel.buffer, index: panel.index(point, block.start, block.k) },
			{ buffer: result.buffer, index: resultIndex },
		],
		steps: affineConstant(Math.floor(block.steps / unroll)),
	});
}

function panelView(ctx: TileContext, plan: ContractPlan): OperandView {
	if (plan.panelFrom === "place") return placeView(ctx, plan.panel, plan.vector, plan.depth);
	const packed = present(ctx.packs.get(panelPackKey(plan)), "the panel is packed before it is used");
	return packedView(ctx, packed, panelWidth(ctx));
}

function rowsView(ctx: TileContext, plan: ContractPlan, group: PackGroup): OperandView {
	if (plan.rowsFrom === "place") return placeView(ctx, plan.rows, plan.row, plan.depth);
	const packed = present(ctx.packs.get(rowsPackKey(plan)), "the rows are packed before they are used");
	return packedView(ctx, packed, group.width);
}

function packedView(ctx: TileContext, packed: Packed, width: number): OperandView {
	const global = (axis: AxisId | null, local: Affine): Affine =>
		packed.isPrepared && axis !== null ? addAffine(startOf(ctx, axis), local) : local;
	return {
		buffer: packed.buffer,
		elementType: packed.elementType,
		laneStride: 1,
		depthStride: width,
		index: (point, lane, depth) => {
			let index = scaleAffine(global(packed.laneAxis, lane), packed.depthExtent);
			index = addAffine(index, scaleAffine(global(packed.depthAxis, depth), width));
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
		depthStride: accessStride(tensor.access, depth),
		index: (point, at, k) => accessIndex(ctx, tensor.access, locals(point, at, k)),
	};
}
