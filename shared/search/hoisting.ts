// Work that reads weights alone. Weights are constant between calls, so such work is done once, by kernels of the prepare
// step (mugraph/prepare-kernels.ts), and calls load what it gives:
//
//   X·(W + A·B)   prepare: M = W + A·B      each call: X·M

import { present } from "#shared/fault/assert.ts";
import { intermediateBytes } from "#shared/mugraph/bytes-moved.ts";
import {
	type Program,
	type ProgramNode,
	type ProgramNodeId,
	programNodeOperands,
} from "#shared/program/program.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { dagNodeNanoseconds, elementsOf, extentsOf, transferNanoseconds } from "./cost.ts";
import { describeKernel, type KernelSpec } from "./kernel-spec.ts";

export interface Hoisting {
	/** By node: computed in the prepare step, from weights alone. Inputs and constants are not; outputs never are. */
	readonly isPrepared: readonly boolean[];
	/** The prepared values that calls read. */
	readonly stored: ReadonlySet<ProgramNodeId>;
}

/**
 * What may be hoisted: first all that follows from weights alone; then, where a call would read some of it longer than it
 * takes to make it again (outer products; float32 of float16), the same with that part computed in each call.
 */
export function enumerateHoistings(dag: Program): readonly Hoisting[] {
	const kept = new Set<ProgramNodeId>();
	const all = hoist(dag, kept);
	let least = all;
	for (let grown = outgrown(dag, least); grown.length > 0; grown = outgrown(dag, least)) {
		for (const id of grown) kept.add(id);
		least = hoist(dag, kept);
	}
	return least === all ? [all] : [all, least];
}

/** Everything that follows from weights alone but `kept` and what reads them. */
export function hoist(dag: Program, kept: ReadonlySet<ProgramNodeId> = new Set()): Hoisting {
	const outputs = outputNodes(dag);
	const isConstant: boolean[] = [];
	const isPrepared: boolean[] = [];
	const isWeight = (id: ProgramNodeId): boolean => {
		const node = present(dag.nodes[id], "node");
		return node.kind === "input" && present(dag.inputs[node.input], "input").role === "weight";
	};
	dag.nodes.forEach((node, id) => {
		const operands = programNodeOperands(node);
		isConstant.push(node.kind !== "input" && operands.every((operand) => isConstant[operand]));
		const follows = operands.every(
			(operand) => isConstant[operand] || isPrepared[operand] || isWeight(operand),
		);
		isPrepared.push(operands.length > 0 && follows && !isConstant[id] && !outputs.has(id) && !kept.has(id));
	});
	const stored = new Set<ProgramNodeId>();
	const waiting = [...outputs];
	const seen = new Set(waiting);
	for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
		for (const operand of programNodeOperands(present(dag.nodes[id], "node"))) {
			if (isPrepared[operand]) stored.add(operand);
			else if (!seen.has(operand)) {
				seen.add(operand);
				waiting.push(operand);
			}
		}
	}
	return { isPrepared, stored };
}

/** Stored values that a call would read longer than it would read and compute what they are made from. */
function outgrown(dag: Program, hoisting: Hoisting): readonly ProgramNodeId[] {
	const extentOf = extentsOf(dag);
	const nodeOf = (id: ProgramNodeId): ProgramNode => present(dag.nodes[id], "node");
	const readNanoseconds = (id: ProgramNodeId): number => {
		const node = nodeOf(id);
		const bytesEach =
			node.kind === "input"
				? elementBytes(present(dag.inputs[node.input], "input").dataType)
				: intermediateBytes;
		return transferNanoseconds(bytesEach * elementsOf(node.axes, extentOf));
	};
	const loadedAnyway = loadedByCalls(dag, hoisting);
	return [...hoisting.stored].filter((id) => {
		let reading = 0;
		let computing = 0;
		for (const source of closure(dag, id)) {
			if (nodeOf(source).kind !== "input") computing += dagNodeNanoseconds(nodeOf(source), dag);
			else if (!loadedAnyway.has(source)) reading += readNanoseconds(source);
		}
		return readNanoseconds(id) > Math.max(reading, computing);
	});
}

/** What calls reach without passing a stored value. */
function loadedByCalls(dag: Program, { stored }: Hoisting): ReadonlySet<ProgramNodeId> {
	const reached = new Set(outputNodes(dag));
	for (const id of reached)
		for (const operand of programNodeOperands(present(dag.nodes[id], "node")))
			if (!stored.has(operand)) reached.add(operand);
	return reached;
}

function outputNodes(dag: Program): ReadonlySet<ProgramNodeId> {
	return new Set(dag.outputs.flatMap((output) => output.pieces.map(({ node }) => node)));
}

function closure(dag: Program, root: ProgramNodeId): readonly ProgramNodeId[] {
	const reached = new Set([root]);
	for (const id of reached)
		for (const operand of programNodeOperands(present(dag.nodes[id], "node"))) reached.add(operand);
	return [...reached];
}

/**
 * The kernels of the prepare step, in execution order: one for each reduction or contraction, which also computes the
 * element-wise values stored next that have its axes, and one for each other stored value.
 */
export function describePrepareKernels(dag: Program, hoisting: Hoisting): readonly KernelSpec[] {
	const units = prepareUnits(dag, hoisting);
	const leaderOf = new Map<ProgramNodeId, ProgramNodeId>();
	const groups = new Map<ProgramNodeId, ProgramNodeId[]>();
	for (const [unit, reads] of units) {
		const leaders = reads.map((read) => present(leaderOf.get(read), "leader of an earlier unit"));
		const last = Math.max(-1, ...leaders);
		const leader = dag.nodes[unit]?.kind === "map" && hasAxesOf(dag, unit, last) ? last : unit;
		leaderOf.set(unit, leader);
		groups.set(leader, [...(groups.get(leader) ?? []), unit]);
	}
	return [...groups.values()].map((group) => {
		const own = new Set(group);
		const readElsewhere = (unit: ProgramNodeId): boolean =>
			[...units].some(([reader, reads]) => !own.has(reader) && reads.includes(unit));
		const stored = group.filter((unit) => hoisting.stored.has(unit) || readElsewhere(unit));
		const loaded = group.flatMap((unit) => units.get(unit) ?? []).filter((read) => !own.has(read));
		return describeKernel(dag, own, new Set(stored), new Set(loaded));
	});
}

function hasAxesOf(dag: Program, id: ProgramNodeId, other: ProgramNodeId): boolean {
	return dag.nodes[id]?.axes.join() === dag.nodes[other]?.axes.join();
}

/** Reductions, contractions and stored values of the prepare step in topological order, each with those it reads. */
function prepareUnits(
	dag: Program,
	{ isPrepared, stored }: Hoisting,
): ReadonlyMap<ProgramNodeId, readonly ProgramNodeId[]> {
	const needed = new Set([...stored].flatMap((id) => closure(dag, id)));
	const units = new Map<ProgramNodeId, readonly ProgramNodeId[]>();
	const readsOf: (readonly ProgramNodeId[])[] = [];
	dag.nodes.forEach((node, id) => {
		const below = programNodeOperands(node).flatMap((operand) => present(readsOf[operand], "earlier node"));
		const reads = [...new Set(below)];
		const isUnit = node.kind === "reduce" || node.kind === "contract" || stored.has(id);
		if (!isUnit || !isPrepared[id] || !needed.has(id)) {
			readsOf.push(reads);
			return;
		}
		units.set(id, reads);
		readsOf.push([id]);
	});
	return units;
}
