// Choice 2: kernels. In: a DAG. Out: ways to cut it into kernels that run one after another, each with the values it
// loads from and stores to device memory. Units are what a kernel exists for: reductions, contractions and outputs; a cut
// is a partition of the units whose kernels do not wait for each other in a circle. Element-wise values between units are
// computed again wherever they are read, or kept once by the kernel that can first have them, as the policy says.

import { present } from "#shared/fault/assert.ts";
import { type Program, type ProgramNodeId, programNodeOperands } from "#shared/program/program.ts";
import { describeKernel, type KernelSpec } from "./kernel-spec.ts";
import { findUnits, type Unit, type UnitGraph } from "./units.ts";

/**
 * Where an element-wise value that several kernels could compute goes through device memory.
 * `lazy`: never, readers compute it from stored unit results; `narrow`: when it has fewer elements than what it is computed
 * from; `eager`: whenever the kernel before can compute it.
 */
export type BoundaryPolicy = "lazy" | "narrow" | "eager";

const policies: readonly BoundaryPolicy[] = ["lazy", "narrow", "eager"];

export interface Cut {
	/** In execution order. */
	readonly kernels: readonly KernelSpec[];
}

export interface CutLimits {
	readonly kernelsMax: number;
	/** With more units than this only the safe cuts are drawn: all in one, one kernel a contraction, one a unit. */
	readonly unitsMax: number;
}

/** A cut, or the rule that refused a partition. */
export type CutOutcome =
	| { readonly kind: "cut"; readonly cut: Cut }
	| { readonly kind: "pruned"; readonly rule: string };

/**
 * Every cut in a fixed order: the safe ones first, then by number of kernels. Lazy: a caller may stop anywhere and skip
 * to any position by counting.
 */
export function* enumerateCuts(dag: Program, limits: CutLimits): Generator<CutOutcome> {
	const graph = findUnits(dag);
	const seen = new Set<string>();
	for (const groups of partitions(graph, limits)) {
		const order = executionOrder(groups, graph);
		if (order === null) {
			yield { kind: "pruned", rule: "circular kernels" };
			continue;
		}
		if (!order.every((group) => isRelated(group, graph))) {
			yield { kind: "pruned", rule: "unrelated units in a kernel" };
			continue;
		}
		for (const policy of order.length === 1 ? (["lazy"] as const) : policies) {
			const cut = describeCut(dag, graph, order, policy);
			const key = JSON.stringify(cut.kernels.map((kernel) => kernel.key));
			if (seen.has(key)) continue;
			seen.add(key);
			yield { kind: "cut", cut };
		}
	}
}

type Groups = readonly (readonly number[])[];

function* partitions(graph: UnitGraph, limits: CutLimits): Generator<Groups> {
	const all = graph.units.map((_, unit) => unit);
	const safe: Groups[] = [[all], contractionGroups(graph), all.map((unit) => [unit])];
	const seen = new Set<string>();
	for (const groups of safe) {
		const key = JSON.stringify(groups);
		if (!seen.has(key)) yield groups;
		seen.add(key);
	}
	if (graph.units.length > limits.unitsMax) return;
	for (let kernels = 2; kernels <= Math.min(limits.kernelsMax, all.length); kernels++) {
		for (const groups of setPartitions(all.length, kernels))
			if (!seen.has(JSON.stringify(groups))) yield groups;
	}
}

