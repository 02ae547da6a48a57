// All values that any DAG may contain: the program's own, then whatever its operators make of two values or one, kept if
// its expression is part of an output's (Mirage's pruning, OSDI'25, section 4.2), until nothing new comes. Operators with
// laws (+ - · ÷ sums) are tried on everything; all others only exist where the program has them.

import { assert } from "#shared/fault/assert.ts";
import type { Program } from "#shared/program/program.ts";
import { type AxisMask, isNested, subsetsOf, volumeOf } from "./axis-masks.ts";
import { type Candidates, type ClosureLimits, type ClosureReport, createCandidates } from "./candidates.ts";
import type { Derivation } from "./derivation.ts";
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

/** Grows the table of `own` to the fixed point, or to its limits. */
export function closeValues(own: ProgramValues, rules: ClosureRules, limits: ClosureLimits): ClosureReport {
	const candidates = createCandidates(own, limits);
	const { table } = own;
	for (let at = 0; at < table.values.length; at++) {
		const value = table.value(at);
		combineOne(value, rules, candidates);
		for (let other = 0; other <= at; other++) combineTwo(table.value(other), value, rules, candidates);
	}
	return candidates.report();
}

function combineOne(value: Value, rules: ClosureRules, { consider }: Candidates): void {
	const { id, axes } = value;
	if (rules.negates) consider({ kind: "map", operator: "negate", operands: [id] }, axes);
	for (const over of subsetsOf(axes & rules.summed))
		consider({ kind: "reduce", operator: "sum", over, operands: [id] }, axes & ~over);
}

function combineTwo(a: Value, b: Value, rules: ClosureRules, candidates: Candidates): void {
	const { consider } = candidates;
	if (!candidates.mayMeet(a, b)) return;
	const axes = a.axes | b.axes;
	const operands = [a.id, b.id] as const;
	const areNested = isNested(a.axes, b.axes);
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
	const summed = a.axes & b.axes & rules.summed;
	const isShape = areNested || rules.shapes.has(axes);
	if (!isShape && summed === 0) return;
	const product: Derivation = { kind: "map", operator: "multiply", operands };
	// A sum of products is no part of what the product is no part of.
	if (!candidates.isPart(product, axes)) return;
	if (isShape) consider(product, axes);
	// A sum of squares has one spelling: the sum of x·x.
	if (a === b) return;
	for (const over of subsetsOf(summed)) {
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
