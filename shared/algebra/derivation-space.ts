// What extraction chooses from: the values that an output can be computed from, and the derivations of each. Costs are
// rough: operations of a node, a division counting more.

import type { Program } from "#shared/program/program.ts";
import { type AxisMask, volumeOf } from "./axis-masks.ts";
import type { Derivation, ValueId } from "./derivation.ts";
import type { ProgramValues } from "./program-values.ts";
import type { Value } from "./value-table.ts";

export interface Choice {
	readonly derivation: Derivation;
	/** Operations of this node alone. */
	readonly operations: number;
	/** Axes summed by this node. */
	readonly over: AxisMask;
	readonly isWritten: boolean;
}

export interface SpaceValue {
	readonly id: ValueId;
	readonly axes: AxisMask;
	readonly elements: number;
	readonly choices: readonly Choice[];
}

export interface DerivationSpace {
	/** By value id; null for values that no output can be computed from. */
	readonly values: readonly (SpaceValue | null)[];
	/** The program's outputs, each value once. */
	readonly targets: readonly ValueId[];
}

/** Operations of one element, where more than one: a division has a fraction of a multiplication's throughput. */
const operationWeights: Readonly<Record<string, number>> = { divide: 3 };

/** Everything that is reachable backwards from the outputs. */
export function usefulSpace(program: Program, { table, targets }: ProgramValues): DerivationSpace {
	const extents = program.axes.map(({ extent }) => extent);
	const values: (SpaceValue | null)[] = table.values.map(() => null);
	const pending = [...targets];
	for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
		if (values[id] !== null) continue;
		const value = table.value(id);
		values[id] = spaceValue(value, extents);
		for (const derivation of value.derivations) pending.push(...derivation.operands);
	}
	return { values, targets };
}

function spaceValue(value: Value, extents: readonly number[]): SpaceValue {
	const choices = value.derivations.map((derivation, at) => {
		const over = derivation.kind === "reduce" || derivation.kind === "contract" ? derivation.over : 0;
		const weight = derivation.kind === "map" ? (operationWeights[derivation.operator] ?? 1) : 1;
		const operations = derivation.operands.length === 0 ? 0 : weight * volumeOf(value.axes | over, extents);
		return { derivation, operations, over, isWritten: at === value.written };
	});
	return { id: value.id, axes: value.axes, elements: volumeOf(value.axes, extents), choices };
}

/** The space without the choices that are refused; values that nothing reads any more go. */
export function restrictSpace(
	space: DerivationSpace,
	keeps: (value: SpaceValue, choice: Choice) => boolean,
): DerivationSpace {
	const values: (SpaceValue | null)[] = space.values.map(() => null);
	const pending = [...space.targets];
	for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
		const value = space.values[id];
		if (value == null || values[id] !== null) continue;
		const choices = value.choices.filter((choice) => keeps(value, choice));
		values[id] = { ...value, choices };
		for (const { derivation } of choices) pending.push(...derivation.operands);
	}
	return { values, targets: space.targets };
}

/**
 * For each value the operations of its cheapest tree; what is used twice counts twice. Infinite for values that are not
 * in the space. A cheapest tree's choices have no cycles: every node counts one operation at least.
 */
export function treeCosts({ values }: DerivationSpace): Float64Array {
	const costs = new Float64Array(values.length).fill(Number.POSITIVE_INFINITY);
	for (let changed = true; changed; ) {
		changed = false;
		for (const value of values) {
			for (const choice of value?.choices ?? []) {
				const cost = treeCost(choice, costs);
				if (value === null || cost >= (costs[value.id] as number)) continue;
				costs[value.id] = cost;
				changed = true;
			}
		}
	}
	return costs;
}

export function treeCost({ operations, derivation }: Choice, costs: Float64Array): number {
	let cost = operations + 1;
	for (const operand of derivation.operands) cost += costs[operand] as number;
	return cost;
}
