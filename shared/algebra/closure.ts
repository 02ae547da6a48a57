// All values that any DAG may contain: the program's own, then whatever its operators make of two values or one, kept if
// its expression is part of an output's (Mirage's pruning, OSDI'25, section 4.2), until nothing new comes. Operators with
// laws (+ - · ÷ sums) are tried on everything; all others only exist where the program has them.

import { assert } from "#shared/fault/assert.ts";
import type { Program } from "#shared/program/program.ts";
import { type AxisMask, isNested, subsetsOf, volumeOf } from "./axis-masks.ts";
import { type Candidates, type ClosureLimits, type ClosureReport, createCandidates } from "./candidates.ts";
import { applyLocalRules, type Maker } from "./local-rules.ts";
import type { ProgramValues } from "./program-values.ts";
import type { Value } from "./value-table.ts";

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

/** Grows the table of `own` to the fixed point, or to its limits: the local rules first, then everything. */
export function closeValues(own: ProgramValues, rules: ClosureRules, limits: ClosureLimits): ClosureReport {
	const candidates = createCandidates(own, limits);
	const make = createMaker(rules, candidates);
	const { table } = own;
	if (limits.prunesByExpression) applyLocalRules(table, make);
	for (let at = 0; at < table.values.length; at++) {
		const value = table.value(at);
		if (rules.negates) candidates.consider({ kind: "map", operator: "negate", operands: [at] }, value.axes);
		for (const over of subsetsOf(value.axes & rules.summed)) make.sum(value, over);
		for (let other = 0; other <= at; other++) combine(table.value(other), value, rules, candidates, make);
	}
	return candidates.report();
}

/** Only shapes and operators that the rules allow. */
function createMaker(rules: ClosureRules, { consider }: Candidates): Maker {
	const hasOperator = { add: rules.adds, subtract: rules.subtracts, divide: rules.divides, multiply: true };
	return {
		map: (operator, a, b) => {
			if (a === null || b === null || !hasOperator[operator]) return null;
			const axes = a.axes | b.axes;
			if (!isNested(a.axes, b.axes) && !(operator === "multiply" && rules.shapes.has(axes))) return null;
			return consider({ kind: "map", operator, operands: [a.id, b.id] }, axes);
		},
		sum: (a, over) => {
			if (a === null) return null;
			return consider({ kind: "reduce", operator: "sum", over, operands: [a.id] }, a.axes & ~over);
		},
		contract: (a, b, over) => {
			// A sum of squares has one spelling: the sum of x·x.
			if (a === null || b === null || a === b) return null;
			const axes = (a.axes | b.axes) & ~over;
			if (volumeOf(axes, rules.extents) > rules.elementsMax && !rules.shapes.has(axes)) return null;
			return consider({ kind: "contract", over, operands: [a.id, b.id] }, axes);
		},
	};
}

function combine(a: Value, b: Value, rules: ClosureRules, candidates: Candidates, make: Maker): void {
	if (!candidates.mayMeet(a, b)) return;
	make.map("add", a, b);
	make.map("divide", a, b);
	if (a !== b) {
		make.map("divide", b, a);
		make.map("subtract", a, b);
		make.map("subtract", b, a);
	}
	const axes = a.axes | b.axes;
	const summed = a.axes & b.axes & rules.summed;
	if (summed === 0 && !isNested(a.axes, b.axes) && !rules.shapes.has(axes)) return;
	// A sum of products is no part of what the product is no part of.
	if (!candidates.isPart({ kind: "map", operator: "multiply", operands: [a.id, b.id] }, axes)) return;
	make.map("multiply", a, b);
	for (const over of subsetsOf(summed)) make.contract(a, b, over);
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
