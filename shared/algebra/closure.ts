// All values that any DAG may contain: the program's own, then whatever its operators make of two values or one, kept if
// its expression is part of an output's (Mirage's pruning, OSDI'25, section 4.2), until nothing new comes. Operators with
// laws (+ - · ÷ sums) are tried on everything; all others only exist where the program has them.

import { assert } from "#shared/fault/assert.ts";
import type { Program } from "#shared/program/program.ts";
import { type AxisMask, isNested, subsetsOf, volumeOf } from "./axis-masks.ts";
import { type Derivation, normalDerivation, type ValueId } from "./derivation.ts";
import type { ProgramValues } from "./program-values.ts";
import type { Value } from "./value-table.ts";

export interface ClosureLimits {
	readonly valuesMax: number;
	readonly derivationsMax: number;
	/** Without, only residues and the limits prune. */
	readonly prunesByExpression: boolean;
}

export interface ClosureReport {
	/** Candidates whose expression was asked about. */
	readonly queries: number;
	readonly stop: "complete" | "valueLimit";
}

/** What may be made of values: the shapes and operators that the program itself has. */
export interface ClosureRules {
	readonly adds: boolean;
	readonly subtracts: boolean;
	readonly divides: boolean;
	readonly negates: boolean;
	/** Axes that the program sums over. */
	readonly summed: AxisMask;
	/** Axis sets of the program's values: outer products must have one of them. */
	readonly shapes: ReadonlySet<AxisMask>;
	/** Elements of the largest of them. */
	readonly elementsMax: number;
	readonly extents: readonly number[];
}

export function closureRules(program: Program, values: readonly Value[]): ClosureRules {
	const has = (operator: string): boolean =>
		program.nodes.some((node) => node.kind === "map" && node.operator === operator);
	const extents = program.axes.map(({ extent }) => extent);
	const derivations = values.flatMap((value) => value.derivations);
	return {
		adds: has("add"),
		subtracts: has("subtract"),
		divides: has("divide"),
		negates: has("negate"),
		summed: derivations.reduce(
			(mask, derivation) =>
				derivation.kind === "contract" || (derivation.kind === "reduce" && derivation.operator === "sum")
					? mask | derivation.over
					: mask,
			0,
		),
		shapes: new Set(values.map(({ axes }) => axes)),
		elementsMax: Math.max(...values.map(({ axes }) => volumeOf(axes, extents))),
		extents,
	};
}

/** Grows the table of `own` to the fixed point, or to its limits. */
export function closeValues(own: ProgramValues, rules: ClosureRules, limits: ClosureLimits): ClosureReport {
	const { table } = own;
	const isPart = partTest(own);
	let queries = 0;
	let isComplete = true;
	const consider = (candidate: Derivation, axes: AxisMask): void => {
		const derivation = normalDerivation(candidate);
		queries++;
		const expression = own.expressionOf(derivation, axes);
		if (limits.prunesByExpression && !isPart(expression)) return;
		const residues = own.residuesOf(derivation, axes);
		if (residues === null) return;
		const found = table.find(expression, axes, residues);
		if (found !== null && (found.derivations[0]?.operands.length === 0 || isOperand(found.id, derivation)))
			return;
		if (found === null && table.values.length >= limits.valuesMax) isComplete = false;
		else if (table.derivationCount() >= limits.derivationsMax) isComplete = false;
		else table.derive((found ?? table.add(expression, axes, residues)).id, derivation, false);
	};
	for (let at = 0; at < table.values.length; at++) {
		const value = table.value(at);
		combineOne(value, rules, consider);
		for (let other = 0; other <= at; other++) combineTwo(table.value(other), value, rules, consider);
	}
	return { queries, stop: isComplete ? "complete" : "valueLimit" };
}

function isOperand(id: ValueId, derivation: Derivation): boolean {
	return derivation.operands.some((operand) => operand === id);
}

function partTest(own: ProgramValues): (expression: number) => boolean {
	const known = new Map<number, boolean>();
	return (expression) => {
		let answer = known.get(expression);
		if (answer === undefined) {
			answer = own.targets.some((target) =>
				own.expressions.isSubexpression(expression, own.table.value(target).expression),
			);
			known.set(expression, answer);
		}
		return answer;
	};
}

type Consider = (candidate: Derivation, axes: AxisMask) => void;

function combineOne(value: Value, rules: ClosureRules, consider: Consider): void {
	const { id, axes } = value;
	if (rules.negates) consider({ kind: "map", operator: "negate", operands: [id] }, axes);
	for (const over of subsetsOf(axes & rules.summed))
		consider({ kind: "reduce", operator: "sum", over, operands: [id] }, axes & ~over);
}

function combineTwo(a: Value, b: Value, rules: ClosureRules, consider: Consider): void {
	const axes = a.axes | b.axes;
	const operands = [a.id, b.id] as const;
	const areNested = isNested(a.axes, b.axes);
	if (areNested || rules.shapes.has(axes)) consider({ kind: "map", operator: "multiply", operands }, axes);
	if (areNested) {
		if (rules.divides) {
			consider({ kind: "map", operator: "divide", operands }, axes);
			if (a !== b) consider({ kind: "map", operator: "divide", operands: [b.id, a.id] }, axes);
		}
		if (rules.adds) consider({ kind: "map", operator: "add", operands }, axes);
		if (rules.subtracts && a !== b) {
			consider({ kind: "map", operator: "subtract", operands }, axes);
			consider({ kind: "map", operator: "subtract", operands: [b.id, a.id] }, axes);
		}
	}
	// A sum of squares has one spelling: the sum of x·x.
	if (a === b) return;
	for (const over of subsetsOf(a.axes & b.axes & rules.summed)) {
		const rest = axes & ~over;
		if (volumeOf(rest, rules.extents) <= rules.elementsMax || rules.shapes.has(rest))
			consider({ kind: "contract", over, operands }, rest);
	}
}

/** Every written derivation is there: the program's own DAG is among those found, whatever the limits. */
export function assertWritten(own: ProgramValues): void {
	for (const target of own.targets)
		assert(own.table.value(target).written >= 0, "an output is written by the program");
	for (const value of own.table.values) {
		if (value.written < 0) continue;
		for (const operand of value.derivations[value.written]?.operands ?? [])
			assert(
				operand < value.id && own.table.value(operand).written >= 0,
				"the program's DAG is in the table",
			);
	}
}
