// A partition of the units written out as kernels: which values each computes, loads and stores.

import { present } from "#shared/fault/assert.ts";
import { type Program, type ProgramNodeId, programNodeOperands } from "#shared/program/program.ts";
import { dagNodeNanoseconds } from "./cost.ts";
import { describePrepareKernels } from "./hoisting.ts";
import { describeKernel, type KernelSpec } from "./kernel-spec.ts";
import type { UnitGraph } from "./units.ts";

/**
 * What goes through device memory when several kernels could compute a value. Element-wise values:
 * `lazy`: never, readers compute them from stored unit results; `narrow`: when they have fewer elements than what they are
 * computed from; `eager`: whenever the kernel before can compute them. Results of units are stored for their readers,
 * but with `recompute` (else as `narrow`) a reader computes those again that are cheap beside its own work; a kernel that
 * nobody then needs goes.
 */
export type BoundaryPolicy = "lazy" | "narrow" | "eager" | "recompute";

export const boundaryPolicies: readonly BoundaryPolicy[] = ["lazy", "narrow", "eager", "recompute"];

export interface Cut {
	/** Run once for a set of weights, before all others; in execution order. */
	readonly prepare: readonly KernelSpec[];
	/** Of each call, in execution order. */
	readonly kernels: readonly KernelSpec[];
}

/** A unit is computed again when that takes at most this share of its reader's own arithmetic, and of the elements it loads. */
const recomputedShareMax = 0.25;

/** Units by kernel, in execution order. */
export type Groups = readonly (readonly number[])[];

/** `order` is a partition of the units in which no kernel reads a later one. Hoisted values are never computed in a call. */
export function describeCut(dag: Program, graph: UnitGraph, order: Groups, policy: BoundaryPolicy): Cut {
	const unitsOf = order.map((group) => new Set(group.map((unit) => present(graph.units[unit], "unit").node)));
	const draft = draftCut(dag, graph, unitsOf, order, policy);
	const outputs = outputNodes(dag);
	for (let kernel = order.length - 1; kernel >= 0; kernel--) {
		const roots = [...present(unitsOf[kernel], "units")].filter((node) => outputs.has(node));
		compute(draft, kernel, [...roots, ...present(draft.stored[kernel], "stored values")]);
	}
	return {
		prepare: describePrepareKernels(dag, graph.hoisting),
		kernels: unitsOf
			.map((units, kernel) =>
				describeKernel(
					dag,
					units,
					present(draft.stored[kernel], "stored values"),
					present(draft.boundaries[kernel], "boundary"),
				),
			)
			.filter((kernel) => kernel.stores.length > 0),
	};
}

function outputNodes(dag: Program): ReadonlySet<ProgramNodeId> {
	return new Set(dag.outputs.flatMap((output) => output.pieces.map((piece) => piece.node)));
}

interface CutDraft {
	readonly dag: Program;
	readonly policy: BoundaryPolicy;
	/** Values of the prepare step, loaded by every reader. */
	readonly hoisted: ReadonlySet<ProgramNodeId>;
	/** The kernel of each unit, by node. */
	readonly kernelOfUnit: ReadonlyMap<ProgramNodeId, number>;
	/** For each node the kernel that can first have it: where its last unit is computed; -1 when inputs alone suffice. */
	readonly homes: readonly number[];
	readonly stored: readonly Set<ProgramNodeId>[];
	readonly boundaries: readonly Set<ProgramNodeId>[];
	isRecomputed(unit: ProgramNodeId, reader: number): boolean;
	/** loadedInstead by value and reader. */
	readonly instead: Map<string, number>;
}

function draftCut(
	dag: Program,
	graph: UnitGraph,
	unitsOf: readonly ReadonlySet<ProgramNodeId>[],
	order: Groups,
	policy: BoundaryPolicy,
): CutDraft {
	const kernelOfUnit = new Map<ProgramNodeId, number>();
	unitsOf.forEach((units, kernel) => {
		for (const node of units) kernelOfUnit.set(node, kernel);
	});
	const homes: number[] = [];
	dag.nodes.forEach((node, id) => {
		const below = programNodeOperands(node).map((operand) => homes[operand] ?? -1);
		homes.push(kernelOfUnit.get(id) ?? Math.max(-1, ...below));
	});
	const recomputed = policy === "recompute" ? order.map((group) => cheapBeside(dag, graph, group)) : [];
	return {
		dag,
		policy,
		hoisted: graph.hoisting.stored,
		kernelOfUnit,
		homes,
		stored: order.map(() => new Set()),
		boundaries: order.map(() => new Set()),
		isRecomputed: (unit, reader) => recomputed[reader]?.has(unit) ?? false,
		instead: new Map(),
	};
}

