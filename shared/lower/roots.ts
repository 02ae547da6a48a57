// What a block computes, as a list of pieces of work ("roots"), each a loop nest or a contraction: which values are kept in
// scratch and which are computed where they are used, in what order the grid is walked, and how far out each root can stand.

import { present } from "#shared/fault/assert.ts";
import type { AccumulateNode, BlockNode, BlockNodeId } from "#shared/mugraph/mugraph.ts";
import { blockNodeOperands, isLoopCarried } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { leavesOf, leavesOfOperand } from "./contiguity.ts";
import { panelPackKey, rowsPackKey } from "./contract-operands.ts";
import { type ContractPlan, planContract } from "./contract-plan.ts";
import { type DeviationsPart, deviationsRoots } from "./deviations-roots.ts";
import { operatorCost } from "./operator-cost.ts";
import { extentOf, nodeAt, type TileContext } from "./tile-context.ts";
import type { GridAxis } from "./tile-kernel.ts";

interface RootBase {
	readonly node: BlockNodeId;
	readonly stage: number;
	/** Number of grid axes, in walking order, that must be fixed before it can run. */
	readonly level: number;
	/** Kept values and packs that it reads, as keys. */
	readonly reads: readonly string[];
	/** The key under which others read it, if any. */
	readonly key: string;
}
/** A loop nest: a kept map, a reduction (also of a product), a loop-carried update, a store. */
export interface NestedRoot extends RootBase {
	readonly kind: "nest";
	/** Which part of a sum of squared deviations it is (deviations.ts); null for any other node. */
	readonly part: DeviationsPart | null;
	readonly kept: readonly AxisId[];
	readonly reduced: readonly AxisId[];
}
export interface PackRoot extends RootBase {
	readonly kind: "packRows" | "packPanel";
	readonly plan: ContractPlan;
}
/** `into` is the accumulator it adds to, or null when it has a result of its own. */
export interface ContractRoot extends RootBase {
	readonly kind: "contract";
	readonly plan: ContractPlan;
	readonly into: BlockNodeId | null;
}
/** Multiplies an accumulator by the change of its maximum's exponential, before a contraction adds to it. */
export interface RescaleRoot extends RootBase {
	readonly kind: "rescale";
	readonly accumulator: AccumulateNode;
	readonly kept: readonly AxisId[];
	readonly reduced: readonly AxisId[];
}
export type Root = NestedRoot | PackRoot | ContractRoot | RescaleRoot;

export interface RootPlan {
	/** Outermost first. */
	readonly gridOrder: readonly GridAxis[];
	/** Topologically sorted. */
	readonly roots: readonly Root[];
	readonly isKept: (id: BlockNodeId) => boolean;
	/** Contractions with a panel that `prepare` packs. */
	readonly prepared: readonly ContractPlan[];
}

/** A value used by several roots is kept when computing it again costs more than a store and a load. */
const recomputeCostMax = 3;

export function planRoots(ctx: TileContext): RootPlan {
	const users = usersOf(ctx);
	const kept = new Set<BlockNodeId>();
	ctx.kernel.nodes.forEach((node, id) => {
		if (node.kind === "reduce" || node.kind === "contract" || isLoopCarried(node)) kept.add(id);
		if (node.kind !== "map" || present(users[id], "users").length < 2) return;
		if (inlineCost(ctx, id, kept) > recomputeCostMax) kept.add(id);
	});
	const isKept = (id: BlockNodeId): boolean => kept.has(id);
	const gridOrder = orderGrid(ctx, planContracts(ctx, isKept));
	const levelOfAxes = (axes: readonly AxisId[]): number =>
		gridOrder.reduce((level, grid, at) => (axes.includes(grid.axis) ? at + 1 : level), 0);
	keepHoistable(ctx, users, kept, levelOfAxes);
	const plans = streamPanels(ctx, planContracts(ctx, isKept), levelOfAxes);
	const roots = listRoots(ctx, plans, users, isKept, levelOfAxes);
	const prepared = [...plans.values()].filter((plan) => plan.panelFrom === "prepared");
	return { gridOrder, roots, isKept, prepared };
}

function usersOf(ctx: TileContext): BlockNodeId[][] {
	const users: BlockNodeId[][] = ctx.kernel.nodes.map(() => []);
	ctx.kernel.nodes.forEach((node, id) => {
		for (const operand of blockNodeOperands(node)) present(users[operand], "operand").push(id);
		// A step's mean first, then the deviations from it.
		if (node.kind === "accumulateDeviations") present(users[node.operand], "operand").push(id);
	});
	return users;
}

/** Instructions to compute a value from what is kept. */
export function inlineCost(ctx: TileContext, id: BlockNodeId, kept: ReadonlySet<BlockNodeId>): number {
	const seen = new Set<BlockNodeId>();
	const visit = (at: BlockNodeId): number => {
		if (seen.has(at)) return 0;
		seen.add(at);
		const node = nodeAt(ctx, at);
		if (node.kind === "constant") return 0;
		if (node.kind !== "map" || (at !== id && kept.has(at))) return 1;
		return operatorCost[node.operator] + node.operands.reduce((sum, operand) => sum + visit(operand), 0);
	};
	return visit(id);
}