/** Partitions of 0..count-1 into exactly `groups` non-empty sets, as restricted growth strings in lexicographic order. */
function* setPartitions(count: number, groups: number): Generator<Groups> {
	const labels: number[] = [];
	function* grow(used: number): Generator<Groups> {
		if (labels.length === count) {
			if (used !== groups) return;
			const sets: number[][] = Array.from({ length: groups }, () => []);
			for (const [element, label] of labels.entries()) sets[label]?.push(element);
			yield sets;
			return;
		}
		if (groups - used > count - labels.length) return;
		for (let label = 0; label <= Math.min(used, groups - 1); label++) {
			labels.push(label);
			yield* grow(Math.max(used, label + 1));
			labels.pop();
		}
	}
	yield* grow(0);
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

/** Whether the units hang together: one reads another, or they read a device tensor in common. */
function isRelated(group: readonly number[], graph: UnitGraph): boolean {
	const [first, ...others] = group;
	if (first === undefined) return false;
	const reached = [first];
	const waiting = new Set(others);
	for (let at = 0; at < reached.length; at++) {
		const a = present(graph.units[reached[at] ?? first], "unit");
		for (const other of [...waiting]) {
			const b = present(graph.units[other], "unit");
			const linked =
				a.dependsOn.includes(other) ||
				b.dependsOn.includes(reached[at] ?? first) ||
				a.reads.some((tensor) => b.reads.includes(tensor));
			if (!linked) continue;
			waiting.delete(other);
			reached.push(other);
		}
	}
	return waiting.size === 0;
}

function describeCut(dag: Program, graph: UnitGraph, order: Groups, policy: BoundaryPolicy): Cut {
	const kernelOfNode = new Map<ProgramNodeId, number>();
	order.forEach((group, kernel) => {
		for (const unit of group) kernelOfNode.set(present(graph.units[unit], "unit").node, kernel);
	});
	const homes = findHomes(dag, kernelOfNode);
	const elements = dag.nodes.map((node) =>
		node.axes.reduce((count, axis) => count * present(dag.axes[axis], "axis").extent, 1),
	);
	const stored = order.map(() => new Set<ProgramNodeId>());
	const boundaries = order.map(() => new Set<ProgramNodeId>());
	for (let kernel = order.length - 1; kernel >= 0; kernel--) {
		const roots = present(order[kernel], "group").map((unit) => present(graph.units[unit], "unit").node);
		const boundary = present(boundaries[kernel], "boundary");
		const computed = new Set<ProgramNodeId>();
		const compute = (id: ProgramNodeId): void => {
			if (computed.has(id)) return;
			computed.add(id);
			for (const operand of programNodeOperands(present(dag.nodes[id], "node"))) fetch(operand);
		};
		const fetch = (id: ProgramNodeId): void => {
			const home = homes[id] ?? -1;
			if (home < 0 || home === kernel || !isKept(id, kernel)) compute(id);
			else {
				boundary.add(id);
				stored[home]?.add(id);
			}
		};
		const isKept = (id: ProgramNodeId, reader: number): boolean => {
			if (kernelOfNode.has(id)) return true;
			if (policy === "lazy") return false;
			return policy === "eager" || (elements[id] ?? 0) <= loadedInstead(id, reader);
		};
		/** Elements that a reader loads when it computes the value from what other kernels store. */
		const loadedInstead = (id: ProgramNodeId, reader: number): number => {
			const home = homes[id] ?? -1;
			if (home < 0 || home === reader) return 0;
			if (kernelOfNode.has(id)) return elements[id] ?? 0;
			const operands = programNodeOperands(present(dag.nodes[id], "node"));
			return operands.reduce((sum, operand) => sum + loadedInstead(operand, reader), 0);
		};
		for (const root of [...roots, ...present(stored[kernel], "stored values")]) compute(root);
	}
	return {
		kernels: order.map((group, kernel) => {
			const units = new Set(group.map((unit) => present(graph.units[unit], "unit").node));
			return describeKernel(
				dag,
				units,
				present(stored[kernel], "stored values"),
				present(boundaries[kernel], "boundary"),
			);
		}),
	};
}

/** For each node the kernel that can first have it: where its last unit is computed; -1 when it follows from inputs alone. */
function findHomes(dag: Program, kernelOfNode: ReadonlyMap<ProgramNodeId, number>): number[] {
	const homes: number[] = [];
	dag.nodes.forEach((node, id) => {
		const own = kernelOfNode.get(id);
		homes.push(own ?? Math.max(-1, ...programNodeOperands(node).map((operand) => homes[operand] ?? -1)));
	});
	return homes;
}

/** The cut whose kernels hold exactly these units, in execution order; null when they wait for each other in a circle. */
export function cutInto(dag: Program, groups: readonly (readonly ProgramNodeId[])[]): Cut | null {
	const graph = findUnits(dag);
	const unitOf = new Map(graph.units.map(({ node }, unit) => [node, unit]));
	const units = groups.map((group) => group.map((node) => present(unitOf.get(node), "a unit")));
	const order = executionOrder(units, graph);
	return order === null ? null : describeCut(dag, graph, order, "lazy");
}
