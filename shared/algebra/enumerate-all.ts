import { chosen, type Dag, emptyDag, spaceValueOf } from "./dag.ts";
import type { ValueId } from "./derivation.ts";
import type { DerivationSpace } from "./derivation-space.ts";

export interface WholeEnumeration {
	readonly dags: readonly Dag[];
	readonly states: number;
	/** False when a limit ended it. */
	readonly isComplete: boolean;
}

/**
 * Every DAG once, from the outputs down: one value after the other, in the order in which they come to be needed, takes
 * each of its choices. A position is the path of choices; the order of values follows from it, so no DAG has two.
 */
export function enumerateAll(space: DerivationSpace, dagsMax: number, statesMax: number): WholeEnumeration {
	const dag = emptyDag(space);
	const found: Dag[] = [];
	const needed: ValueId[] = [...space.targets];
	let states = 0;
	const isOver = (): boolean => states >= statesMax || found.length > dagsMax;
	const visit = (at: number): void => {
		if (isOver()) return;
		states++;
		const id = needed[at];
		if (id === undefined) {
			found.push(dag.slice());
			return;
		}
		const { choices } = spaceValueOf(space, id);
		const length = needed.length;
		for (let choice = 0; choice < choices.length && !isOver(); choice++) {
			dag[id] = choice;
			const operands = choices[choice]?.derivation.operands ?? [];
			if (operands.some((operand) => reaches(space, dag, operand, id))) continue;
			for (const operand of operands)
				if (dag[operand] === -1 && !needed.includes(operand)) needed.push(operand);
			visit(at + 1);
			needed.length = length;
		}
		dag[id] = -1;
	};
	visit(0);
	return { dags: found, states, isComplete: !isOver() };
}

/** Whether the choices made so far lead from one value to another. */
function reaches(space: DerivationSpace, dag: Dag, from: ValueId, to: ValueId): boolean {
	const stack = [from];
	const seen = new Set(stack);
	for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
		if (id === to) return true;
		if (dag[id] === -1) continue;
		for (const operand of chosen(space, dag, id).derivation.operands) {
			if (seen.has(operand)) continue;
			seen.add(operand);
			stack.push(operand);
		}
	}
	return false;
}
