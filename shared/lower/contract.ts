// Emits a planned contraction: outer axes, then panels of the vector axis, then depth blocks, then row passes, each a call
// of a micro-kernel. With several row passes the depth is blocked so that a panel's block stays in the first-level cache
// and is fetched from memory once.

import { assert, present } from "#shared/fault/assert.ts";
import { type Affine, addAffine, affineConstant, scaleAffine, zero } from "#shared/loop-ir/affine.ts";
import type { CallOperand, Statement } from "#shared/loop-ir/loop-ir.ts";
import type { ContractNode } from "#shared/mugraph/mugraph.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import {
	declareStreamed,
	type OperandView,
	packStreamed,
	panelView,
	panelWidth,
	rowPasses,
	rowsView,
} from "./contract-operands.ts";
import { type ContractPlan, depthSteps } from "./contract-plan.ts";
import { type CallPosition, type OperandPrefetch, planPrefetch } from "./contract-prefetch.ts";
import {
	type MicrokernelPrefetch,
	type MicrokernelShape,
	microkernel,
	type PrefetchShare,
} from "./microkernel.ts";
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
	/** In steps of the micro-kernels. */
	readonly depth: number;
	readonly depthBlock: number;
	readonly prefetch: OperandPrefetch;
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
	const depth = depthSteps(ctx, plan);
	const over = contractOf(ctx, plan).over;
	const outerReduces = plan.outer.some((axis) => over.includes(axis) && extentOf(ctx, axis) > 1);
	if (plan.panelFrom === "streamed") declareStreamed(ctx, plan);
	const depthBlock = chooseDepthBlock(ctx, plan, passes, depth);
	const panel = panelView(ctx, plan);
	const emission: Emission = {
		ctx,
		plan,
		result,
		panel,
		resultStride: plan.row === null ? 0 : present(result.strides.get(plan.row), "row stride"),
		accumulates: accumulates || outerReduces || depthBlock < depth,
		passes,
		depth,
		depthBlock,
		prefetch: planPrefetch(ctx, plan, panel),
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
		if (plan.panelFrom === "streamed") packStreamed(inner, plan, start, { first: 0, count: width });
		emitDepth(emission, inner, start, ctx.schedule.registerVectors, ctx.lanes);
	});
	if (whole < extent) {
		const vectors = Math.ceil((extent - whole) / ctx.lanes);
		const inPlace = plan.panelFrom === "place";
		if (plan.panelFrom === "streamed") {
			packStreamed(point, plan, affineConstant(whole), { first: whole, count: extent - whole });
		}
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

/** Passes over one block that share the prefetching of a later one; further passes prefetch nothing. */
const prefetchingPassesMax = 4;

function emitPasses(emission: Emission, point: Point, block: Block): void {
	const sharing = prefetchingPasses(emission, block);
	let index = 0;
	for (const group of emission.passes) {
		let start = group.start;
		const end = group.start + group.count * group.width;
		for (; start < end && index < sharing; start += group.width) {
			const share = { index: index++, of: sharing };
			emitCall(emission, point, block, group, affineConstant(start), share);
		}
		const from = affineConstant(start);
		loopOver(point, null, end - start, group.width, (inner, offset) => {
			emitCall(emission, inner, block, group, addAffine(from, offset), everyPass(emission));
		});
	}
}

/** How many passes over a block prefetch a part each. */
function prefetchingPasses({ ctx, panel, passes, prefetch }: Emission, block: Block): number {
	if (prefetch.kind === "none") return 0;
	if (prefetch.kind === "stream") return prefetch.of === "panel" ? 1 : 0;
	const passCount = passes.reduce((sum, group) => sum + group.count, 0);
	const linesPerGroup = Math.ceil(
		(unrollOf(ctx, block) * Math.max(panel.depthStride, panelWidth(ctx)) * elementBytes(panel.elementType)) /
			64,
	);
	return Math.min(passCount, prefetchingPassesMax, linesPerGroup);
}

/** What comes with each further pass. */
function everyPass({ prefetch }: Emission): PrefetchShare | null {
	return prefetch.kind === "stream" && prefetch.of === "rows" ? { index: 0, of: 1 } : null;
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
	share: PrefetchShare | null,
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
		panelVectorStride: block.vectors > 1 ? panel.vectorStride : ctx.lanes,
		panelType: panel.elementType,
		inPairs: plan.inPairs,
		resultStride: emission.resultStride,
		unroll,
		rest: block.steps % unroll,
		prefetch: microkernelPrefetch(emission.prefetch, share, group.width, block.vectors * ctx.lanes),
		prefetchLevel: ctx.schedule.prefetchLevel,
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
			...(shape.prefetch.kind === "stream"
				? [streamOperand(emission, point, { ...block, row, rows: group.width })]
				: []),
		],
		steps: affineConstant(Math.floor(block.steps / unroll)),
	});
}

function microkernelPrefetch(
	prefetch: OperandPrefetch,
	share: PrefetchShare | null,
	rows: number,
	columns: number,
): MicrokernelPrefetch {
	if (share === null || prefetch.kind === "none") return { kind: "none" };
	if (prefetch.kind === "ahead") return { ...prefetch, share };
	const stepElements = prefetch.of === "rows" ? rows : columns;
	return { kind: "stream", elementType: prefetch.elementType, stepElements };
}

function streamOperand({ prefetch }: Emission, point: Point, call: CallPosition): CallOperand {
	assert(prefetch.kind === "stream", "a micro-kernel streams what its contraction prefetches");
	return { buffer: prefetch.buffer, index: prefetch.index(point, call) };
}
