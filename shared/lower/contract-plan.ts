// How a contraction is computed: which operand runs along the vector lanes ("panel") and which is broadcast ("rows"), and
// whether each is read in place, packed once by `prepare`, or packed into scratch.

import { present } from "#shared/fault/assert.ts";
import type { BlockNodeId, ContractNode } from "#shared/mugraph/mugraph.ts";
import { blockNodeOperands } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { isReducedLater, reducedLaterBonus } from "#shared/schedule/kernel-roles.ts";
import { accessStride } from "./point.ts";
import { deviceTensor, extentOf, nodeAt, type TileContext } from "./tile-context.ts";

export interface ContractPlan {
	readonly contract: BlockNodeId;
	readonly rows: BlockNodeId;
	readonly panel: BlockNodeId;
	/** The axis of the register tile's rows, of the rows operand only; null when it has none. */
	readonly row: AxisId | null;
	/** The axis in the lanes, of the panel operand only. */
	readonly vector: AxisId;
	readonly depth: AxisId;
	/** All other axes: walked outside the micro-kernel. */
	readonly outer: readonly AxisId[];
	readonly rowsFrom: "place" | "packed";
	/** Both operands are packed as pairs along the depth: a step of it multiplies two elements. */
	readonly inPairs: boolean;
	/** `streamed`: packed panel by panel right before use, so that a panel is read back from the first-level cache. */
	readonly panelFrom: "place" | "packed" | "streamed" | "prepared";
}

/** Rows whose addresses differ by a multiple of this land in few cache sets (64 sets of 64 bytes; half of that hurts too). */
const aliasingStrideBytes = 2048;
/** Below this many columns packing the rows costs more than it brings. */
const columnsWorthPacking = 128;

/** Null when a plain loop nest serves better: nothing to vectorise over, or a single row against strided columns. */
export function planContract(
	ctx: TileContext,
	id: BlockNodeId,
	node: ContractNode,
	isKept: (id: BlockNodeId) => boolean,
): ContractPlan | null {
	const best = bestPanel(ctx, node);
	const depth = longest(ctx, node.over);
	if (best === undefined || depth === null) return null;
	const exclusive = (own: BlockNodeId, other: BlockNodeId): readonly AxisId[] =>
		nodeAt(ctx, own).axes.filter(
			(axis) =>
				!nodeAt(ctx, other).axes.includes(axis) && !node.over.includes(axis) && extentOf(ctx, axis) > 1,
		);
	const row = longest(ctx, exclusive(best.rows, best.panel));
	if (row === null && best.from === "packed") return null;
	const domain = new Set([...nodeAt(ctx, node.left).axes, ...nodeAt(ctx, node.right).axes]);
	const used: readonly (AxisId | null)[] = [row, best.vector, depth];
	const inner = (axis: AxisId): number => (node.over.includes(axis) ? 1 : 0);
	const outer = [...domain].filter((axis) => !used.includes(axis)).sort((a, b) => inner(a) - inner(b));
	const inPairs = best.from === "prepared" && multipliesPairs(ctx, depth);
	return {
		contract: id,
		rows: best.rows,
		panel: best.panel,
		row,
		vector: best.vector,
		depth,
		outer,
		rowsFrom: inPairs ? "packed" : rowsFrom(ctx, best.rows, row, best.vector, isKept),
		inPairs,
		panelFrom: best.from,
	};
}

interface PanelOption {
	readonly panel: BlockNodeId;
	readonly rows: BlockNodeId;
	readonly vector: AxisId;
	readonly from: ContractPlan["panelFrom"];
	readonly score: number;
}

/** What is packed in any case may as well have the schedule's axis in its lanes. */
function bestPanel(ctx: TileContext, node: ContractNode): PanelOption | undefined {
	const options = [
		...panelOptions(ctx, node.left, node.right, node),
		...panelOptions(ctx, node.right, node.left, node),
	].sort((a, b) => b.score - a.score);
	const [best] = options;
	if (best?.from !== "packed") return best;
	return options.find(({ vector }) => vector === ctx.schedule.vectorAxis) ?? best;
}

function panelOptions(
	ctx: TileContext,
	panel: BlockNodeId,
	rows: BlockNodeId,
	node: ContractNode,
): PanelOption[] {
	const other = nodeAt(ctx, rows).axes;
	return nodeAt(ctx, panel).axes.flatMap((vector): PanelOption[] => {
		const extent = extentOf(ctx, vector);
		if (other.includes(vector) || node.over.includes(vector) || extent < 2) return [];
		const from = panelFrom(ctx, panel, vector, node);
		const filled = extent / (Math.ceil(extent / ctx.lanes) * ctx.lanes);
		const kinds = { prepared: 4, place: 3, packed: 1, streamed: 1 } as const;
		const followed = isReducedLater(ctx.kernel.nodes, vector) ? reducedLaterBonus : 0;
		const score = kinds[from] * filled + Math.min(extent, 64) / 64 + followed;
		return [{ panel, rows, vector, from, score }];
	});
}

