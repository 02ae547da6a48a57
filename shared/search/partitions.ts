// Partitions of a DAG's units into kernels, best first by a bound on what the kernels cost: all of them for few units, a
// beam for many. Units are taken in topological order; each joins a kernel or opens one. A kernel may not wait for one
// that waits for it, and the units of a kernel hang together.

import { present } from "#shared/fault/assert.ts";
import type { Program } from "#shared/program/program.ts";
import type { Groups } from "./describe-cut.ts";
import { kernelBound } from "./grid-choices.ts";
import { describeKernel } from "./kernel-spec.ts";
import type { Unit, UnitGraph } from "./units.ts";

export interface CutLimits {
	/** Kernels of a cut; or the most contractions that follow one another, when those are more. Safe cuts may have more. */
	readonly kernelsMax: number;
	/** With more units than this a beam takes the place of all partitions. */
	readonly unitsMax: number;
	/** Cuts beyond the safe ones, best first; more are pruned by rank. Default: all. */
	readonly cutsMax?: number;
}

/** Partial partitions kept after each unit, for each number of kernels. */
const beamWidth = 24;

/** Rules that pruned partitions which may be worth something: when one of these pruned any, the cuts are not complete. */
export const beamRule = "beyond the beam of cuts";
export const cutRankRule = "cut rank";

interface RankedPartitions {
	/** Each in execution order; best first, ties by fewer kernels, then in order of labels. */
	readonly partitions: readonly Groups[];
	/** Choices refused, by rule. */
	readonly pruned: Readonly<Record<string, number>>;
}

/** A partition of the first units. */
interface Partial {
	/** The kernel of each unit so far, numbered by first appearance. */
	readonly labels: readonly number[];
	readonly groups: Groups;
	/** Bit sets: for each kernel those it waits for, directly or not. */
	readonly waitsFor: readonly number[];
	/** Sum of the kernels' bounds, nanoseconds. */
	readonly bound: number;
}

/** Kernels are bits of a 32-bit integer. */
const kernelsPossibleMax = 30;

export function rankPartitions(dag: Program, graph: UnitGraph, limits: CutLimits): RankedPartitions {
	const depth = Math.max(0, ...graph.units.map((unit) => unit.contractionDepth));
	const kernelsMax = Math.min(kernelsPossibleMax, Math.max(limits.kernelsMax, depth));
	const isBeam = graph.units.length > limits.unitsMax;
	const pruned: Record<string, number> = {};
	const prune = (rule: string, count: number): void => {
		if (count > 0) pruned[rule] = (pruned[rule] ?? 0) + count;
	};
	const related = new UnitRelations(graph);
	const boundOf = groupBounds(dag, graph);
	let states: Partial[] = [{ labels: [], groups: [], waitsFor: [], bound: 0 }];
	graph.units.forEach((unit, id) => {
		const next: Partial[] = [];
		for (const state of states) {
			for (let label = 0; label <= Math.min(state.groups.length, kernelsMax - 1); label++) {
				if (isBeam && !related.mayJoin(id, state.groups[label] ?? []))
					prune("unrelated units in a kernel", 1);
				else {
					const grown = addUnit(state, id, unit, label, boundOf);
					if (grown === null) prune("circular kernels", 1);
					else next.push(grown);
				}
			}
		}
		states = isBeam ? keepBest(next) : next;
		prune(beamRule, next.length - states.length);
	});
	const whole = states.filter(({ groups }) => groups.every((group) => related.hangTogether(group)));
	prune("unrelated units in a kernel", states.length - whole.length);
	return { partitions: whole.sort(byBound).map(executionOrder), pruned };
}

function byBound(a: Partial, b: Partial): number {
	if (a.bound !== b.bound) return a.bound - b.bound;
	if (a.groups.length !== b.groups.length) return a.groups.length - b.groups.length;
	const at = a.labels.findIndex((label, unit) => label !== b.labels[unit]);
	return (a.labels[at] ?? 0) - (b.labels[at] ?? 0);
}

function keepBest(states: readonly Partial[]): Partial[] {
	const kept = new Map<number, number>();
	return [...states].sort(byBound).filter(({ groups }) => {
		const count = kept.get(groups.length) ?? 0;
		kept.set(groups.length, count + 1);
		return count < beamWidth;
	});
}

