import { present } from "#shared/fault/assert.ts";
import type { AxisMask } from "./axis-masks.ts";
import { isSumming, type ValueId } from "./derivation.ts";
import type { Choice, DerivationSpace, SpaceValue } from "./derivation-space.ts";

/** For each value the index of its choice, or -1 where the DAG does not have it. */
export type Dag = Int16Array;

export interface RatedDag {
	readonly dag: Dag;
	/** Operations, those of second passes included. */
	readonly cost: number;
	/** Equal for DAGs that compute the same sums. */
	readonly structure: string;
}

/**
 * What a second pass costs, an element. A value with an axis over which something in its past was summed cannot be computed
 * in the loop that does that sum: this is what ranks a division behind a contraction before one in front of it.
 */
const secondPassOperations = 16;

export function emptyDag(space: DerivationSpace): Dag {
	return new Int16Array(space.values.length).fill(-1);
}

export function spaceValueOf(space: DerivationSpace, id: ValueId): SpaceValue {
	return present(space.values[id], "value of the space");
}

export function chosen(space: DerivationSpace, dag: Dag, id: ValueId): Choice {
	return present(spaceValueOf(space, id).choices[dag[id] ?? -1], "choice of a value of the DAG");
}

/** Values of the DAG, operands first; null where its choices go round in a circle. Iterative: depth is the user's. */
export function dagOrder(space: DerivationSpace, dag: Dag): ValueId[] | null {
	const order: ValueId[] = [];
	/** 0 unseen, 1 open, 2 done. */
	const state = new Uint8Array(dag.length);
	const stack = [...space.targets].reverse();
	for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
		if (state[id] === 2) continue;
		if (state[id] === 1) {
			state[id] = 2;
			order.push(id);
			continue;
		}
		state[id] = 1;
		stack.push(id);
		for (const operand of chosen(space, dag, id).derivation.operands) {
			if (state[operand] === 1) return null;
			if (state[operand] === 0) stack.push(operand);
		}
	}
	return order;
}

/** Null for choices that go round in a circle. */
export function rateDag(space: DerivationSpace, dag: Dag): RatedDag | null {
	const order = dagOrder(space, dag);
	if (order === null) return null;
	const summedBefore = new Int32Array(dag.length);
	const sums: ValueId[] = [];
	let cost = 0;
	for (const id of order) {
		const { derivation, operations, over } = chosen(space, dag, id);
		let before: AxisMask = over;
		for (const operand of derivation.operands) before |= summedBefore[operand] as number;
		summedBefore[id] = before;
		cost += operations;
		const { axes, elements } = spaceValueOf(space, id);
		if ((axes & before) !== 0) cost += secondPassOperations * elements;
		if (isSumming(derivation)) sums.push(id);
	}
	return { dag, cost, structure: sums.sort((a, b) => a - b).join() };
}

/** The same choices as far as the outputs need them. */
export function trimDag(space: DerivationSpace, dag: Dag, order: readonly ValueId[]): Dag {
	const trimmed = emptyDag(space);
	for (const id of order) trimmed[id] = dag[id] ?? -1;
	return trimmed;
}