function panelFrom(
	ctx: TileContext,
	panel: BlockNodeId,
	vector: AxisId,
	contract: ContractNode,
): ContractPlan["panelFrom"] {
	const node = nodeAt(ctx, panel);
	const isPacked = ctx.schedule.weightLayout !== "asGiven" && !ctx.isPrepare;
	if (isPacked && isWeight(ctx, panel) && alignsWithPanels(ctx, vector)) {
		return "prepared";
	}
	if (node.kind === "load") {
		const { access, elementType } = deviceTensor(ctx, node.source);
		const readable = elementType === "float32" || elementType === "float16";
		if (!readable || accessStride(access, vector) !== 1) return "packed";
		const depth = longest(ctx, contract.over);
		const isReused = rowsOf(ctx, panel, contract) > ctx.schedule.registerRows;
		return isReused && aliases(accessStride(access, depth)) ? "packed" : "place";
	}
	return "packed";
}

/** A pair must not lie across the steps of a loop along the depth, nor past its end; scalar code has no pairs. */
function multipliesPairs(ctx: TileContext, depth: AxisId): boolean {
	const { loop } = ctx.kernel;
	const whole = present(ctx.graph.axes[depth], "axis exists").extent;
	const step = loop?.axis === depth ? loop.tile : whole;
	const isAsked = ctx.schedule.productType === "bfloat16" && ctx.lanes > 1;
	return isAsked && whole % 2 === 0 && step % 2 === 0;
}

/** Steps that a contraction's micro-kernels take along the whole depth, or along a step of the loop. */
export function depthSteps(ctx: TileContext, { depth, inPairs }: ContractPlan): number {
	return extentOf(ctx, depth) / (inPairs ? 2 : 1);
}

/** A tile of the axis must begin where a panel begins. */
function alignsWithPanels(ctx: TileContext, vector: AxisId): boolean {
	const width = ctx.schedule.registerVectors * ctx.lanes;
	const cut = ctx.kernel.grid.find((grid) => grid.axis === vector);
	if (cut !== undefined) return cut.tile % width === 0;
	return ctx.kernel.loop?.axis !== vector || ctx.kernel.loop.tile % width === 0;
}

/** Depends on nothing but weights: can be computed once. */
function isWeight(ctx: TileContext, id: BlockNodeId): boolean {
	const node = nodeAt(ctx, id);
	if (node.kind === "load") {
		const { source } = node;
		return source.kind === "intermediate"
			? ctx.preparedIntermediates.has(source.intermediate)
			: present(ctx.graph.inputs[source.input], "input").role === "weight";
	}
	return node.kind === "map" && blockNodeOperands(node).every((operand) => isConstantOrWeight(ctx, operand));
}

function isConstantOrWeight(ctx: TileContext, id: BlockNodeId): boolean {
	return nodeAt(ctx, id).kind === "constant" || isWeight(ctx, id);
}

function rowsFrom(
	ctx: TileContext,
	rows: BlockNodeId,
	row: AxisId | null,
	vector: AxisId,
	isKept: (id: BlockNodeId) => boolean,
): ContractPlan["rowsFrom"] {
	const node = nodeAt(ctx, rows);
	if (isKept(rows)) return "place";
	if (node.kind !== "load") return "packed";
	const { access, elementType } = deviceTensor(ctx, node.source);
	if (elementType !== "float32") return "packed";
	const columns = ctx.kernel.grid.find((grid) => grid.axis === vector)?.extent ?? extentOf(ctx, vector);
	return aliases(accessStride(access, row)) && columns > columnsWorthPacking ? "packed" : "place";
}

/** Neighbours along a stride of so many float32 fall on each other in the cache. */
function aliases(stride: number): boolean {
	const strideBytes = Math.abs(stride) * 4;
	return strideBytes > 0 && strideBytes % aliasingStrideBytes === 0;
}

/** Extent of the longest axis that the other operand alone has. */
function rowsOf(ctx: TileContext, panel: BlockNodeId, contract: ContractNode): number {
	const rows = contract.left === panel ? contract.right : contract.left;
	const own = nodeAt(ctx, rows).axes.filter(
		(axis) => !nodeAt(ctx, panel).axes.includes(axis) && !contract.over.includes(axis),
	);
	return Math.max(1, ...own.map((axis) => extentOf(ctx, axis)));
}

function longest(ctx: TileContext, axes: readonly AxisId[]): AxisId | null {
	let best: AxisId | null = null;
	for (const axis of axes) if (best === null || extentOf(ctx, axis) > extentOf(ctx, best)) best = axis;
	return best;
}