/** Null when kernels would wait for each other in a circle. */
function addUnit(
	state: Partial,
	id: number,
	unit: Unit,
	label: number,
	boundOf: (group: readonly number[]) => number,
): Partial | null {
	const own = 1 << label;
	let waits = state.waitsFor[label] ?? 0;
	for (const on of unit.dependsOn) {
		const other = present(state.labels[on], "label of an earlier unit");
		if (other !== label) waits |= (1 << other) | (state.waitsFor[other] ?? 0);
	}
	if ((waits & own) !== 0) return null;
	const before = state.groups[label];
	const grown = before === undefined ? [id] : [...before, id];
	const waitsFor = state.waitsFor.map((mask) => ((mask & own) === 0 ? mask : mask | waits));
	waitsFor[label] = waits;
	const groups = [...state.groups];
	groups[label] = grown;
	const bound = state.bound - (before === undefined ? 0 : boundOf(before)) + boundOf(grown);
	return { labels: [...state.labels, label], groups, waitsFor, bound };
}

/** First the kernel, of those that wait for nothing left, that was opened first. */
function executionOrder({ groups, waitsFor }: Partial): Groups {
	let done = 0;
	const order: (readonly number[])[] = [];
	while (order.length < groups.length) {
		const next = groups.findIndex(
			(_, label) => ((done >>> label) & 1) === 0 && ((waitsFor[label] ?? 0) & ~done) === 0,
		);
		order.push(present(groups[next], "a kernel that waits for nothing"));
		done |= 1 << next;
	}
	return order;
}

/** The bound of a kernel that holds exactly these units, memoised. */
function groupBounds(dag: Program, graph: UnitGraph): (group: readonly number[]) => number {
	const known = new Map<string, number>();
	const readers: number[][] = graph.units.map(() => []);
	graph.units.forEach((unit, id) => {
		for (const on of unit.dependsOn) readers[on]?.push(id);
	});
	const nodeOf = (unit: number): number => present(graph.units[unit], "unit").node;
	return (group) => {
		const key = group.join();
		const before = known.get(key);
		if (before !== undefined) return before;
		const members = new Set(group);
		const stored = group.filter((unit) => readers[unit]?.some((reader) => !members.has(reader)));
		const loaded = group.flatMap((unit) => present(graph.units[unit], "unit").dependsOn);
		const spec = describeKernel(
			dag,
			new Set(group.map(nodeOf)),
			new Set(stored.map(nodeOf)),
			new Set([...loaded.filter((unit) => !members.has(unit)).map(nodeOf), ...graph.hoisting.stored]),
		);
		const bound = kernelBound(spec);
		known.set(key, bound);
		return bound;
	};
}

/** Which units have a reason to share a kernel: one reads another, or they read a device tensor in common. */
class UnitRelations {
	readonly #linked: readonly (readonly boolean[])[];

	constructor({ units }: UnitGraph) {
		this.#linked = units.map((a, first) =>
			units.map(
				(b, second) =>
					a.dependsOn.includes(second) ||
					b.dependsOn.includes(first) ||
					a.reads.some((tensor) => b.reads.includes(tensor)),
			),
		);
	}

	/** Whether the unit is linked to one of the group, or a later unit is to both; to an empty group always. */
	mayJoin(unit: number, group: readonly number[]): boolean {
		const links = present(this.#linked[unit], "unit");
		if (group.length === 0 || group.some((member) => links[member])) return true;
		return links.some(
			(isLinked, later) =>
				isLinked && later > unit && group.some((member) => this.#linked[later]?.[member] === true),
		);
	}

	/** Whether the units hang together by links. */
	hangTogether(group: readonly number[]): boolean {
		const [first] = group;
		if (first === undefined) return false;
		const reached = [first];
		const waiting = new Set(group.slice(1));
		for (const unit of reached) {
			for (const other of [...waiting]) {
				if (this.#linked[unit]?.[other] !== true) continue;
				waiting.delete(other);
				reached.push(other);
			}
		}
		return waiting.size === 0;
	}
}
