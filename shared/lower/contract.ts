// Emits a planned contraction: outer axes, then panels of the vector axis, then depth blocks, then row passes, each a call
// of a micro-kernel. With several row passes the depth is blocked so that a panel's block stays in the first-level cache
// and is fetched from memory once.

import { assert, present } from "#shared/fault/assert.ts";
import { type Affine, addAffine, affineConstant, scaleAffine, zero } from "#shared/loop-ir/affine.ts";
import type { Statement } from "#shared/loop-ir/loop-ir.ts";
import type { ContractNode } from "#shared/mugraph/mugraph.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { type OperandView, panelView, panelWidth, rowPasses, rowsView } from "./contract-operands.ts";
import type { ContractPlan } from "./contract-plan.ts";
import { type MicrokernelShape, microkernel } from "./microkernel.ts";
import { overAxes } from "./over-axes.ts";
import type { PackGroup } from "./pack.ts";
import { loopOver, origin, type Point, statementsOf } from "./point.ts";
import { extentOf, type Layout, layoutIndex, nodeAt, roundUp, type TileContext } from "./tile-context.ts";

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

/** A block of the panel should fill half of the first-level cache; a block that is nearly the whole depth is the depth. */
function chooseDepthBlock(
	ctx: TileContext,
	plan: ContractPlan,
	passes: readonly PackGroup[],
	depth: number,
): number {
	const passCount = passes.reduce((sum, group) => sum + group.count, 0);
	if (passCount === 1) return depth;
	const bytesPerStep = panelWidth(ctx) * elementBytes(panelView(ctx, plan).elementType);
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

/**
 * How far ahead of the panel something is prefetched: weights at the schedule's distance; what is read in place along the
 * loop, where hardware sees no stream in the strips of a tile, where the next step will read it.
 */
function prefetchElements({ ctx, plan, panel }: Emission): number {
	const { prefetchBytes } = ctx.schedule;
	if (plan.panelFrom === "prepared") return prefetchBytes / elementBytes(panel.elementType);
	const { loop } = ctx.kernel;
	const streams = plan.panelFrom === "place" && loop?.axis === plan.depth && loop.tile < loop.extent;
	return streams && prefetchBytes > 0 ? loop.tile * panel.depthStride : 0;
}

/** Passes over one block that share the prefetching of a later one; further passes prefetch nothing. */
const prefetchingPassesMax = 4;

function emitPasses(emission: Emission, point: Point, block: Block): void {
	const { ctx, panel } = emission;
	const ahead = prefetchElements(emission);
	const passCount = emission.passes.reduce((sum, group) => sum + group.count, 0);
	const linesPerGroup = Math.ceil(
		(unrollOf(ctx, block) * panel.depthStride * elementBytes(panel.elementType)) / 64,
	);
	const of = ahead === 0 ? 0 : Math.min(passCount, prefetchingPassesMax, linesPerGroup);
	let index = 0;
	for (const group of emission.passes) {
		let start = group.start;
		const end = group.start + group.count * group.width;
		for (; start < end && index < of; start += group.width) {
			emitCall(emission, point, block, group, affineConstant(start), { ahead, index: index++, of });
		}
		const from = affineConstant(start);
		loopOver(point, null, end - start, group.width, (inner, offset) => {
			emitCall(emission, inner, block, group, addAffine(from, offset), { ahead: 0, index: 0, of: 1 });
		});
	}
}

function unrollOf(ctx: TileContext, block: Block): number {
	return Math.max(1, Math.min(ctx.schedule.unroll, block.steps));
}

function emitCall(
	emission: Emission,
	point: Point,
	block: Block,
	group: PackGroup,
	row: Affine,
	prefetch: { readonly ahead: number; readonly index: number; readonly of: number },
): void {
	const { ctx, plan, panel, result } = emission;
	const rows = rowsView(ctx, plan, group);
	const unroll = unrollOf(ctx, block);
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
		prefetchElements: prefetch.ahead,
		prefetchShare: { index: prefetch.index, of: prefetch.of },
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