function planContracts(
	ctx: TileContext,
	isKept: (id: BlockNodeId) => boolean,
): Map<BlockNodeId, ContractPlan> {
	const plans = new Map<BlockNodeId, ContractPlan>();
	ctx.kernel.nodes.forEach((node, id) => {
		if (node.kind !== "contract") return;
		const plan = planContract(ctx, id, node, isKept);
		if (plan !== null) plans.set(id, plan);
	});
	return plans;
}

/** Packed panels that one contraction uses, each as often as it is packed, are packed where it uses them. */
function streamPanels(
	ctx: TileContext,
	plans: ReadonlyMap<BlockNodeId, ContractPlan>,
	levelOfAxes: (axes: readonly AxisId[]) => number,
): Map<BlockNodeId, ContractPlan> {
	const loop = ctx.kernel.loop?.axis ?? null;
	const isUsedOnce = (plan: ContractPlan): boolean => {
		const { axes, stage } = nodeAt(ctx, plan.panel);
		const contract = nodeAt(ctx, plan.contract);
		const isShared = [...plans.values()].some(
			(other) => other !== plan && other.panelFrom === "packed" && panelPackKey(other) === panelPackKey(plan),
		);
		const movesWithLoop = loop !== null && axes.includes(loop);
		return (
			!isShared &&
			plan.outer.every((axis) => axes.includes(axis) || extentOf(ctx, axis) === 1) &&
			levelOfAxes(axes) === levelOfAxes(contract.axes) &&
			(movesWithLoop || stage === contract.stage)
		);
	};
	return new Map(
		[...plans].map(([id, plan]) =>
			plan.panelFrom === "packed" && isUsedOnce(plan) ? [id, { ...plan, panelFrom: "streamed" }] : [id, plan],
		),
	);
}

/** Axes on which least of the work depends are walked innermost: that work is then done once for all their tiles. */
function orderGrid(ctx: TileContext, plans: ReadonlyMap<BlockNodeId, ContractPlan>): readonly GridAxis[] {
	const { grid } = ctx.kernel;
	const work = (axes: readonly AxisId[]): number =>
		axes.reduce((product, axis) => product * extentOf(ctx, axis), 1);
	const saved = new Map<AxisId, number>(grid.map(({ axis }) => [axis, 0]));
	const count = (axes: readonly AxisId[], cost: number): void => {
		for (const { axis } of grid) {
			if (!axes.includes(axis)) saved.set(axis, (saved.get(axis) ?? 0) + cost * work(axes));
		}
	};
	for (const node of ctx.kernel.nodes) {
		if (node.kind === "map") count(node.axes, operatorCost[node.operator]);
		else if (node.kind === "reduce") count(nodeAt(ctx, node.operand).axes, 2);
		else if (node.kind === "accumulateDeviations") count(nodeAt(ctx, node.operand).axes, 6);
		else if (node.kind === "contract") count([...node.axes, ...node.over], 2);
	}
	for (const plan of plans.values()) {
		if (plan.panelFrom === "packed") count(nodeAt(ctx, plan.panel).axes, 2);
		if (plan.rowsFrom === "packed") count(nodeAt(ctx, plan.rows).axes, 2);
	}
	const savedOf = (axis: AxisId): number => saved.get(axis) ?? 0;
	return grid
		.map((cut, at) => ({ cut, at }))
		.sort((a, b) => savedOf(a.cut.axis) - savedOf(b.cut.axis) || a.at - b.at)
		.map(({ cut }) => cut);
}

/** A dear value that its users would compute again for every tile of an inner grid axis is kept further out. */
function keepHoistable(
	ctx: TileContext,
	users: readonly (readonly BlockNodeId[])[],
	kept: Set<BlockNodeId>,
	levelOfAxes: (axes: readonly AxisId[]) => number,
): void {
	ctx.kernel.nodes.forEach((node, id) => {
		if (node.kind !== "map" || kept.has(id)) return;
		const level = levelOfAxes(node.axes);
		const usedFurtherIn = present(users[id], "users").some((user) => {
			const used = nodeAt(ctx, user);
			return used.kind !== "contract" && levelOfAxes(used.axes) > level;
		});
		if (usedFurtherIn && inlineCost(ctx, id, kept) > recomputeCostMax) kept.add(id);
	});
}

