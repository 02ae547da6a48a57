// Cheap DAGs of a space that has too many. Best first from the program as written and from the cheapest trees: a step gives
// one value another choice, or does without one value wherever it is used; the cheapest DAG seen is stepped from next.

import {
	chosen,
	type Dag,
	dagOrder,
	emptyDag,
	type RatedDag,
	rateDag,
	spaceValueOf,
	trimDag,
} from "./dag.ts";
import type { ValueId } from "./derivation.ts";
import { type DerivationSpace, treeCost, treeCosts } from "./derivation-space.ts";

export interface BestEnumeration {
	readonly found: readonly RatedDag[];
	/** DAGs rated. */
	readonly states: number;
}

/** DAGs that are stepped from. */
const expansionsMax = 96;

export function enumerateBest(space: DerivationSpace, written: Dag, statesMax: number): BestEnumeration {
	const seen = new Set<string>();
	const found: RatedDag[] = [];
	const open: RatedDag[] = [];
	let states = 0;
	const visit = (dag: Dag): void => {
		states++;
		const order = dagOrder(space, dag);
		if (order === null) return;
		const trimmed = trimDag(space, dag, order);
		const key = String.fromCharCode(
			...order.toSorted((a, b) => a - b).flatMap((id) => [id, trimmed[id] as number]),
		);
		if (seen.has(key)) return;
		seen.add(key);
		const rated = rateDag(space, trimmed);
		if (rated === null) return;
		found.push(rated);
		open.push(rated);
	};
	const costs = treeCosts(space);
	visit(written);
	visit(complete(space, emptyDag(space), costs));
	for (let expansion = 0; expansion < expansionsMax && states < statesMax; expansion++) {
		const next = takeCheapest(open);
		if (next === null) break;
		for (const dag of neighbours(space, next.dag, costs)) if (states < statesMax) visit(dag);
	}
	return { found, states };
}

function takeCheapest(open: RatedDag[]): RatedDag | null {
	let best = 0;
	for (let at = 1; at < open.length; at++) if ((open[at]?.cost ?? 0) < (open[best]?.cost ?? 0)) best = at;
	return open.splice(best, 1)[0] ?? null;
}

function* neighbours(space: DerivationSpace, dag: Dag, costs: Float64Array): Generator<Dag> {
	const used = [...dag.keys()].filter((id) => dag[id] !== -1).reverse();
	for (const id of used) {
		const without = costsWithout(space, id);
		if (space.targets.every((target) => Number.isFinite(without[target] as number)))
			yield complete(space, withoutDear(space, dag, without), without);
	}
	for (const id of used) {
		for (let choice = 0; choice < spaceValueOf(space, id).choices.length; choice++) {
			if (choice === dag[id]) continue;
			const other = dag.slice();
			other[id] = choice;
			yield complete(space, other, costs);
		}
	}
}

/** Tree costs where one value cannot be had. */
function costsWithout(space: DerivationSpace, id: ValueId): Float64Array {
	return treeCosts({ ...space, values: space.values.map((value) => (value?.id === id ? null : value)) });
}

/** The DAG's choices that can still be had. */
function withoutDear(space: DerivationSpace, dag: Dag, costs: Float64Array): Dag {
	return dag.map((choice, id) => {
		if (choice === -1 || !Number.isFinite(costs[id] as number)) return -1;
		return Number.isFinite(treeCost(chosen(space, dag, id), costs)) ? choice : -1;
	});
}

/** Gives every value that is needed and has no choice its cheapest one. */
function complete(space: DerivationSpace, dag: Dag, costs: Float64Array): Dag {
	const whole = dag.slice();
	const pending = [...space.targets];
	const seen = new Set(pending);
	for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
		if (whole[id] === -1) whole[id] = cheapestChoice(space, id, costs);
		for (const operand of chosen(space, whole, id).derivation.operands) {
			if (seen.has(operand)) continue;
			seen.add(operand);
			pending.push(operand);
		}
	}
	return whole;
}

function cheapestChoice(space: DerivationSpace, id: ValueId, costs: Float64Array): number {
	let best = 0;
	let bestCost = Number.POSITIVE_INFINITY;
	for (const [at, choice] of spaceValueOf(space, id).choices.entries()) {
		const cost = treeCost(choice, costs);
		if (cost < bestCost) [best, bestCost] = [at, cost];
	}
	return best;
}
