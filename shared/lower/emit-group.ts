// One group of roots to statements: a contraction, a pack, or a fused loop nest.

import { assert, present } from "#shared/fault/assert.ts";
import type { Expression, Statement } from "#shared/loop-ir/loop-ir.ts";
import { type BlockNodeId, blockNodeOperands } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { accumulateRoot, emitRescale } from "./accumulate.ts";
import { contiguityScore, leavesOf, strideAlong } from "./contiguity.ts";
import { emitContract } from "./contract.ts";
import { packPanel, packRows } from "./contract-operands.ts";
import { deviationsNest } from "./deviations.ts";
import { emitNest, type NestRoot } from "./nest.ts";
import { operatorCost } from "./operator-cost.ts";
import { outputLayout } from "./output-layout.ts";
import {
	accessPlace,
	accessStride,
	evaluate,
	lanesOver,
	layoutPlace,
	type Point,
	remember,
	writeAt,
} from "./point.ts";
import type { ContractRoot, NestedRoot, Root } from "./roots.ts";
import { longestAxis, scratchLayout } from "./scratch-layout.ts";
import { deviceTensor, extentOf, type Layout, nodeAt, roundUp, type TileContext } from "./tile-context.ts";
import { emitTransposedStore, planTransposedStore, type TransposedStore } from "./transposed-store.ts";

/** Independent accumulators that hide an addition's latency. */
const reduceSlots = 4;

export function emitGroup(ctx: TileContext, group: readonly Root[]): Statement[] {
	const first = present(group[0], "a group has a root");
	switch (first.kind) {
		case "packRows":
			return packRows(ctx, first.plan);
		case "packPanel":
			return packPanel(ctx, first.plan);
		case "contract":
			return emitContractRoot(ctx, first);
		case "rescale":
			return emitRescale(ctx, first);
		case "nest":
			return emitNests(
				ctx,
				group.map((root) => {
					assert(root.kind === "nest", "groups of several roots are nests");
					return root;
				}),
			);
	}
}

function emitContractRoot(ctx: TileContext, root: ContractRoot): Statement[] {
	if (root.into !== null) {
		return emitContract(ctx, root.plan, present(ctx.layouts.get(`${root.into}`), "accumulator"), true);
	}
	const layout = scratchLayout(ctx, root.node, root.plan.vector);
	const statements = emitContract(ctx, root.plan, layout, false);
	ctx.layouts.set(`${root.node}`, layout);
	return statements;
}

function emitNests(ctx: TileContext, group: readonly NestedRoot[]): Statement[] {
	const transposed = transposedStore(ctx, group);
	if (transposed !== null) return emitTransposedStore(ctx, transposed);
	const reducing = group.find((root) => root.reduced.length > 0);
	const first = present(group[0], "a group has a root");
	const domain = [...first.kept, ...first.reduced];
	const reduced = reducing?.reduced ?? [];
	const vector = chooseVectorAxis(ctx, group, domain, reduced);
	const kept = orderByStride(
		ctx,
		group,
		domain.filter((axis) => !reduced.includes(axis)),
	);
	const written = group.map((root): Layout | null => {
		if (root.part !== null) return null;
		const node = nodeAt(ctx, root.node);
		if (node.kind === "store") return null;
		if (node.kind === "accumulate") return present(ctx.layouts.get(root.key), "accumulator");
		ctx.layouts.delete(root.key);
		const last = lastAxisOf(ctx, root, vector);
		return outputLayout(ctx, root.node, last) ?? scratchLayout(ctx, root.node, last);
	});
	const roots = group.map((root, at) => nestRoot(ctx, root, written[at] ?? null));
	const statements = emitNest(ctx, {
		kept,
		reduced,
		vector,
		lanes: ctx.lanes,
		slots: slotsFor(ctx, group, reducing !== undefined),
		roots,
	});
	group.forEach((root, at) => {
		const layout = written[at];
		if (layout !== undefined && layout !== null) ctx.layouts.set(root.key, layout);
	});
	return statements;
}

function transposedStore(ctx: TileContext, group: readonly NestedRoot[]): TransposedStore | null {
	const [root, ...others] = group;
	if (root === undefined || others.length > 0) return null;
	const node = nodeAt(ctx, root.node);
	return node.kind === "store" && ctx.lanes > 1 ? planTransposedStore(ctx, root.node, node) : null;
}