function listRoots(
	ctx: TileContext,
	plans: ReadonlyMap<BlockNodeId, ContractPlan>,
	users: readonly (readonly BlockNodeId[])[],
	isKept: (id: BlockNodeId) => boolean,
	levelOfAxes: (axes: readonly AxisId[]) => number,
): readonly Root[] {
	const roots: Root[] = [];
	const levels = new Map<string, number>();
	const loopLevels = loopStageLevels(ctx, levelOfAxes);
	const add = (root: Root): void => {
		const inLoop = loopLevels.get(root.stage) ?? 0;
		const level = Math.max(root.level, inLoop, ...root.reads.map((key) => levels.get(key) ?? 0));
		levels.set(root.key, Math.max(level, levels.get(root.key) ?? 0));
		roots.push({ ...root, level });
	};
	const reads = (id: BlockNodeId): string[] =>
		[...leavesOf(ctx, id, isKept)].filter((leaf) => isKept(leaf)).map((leaf) => `${leaf}`);
	const readsOperand = (id: BlockNodeId): string[] =>
		[...leavesOfOperand(ctx, id, isKept)].filter((leaf) => isKept(leaf)).map((leaf) => `${leaf}`);
	const fused = new Set<BlockNodeId>();
	ctx.kernel.nodes.forEach((node, id) => {
		if (node.kind === "store" || (isKept(id) && !fused.has(id))) {
			const plan = plans.get(id);
			const base = { node: id, stage: node.stage, level: levelOfAxes(node.axes), key: `${id}` };
			if (plan === undefined) {
				if (node.kind === "accumulateDeviations") deviationsRoots(base, node, reads(id)).forEach(add);
				else add({ ...base, kind: "nest", part: null, reads: reads(id), ...domainOf(ctx, node) });
				return;
			}
			for (const root of contractRoots(ctx, plan, users, levelOfAxes, readsOperand)) {
				if (roots.some((known) => known.key === root.key && known.kind === root.kind)) continue;
				add(root);
				if (root.kind === "contract" && root.into !== null) fused.add(root.into);
			}
		}
	});
	return roots;
}

/** A loop stage runs as a whole, where all its parts can. */
function loopStageLevels(
	ctx: TileContext,
	levelOfAxes: (axes: readonly AxisId[]) => number,
): ReadonlyMap<number, number> {
	const levels = new Map<number, number>();
	for (const { stage, axes } of ctx.kernel.nodes) {
		if (stage % 2 === 1) levels.set(stage, Math.max(levels.get(stage) ?? 0, levelOfAxes(axes)));
	}
	return levels;
}

function domainOf(
	ctx: TileContext,
	node: BlockNode,
): { readonly kept: readonly AxisId[]; readonly reduced: readonly AxisId[] } {
	switch (node.kind) {
		case "reduce":
			return { kept: node.axes, reduced: node.over };
		case "contract": {
			const both = new Set([...nodeAt(ctx, node.left).axes, ...nodeAt(ctx, node.right).axes]);
			return { kept: node.axes, reduced: [...both].filter((axis) => !node.axes.includes(axis)) };
		}
		default:
			return { kept: node.axes, reduced: [] };
	}
}

/** Packs of its operands, the rescaling of what it adds to, and the contraction. */
function contractRoots(
	ctx: TileContext,
	plan: ContractPlan,
	users: readonly (readonly BlockNodeId[])[],
	levelOfAxes: (axes: readonly AxisId[]) => number,
	reads: (id: BlockNodeId) => string[],
): Root[] {
	const roots: Root[] = [];
	const contract = nodeAt(ctx, plan.contract);
	const loopAxis = ctx.kernel.loop?.axis ?? null;
	const pack = (kind: PackRoot["kind"], operand: BlockNodeId, key: string): void => {
		const node = nodeAt(ctx, operand);
		const steps = loopAxis !== null && node.axes.includes(loopAxis);
		roots.push({
			kind,
			node: operand,
			plan,
			stage: steps ? contract.stage : node.stage,
			level: levelOfAxes(node.axes),
			reads: reads(operand),
			key,
		});
	};
	if (plan.rowsFrom === "packed") pack("packRows", plan.rows, rowsPackKey(plan));
	if (plan.panelFrom === "packed") pack("packPanel", plan.panel, panelPackKey(plan));
	const into = accumulatorOf(ctx, plan.contract, users);
	const level = levelOfAxes(contract.axes);
	const operands = [
		plan.rowsFrom === "packed" ? rowsPackKey(plan) : `${plan.rows}`,
		...(plan.panelFrom === "streamed"
			? reads(plan.panel)
			: [plan.panelFrom === "packed" ? panelPackKey(plan) : `${plan.panel}`]),
	];
	if (into !== null && into.node.rescale !== null) {
		roots.push({
			kind: "rescale",
			node: into.id,
			accumulator: into.node,
			kept: into.node.axes,
			reduced: [],
			stage: contract.stage,
			level,
			reads: [`${into.node.rescale}`],
			key: `rescale ${into.id}`,
		});
		operands.push(`rescale ${into.id}`);
	}
	roots.push({
		kind: "contract",
		node: into === null ? plan.contract : into.id,
		plan,
		into: into?.id ?? null,
		stage: contract.stage,
		level,
		reads: operands,
		key: `${into === null ? plan.contract : into.id}`,
	});
	return roots;
}

/** The sum that is the only user of a contraction: the micro-kernel adds to it directly. */
function accumulatorOf(
	ctx: TileContext,
	contract: BlockNodeId,
	users: readonly (readonly BlockNodeId[])[],
): { readonly id: BlockNodeId; readonly node: AccumulateNode } | null {
	const [id, ...others] = users[contract] ?? [];
	if (id === undefined || others.length > 0) return null;
	const node = nodeAt(ctx, id);
	return node.kind === "accumulate" && node.combine === "sum" ? { id, node } : null;
}
