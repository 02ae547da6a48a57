// Choice 2: kernels. In: a DAG. Out: ways to cut it into kernels that run one after another, each with the values it
// loads from and stores to device memory. Units are what a kernel exists for: reductions, contractions and outputs; a cut
// is a partition of the units whose kernels do not wait for each other in a circle (partitions.ts). What lies between units
// is computed again wherever it is read, or kept once by the kernel that can first have it (describe-cut.ts). What reads
// weights alone is no part of this: kernels of the prepare step do it, the same in every cut (hoisting.ts).

import { assert, present } from "#shared/fault/assert.ts";
import type { Program, ProgramNodeId } from "#shared/program/program.ts";
import { type BoundaryPolicy, boundaryPolicies, type Cut, describeCut, type Groups } from "./describe-cut.ts";
import { kernelBound } from "./grid-choices.ts";
import { enumerateHoistings, type Hoisting } from "./hoisting.ts";
import type { KernelSpec } from "./kernel-spec.ts";
import { type CutLimits, cutRankRule, rankPartitions } from "./partitions.ts";
import { findUnits, type Unit, type UnitGraph } from "./units.ts";

export type { Cut } from "./describe-cut.ts";
export type { CutLimits } from "./partitions.ts";

/** A cut; or a rule that refused so many partitions, or ways to grow one. */
export type CutOutcome =
	| { readonly kind: "cut"; readonly cut: Cut }
	| { readonly kind: "pruned"; readonly rule: string; readonly count: number };

/**
 * Every cut once, in a fixed order, for each way to hoist (enumerateHoistings) one after the other: the safe ones (all units
 * in one kernel, one kernel a contraction, one a unit), then the others, best first by a bound on what their kernels cost a
 * call; then what was pruned, rule by rule. Lazy: a caller may stop anywhere and skip to any position by counting. Complete
 * unless `beamRule` or `cutRankRule` (partitions.ts) pruned. Ways to hoist share `cutsMax`.
 */
export function* enumerateCuts(dag: Program, limits: CutLimits): Generator<CutOutcome> {
	const hoistings = enumerateHoistings(dag);
	const { cutsMax = Number.POSITIVE_INFINITY } = limits;
	const share = { ...limits, cutsMax: Math.ceil(cutsMax / hoistings.length) };
	for (const hoisting of hoistings) yield* cutsWith(hoisting, dag, share);
}

/** Those that hoist exactly this: no other way to hoist gives the same ones. */
function* cutsWith(hoisting: Hoisting, dag: Program, limits: CutLimits): Generator<CutOutcome> {
	const graph = findUnits(dag, hoisting);
	const seen = new Set<string>();
	const bounds = new Map<string, number>();
	const boundOf = (kernel: KernelSpec): number => {
		const bound = bounds.get(kernel.key) ?? kernelBound(kernel);
		bounds.set(kernel.key, bound);
		return bound;
	};
	function* cutsOf(order: Groups): Generator<CutOutcome> {
		const policies = order.length === 1 ? (["lazy"] as const) : boundaryPolicies;
		const fresh: { readonly cut: Cut; readonly bound: number }[] = [];
		for (const policy of policies) {
			const cut = describeCut(dag, graph, order, policy);
			const key = cut.kernels.map((kernel) => kernel.key).join(";");
			if (seen.has(key)) continue;
			seen.add(key);
			fresh.push({ cut, bound: cut.kernels.reduce((sum, kernel) => sum + boundOf(kernel), 0) });
		}
		for (const { cut } of fresh.sort((a, b) => a.bound - b.bound)) yield { kind: "cut", cut };
	}
	for (const groups of safePartitions(graph)) {
		const order = executionOrder(groups, graph);
		if (order !== null) yield* cutsOf(order);
	}
	const { partitions, pruned } = rankPartitions(dag, graph, limits);
	let left = limits.cutsMax ?? Number.POSITIVE_INFINITY;
	for (const [at, order] of partitions.entries()) {
		if (left <= 0) {
			yield { kind: "pruned", rule: cutRankRule, count: partitions.length - at };
			break;
		}
		for (const outcome of cutsOf(order)) {
			if (left-- > 0) yield outcome;
		}
	}
	for (const [rule, count] of Object.entries(pruned)) yield { kind: "pruned", rule, count };
}

/**
 * The cut whose kernels of a call hold exactly these units, each group named by its units' nodes; null when kernels would
 * wait for each other in a circle. Every unit (units.ts) is in one group. All that can be is hoisted.
 */
export function cutInto(
	dag: Program,
	groups: readonly (readonly ProgramNodeId[])[],
	policy: BoundaryPolicy = "narrow",
): Cut | null {
	const graph = findUnits(dag);
	const unitOf = new Map(graph.units.map((unit, id) => [unit.node, id]));
	const partition = groups.map((group) =>
		group.map((node) => present(unitOf.get(node), "a unit of the DAG")).sort((a, b) => a - b),
	);
	const held = new Set(partition.flat());
	assert(
		held.size === graph.units.length && partition.flat().length === held.size,
		"every unit in one group",
	);
	const order = executionOrder(partition, graph);
	return order === null ? null : describeCut(dag, graph, order, policy);
}

function safePartitions(graph: UnitGraph): readonly Groups[] {
	const all = graph.units.map((_, unit) => unit);
	return [[all], contractionGroups(graph), all.map((unit) => [unit])];
}

/**
 * The program as written, one kernel a contraction: an element-wise output joins the unit whose axes it shares and that it
 * reads last; other units between two contractions, which are row-wise as a rule, stay together.
 */
function contractionGroups(graph: UnitGraph): Groups {
	const groups = new Map<string, number[]>();
	const groupOf: string[] = [];
	graph.units.forEach((unit, id) => {
		const depth = Math.max(
			0,
			...unit.dependsOn.map((on) => present(graph.units[on], "unit").contractionDepth),
		);
		const host = unit.kind === "elementwise" ? epilogueHost(unit, graph) : null;
		const name =
			host !== null
				? present(groupOf[host], "group of an earlier unit")
				: unit.kind === "contract"
					? `contraction ${id}`
					: `rows ${depth}`;
		groupOf.push(name);
		groups.set(name, [...(groups.get(name) ?? []), id]);
	});
	return [...groups.values()];
}

function epilogueHost(unit: Unit, graph: UnitGraph): number | null {
	const last = Math.max(-1, ...unit.dependsOn);
	const host = graph.units[last];
	return host !== undefined && host.kind === "contract" ? last : null;
}

/** Groups in an order in which each depends on earlier ones only, or null when they wait for each other. */
function executionOrder(groups: Groups, graph: UnitGraph): Groups | null {
	const groupOf = new Map<number, number>();
	groups.forEach((units, group) => {
		for (const unit of units) groupOf.set(unit, group);
	});
	const waitsFor = groups.map((units, group) => {
		const needed = units.flatMap((unit) =>
			present(graph.units[unit], "unit").dependsOn.map((on) => groupOf.get(on)),
		);
		return new Set(needed.filter((other) => other !== undefined && other !== group));
	});
	const done = new Set<number>();
	const order: (readonly number[])[] = [];
	while (order.length < groups.length) {
		const next = groups.findIndex(
			(_, group) => !done.has(group) && [...(waitsFor[group] ?? [])].every((other) => done.has(other ?? -1)),
		);
		if (next < 0) return null;
		done.add(next);
		order.push(present(groups[next], "group"));
	}
	return order;
}
