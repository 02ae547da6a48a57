// Derivations that are tried: kept if the expression is part of a whole of the program, under the value that the residues
// say it is.

import type { ExpressionId } from "#shared/expression/expression.ts";
import type { AxisMask } from "./axis-masks.ts";
import { type Derivation, derivationKey, normalDerivation, type ValueId } from "./derivation.ts";
import type { ProgramValues } from "./program-values.ts";
import type { Value } from "./value-table.ts";

export interface ClosureLimits {
	readonly valuesMax: number;
	readonly derivationsMax: number;
	readonly queriesMax: number;
	/** Without, only residues and the limits prune. */
	readonly prunesByExpression: boolean;
}

export interface ClosureReport {
	/** Candidates whose expression was asked about. */
	readonly queries: number;
	readonly stop: "complete" | "valueLimit";
}

export interface Candidates {
	/** Adds the derivation, and the value where it is new, unless it is no part of the program. Returns the value. */
	consider(candidate: Derivation, axes: AxisMask): Value | null;
	/** Whether the candidate is part of a whole; false once the queries are used up. */
	isPart(candidate: Derivation, axes: AxisMask): boolean;
	/** Whether some whole has both values inside. */
	mayMeet(a: Value, b: Value): boolean;
	report(): ClosureReport;
}

/** Bits of a mask of wholes; the last stands for all the rest. */
const wholeBits = 30;

export function createCandidates(own: ProgramValues, limits: ClosureLimits): Candidates {
	const { table } = own;
	const wholesOf = createWholeTest(own);
	const tried = new Map<string, Value | null>();
	let queries = 0;
	let isComplete = true;
	const isWithin = (expression: ExpressionId, operands: readonly ValueId[]): boolean => {
		queries++;
		return !limits.prunesByExpression || wholesOf(expression, operands) !== 0;
	};
	const hasBudget = (): boolean => {
		if (queries >= limits.queriesMax) isComplete = false;
		return queries < limits.queriesMax;
	};
	const place = (derivation: Derivation, axes: AxisMask): Value | null => {
		const expression = own.expressionOf(derivation, axes);
		if (!isWithin(expression, derivation.operands)) return null;
		const residues = own.residuesOf(derivation, axes);
		if (residues === null) return null;
		const found = table.find(expression, axes, residues);
		if (found !== null && (isLeaf(found) || isOperand(found.id, derivation))) return found;
		// One sign of a value is enough: (a - b)² needs no (b - a).
		if (found === null && table.hasExpression(own.expressions.negate(expression), axes)) return null;
		if (
			(found === null && table.values.length >= limits.valuesMax) ||
			table.derivationCount() >= limits.derivationsMax
		) {
			isComplete = false;
			return found;
		}
		const value = found ?? table.add(expression, axes, residues);
		table.derive(value.id, derivation, false);
		return value;
	};
	return {
		isPart: (candidate, axes) =>
			hasBudget() && isWithin(own.expressionOf(candidate, axes), candidate.operands),
		consider: (candidate, axes) => {
			const derivation = normalDerivation(candidate);
			// Numbers are folded where the program does; 1/2 of a 2 would only spell a scale differently.
			if (derivation.operands.every((operand) => isNumber(table.value(operand)))) return null;
			const key = derivationKey(derivation);
			const before = tried.get(key);
			if (before !== undefined) return before;
			const value = hasBudget() ? place(derivation, axes) : null;
			tried.set(key, value);
			return value;
		},
		mayMeet: (a, b) =>
			!limits.prunesByExpression ||
			(wholesOf(own.operandExpression(a.id), []) & wholesOf(own.operandExpression(b.id), [])) !== 0,
		report: () => ({ queries, stop: isComplete ? "complete" : "valueLimit" }),
	};
}

function isLeaf(value: Value): boolean {
	return value.derivations[0]?.operands.length === 0;
}

function isNumber(value: Value): boolean {
	return value.derivations[0]?.kind === "constant";
}

function isOperand(id: ValueId, derivation: Derivation): boolean {
	return derivation.operands.some((operand) => operand === id);
}

/** Which wholes an expression is part of, as bits; what is made of others is part of no whole that one of them is not. */
function createWholeTest(
	own: ProgramValues,
): (expression: ExpressionId, operands: readonly ValueId[]) => number {
	const known = new Map<ExpressionId, number>();
	const everywhere = 2 ** wholeBits - 1;
	const wholesOf = (expression: ExpressionId, operands: readonly ValueId[]): number => {
		const answer = known.get(expression);
		if (answer !== undefined) return answer;
		let possible = everywhere;
		for (const operand of operands) possible &= wholesOf(own.operandExpression(operand), []);
		let mask = 0;
		own.wholes.forEach((whole, at) => {
			const bit = 1 << Math.min(at, wholeBits - 1);
			if ((possible & bit) !== 0 && (mask & bit) === 0 && own.expressions.isSubexpression(expression, whole))
				mask |= bit;
		});
		known.set(expression, mask);
		return mask;
	};
	return wholesOf;
}