/** The units that a kernel of these units would rather compute again than load. */
function cheapBeside(dag: Program, graph: UnitGraph, group: readonly number[]): ReadonlySet<ProgramNodeId> {
	const own = new Set(group.flatMap((unit) => present(graph.units[unit], "unit").cone));
	const { stored: hoisted } = graph.hoisting;
	const work = workOf(dag, own, hoisted);
	const loaded = loadedElements(dag, own, hoisted);
	const cheap = graph.units.filter((unit) => {
		if (own.has(unit.node)) return false;
		const added = new Set(unit.cone.filter((node) => !own.has(node)));
		return (
			workOf(dag, added, hoisted) <= recomputedShareMax * work &&
			loadedElements(dag, added, hoisted) <= recomputedShareMax * loaded
		);
	});
	return new Set(cheap.map((unit) => unit.node));
}

type Nodes = ReadonlySet<ProgramNodeId>;

function workOf(dag: Program, nodes: Nodes, hoisted: Nodes): number {
	let sum = 0;
	for (const id of nodes)
		if (!hoisted.has(id)) sum += dagNodeNanoseconds(present(dag.nodes[id], "node"), dag);
	return sum;
}

function loadedElements(dag: Program, nodes: Nodes, hoisted: Nodes): number {
	let sum = 0;
	for (const id of nodes) if (hoisted.has(id) || dag.nodes[id]?.kind === "input") sum += elementsOf(dag, id);
	return sum;
}

function elementsOf(dag: Program, id: ProgramNodeId): number {
	return present(dag.nodes[id], "node").axes.reduce(
		(count, axis) => count * present(dag.axes[axis], "axis").extent,
		1,
	);
}

/** Notes what the kernel must load to have `roots`. Later kernels come first, so that `stored` is complete. */
function compute(draft: CutDraft, kernel: number, roots: readonly ProgramNodeId[]): void {
	const computed = new Set<ProgramNodeId>();
	const boundary = present(draft.boundaries[kernel], "boundary");
	const waiting = [...roots];
	for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
		if (computed.has(id)) continue;
		computed.add(id);
		for (const operand of programNodeOperands(present(draft.dag.nodes[id], "node"))) {
			const home = draft.homes[operand] ?? -1;
			if (draft.hoisted.has(operand)) boundary.add(operand);
			else if (home < 0 || home === kernel || !isKept(draft, operand, kernel)) waiting.push(operand);
			else {
				boundary.add(operand);
				draft.stored[home]?.add(operand);
			}
		}
	}
}

/** Whether a value whose home is another kernel is loaded by the reader, not computed. */
function isKept(draft: CutDraft, id: ProgramNodeId, reader: number): boolean {
	if (draft.kernelOfUnit.has(id)) return !draft.isRecomputed(id, reader);
	if (draft.policy === "lazy") return false;
	if (draft.policy === "eager") return true;
	const instead = loadedInstead(draft, id, reader);
	return instead > 0 && elementsOf(draft.dag, id) <= instead;
}

/** Elements that a reader loads when it computes the value from what other kernels store. */
function loadedInstead(draft: CutDraft, id: ProgramNodeId, reader: number): number {
	const home = draft.homes[id] ?? -1;
	if (home < 0 || home === reader || draft.isRecomputed(id, reader)) return 0;
	if (draft.kernelOfUnit.has(id)) return elementsOf(draft.dag, id);
	const key = `${id}/${reader}`;
	const known = draft.instead.get(key);
	if (known !== undefined) return known;
	const operands = programNodeOperands(present(draft.dag.nodes[id], "node"));
	const elements = operands.reduce((sum, operand) => sum + loadedInstead(draft, operand, reader), 0);
	draft.instead.set(key, elements);
	return elements;
}