function nestRoot(ctx: TileContext, root: NestedRoot, layout: Layout | null): NestRoot {
	const node = nodeAt(ctx, root.node);
	if (node.kind === "accumulateDeviations") return deviationsNest(root.node, node, root.part);
	const write = (point: Point, value: Expression): void => {
		writeAt(point, layoutPlace(point, present(layout, "scratch of the root")), value);
	};
	switch (node.kind) {
		case "reduce":
			return {
				kind: "reduce",
				operator: node.operator,
				value: (point) => evaluate(point, node.operand),
				finish: write,
			};
		case "contract":
			return {
				kind: "reduce",
				operator: "sum",
				value: (point) => product(point, node.left, node.right),
				finish: write,
			};
		case "store": {
			const tensor = deviceTensor(ctx, node.target);
			const nonTemporal = ctx.schedule.nonTemporalStores && node.target.kind === "output";
			return {
				kind: "point",
				emit: (point) => {
					const place = accessPlace(point, tensor.buffer, tensor.access);
					writeAt(point, { ...place, nonTemporal }, evaluate(point, node.operand));
				},
			};
		}
		case "accumulate":
			return accumulateRoot(root.node, node, present(layout, "accumulator"));
		default:
			return {
				kind: "point",
				emit: (point) => {
					const value = evaluate(point, root.node);
					write(point, value);
					remember(point, root.node, value);
				},
			};
	}
}

function product(point: Point, left: BlockNodeId, right: BlockNodeId): Expression {
	const axes = [...nodeAt(point.ctx, left).axes, ...nodeAt(point.ctx, right).axes];
	const operands = [evaluate(point, left), evaluate(point, right)];
	return { kind: "apply", operator: "multiply", operands, lanes: lanesOver(point, axes) };
}

/** A kept map that a contraction reads in place must be contiguous where the contraction's lanes run. */
function lastAxisOf(ctx: TileContext, root: NestedRoot, vector: AxisId | null): AxisId | null {
	const { axes } = nodeAt(ctx, root.node);
	if (vector !== null && axes.includes(vector)) return vector;
	return longestAxis(ctx, axes) ?? null;
}

function chooseVectorAxis(
	ctx: TileContext,
	group: readonly NestedRoot[],
	domain: readonly AxisId[],
	reduced: readonly AxisId[],
): AxisId | null {
	let best: AxisId | null = null;
	let bestScore = Number.NEGATIVE_INFINITY;
	for (const axis of domain) {
		const extent = extentOf(ctx, axis);
		if (extent < 2) continue;
		const filled = extent / roundUp(extent, ctx.lanes);
		let score = 0.5;
		for (const root of group) {
			score += contiguityScore(
				ctx,
				leavesOf(ctx, root.node, (id) => ctx.layouts.has(`${id}`)),
				axis,
			);
			const node = nodeAt(ctx, root.node);
			if (node.kind !== "store") continue;
			const stride = Math.abs(accessStride(deviceTensor(ctx, node.target).access, axis));
			score += stride === 1 ? 2 : stride === 0 ? 0 : -6;
		}
		if (reduced.includes(axis)) score -= 0.25;
		const weighted = score > 0 ? score * filled : score / filled;
		if (weighted > bestScore) {
			best = axis;
			bestScore = weighted;
		}
	}
	return best;
}

/** Longest strides outermost. */
function orderByStride(ctx: TileContext, group: readonly NestedRoot[], axes: readonly AxisId[]): AxisId[] {
	const reach = (axis: AxisId): number => {
		let longest = 0;
		for (const root of group) {
			for (const leaf of leavesOf(ctx, root.node, (id) => ctx.layouts.has(`${id}`))) {
				longest = Math.max(longest, Math.abs(strideAlong(ctx, leaf, axis)));
			}
		}
		return longest;
	};
	return [...axes].sort((a, b) => reach(b) - reach(a) || a - b);
}

/** Dear expressions have parallelism of their own. */
function slotsFor(ctx: TileContext, group: readonly NestedRoot[], reduces: boolean): number {
	let cost = 0;
	for (const root of group) {
		const seen = new Set<BlockNodeId>();
		const visit = (id: BlockNodeId): void => {
			const node = nodeAt(ctx, id);
			if (seen.has(id) || (id !== root.node && ctx.layouts.has(`${id}`))) return;
			seen.add(id);
			if (node.kind === "map") {
				cost += operatorCost[node.operator];
				for (const operand of node.operands) visit(operand);
			} else if (["store", "reduce", "accumulateDeviations"].includes(node.kind)) {
				blockNodeOperands(node).forEach(visit);
			}
		};
		visit(root.node);
	}
	if (reduces) return cost > 12 ? 2 : reduceSlots;
	return cost > 12 ? 1 : 2;
}
