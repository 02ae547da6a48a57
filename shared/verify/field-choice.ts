// Integers of which it is known that they are one of few numbers v₁ … vₙ. Such an element is a choice: with bᵢ the bool
// that it is vᵢ, it is Σ bᵢ·vᵢ, and Σ bᵢ = 1. A value that depends on one choice is known case by case and is Σ bᵢ·eᵢ,
// with eᵢ what it is in case i: so comparisons, bools, selections and gathers by it are polynomials in the bᵢ, and two that
// agree wherever Σ bᵢ = 1 agree where one bᵢ is 1. What depends on two choices is computed from the sums.

import { allocateField, type FieldBuffer } from "#shared/numeric/field-buffer.ts";
import { type FieldElement, fieldOperator } from "#shared/numeric/field-operators.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import type { ElementFunction } from "./field-each-element.ts";
import type { Choice, ChoiceFact } from "./field-facts.ts";
import { copyElement, type FieldRun, fillElement, knownTensor } from "./field-tensor.ts";

function scratch({ trials }: FieldRun): FieldElement {
	return { buffer: allocateField(1, trials.lanes), at: 0 };
}

/** Variables that each element of the domain takes. */
export function choiceVariables(values: readonly number[]): number {
	return values.length - 1;
}

/** A tensor of independent choices. `drawn`: `choiceVariables` random elements for each of its own. */
export function writeChoices(
	run: FieldRun,
	values: readonly number[],
	elements: number,
	drawn: FieldBuffer,
): FieldBuffer {
	const { trials } = run;
	const { lanes } = trials;
	const perElement = choiceVariables(values);
	const numbers = knownTensor(run, writeElements("int64", [values.length], values)).buffer;
	const entries = values.map((_, index): FieldElement => ({ buffer: numbers, at: index * lanes }));
	const buffer = allocateField(elements, lanes);
	run.facts.noteChoice();
	for (let element = 0; element < elements; element++) {
		const bools = Array.from(
			{ length: perElement },
			(_, index): FieldElement => ({ buffer: drawn, at: (element * perElement + index) * lanes }),
		);
		const last = scratch(run);
		fillElement(lanes, 1, last);
		for (const bool of bools) fieldOperator(trials, "subtract")(trials, [last, bool], last);
		writeCases(run, { bools: [...bools, last] }, entries, { buffer, at: element * lanes });
	}
	return buffer;
}

/** result = Σ bᵢ·eᵢ, or the one value that all cases share. */
function writeCases(
	run: FieldRun,
	choice: Choice,
	cases: readonly FieldElement[],
	result: FieldElement,
): void {
	const { trials } = run;
	const [first] = cases;
	if (first !== undefined && cases.every((other) => isSame(run, first, other))) {
		copyElement(trials.lanes, first, result);
		return;
	}
	const sum = scratch(run);
	const product = scratch(run);
	for (const [index, bool] of choice.bools.entries()) {
		const own = cases[index];
		if (own === undefined) continue;
		fieldOperator(trials, "multiply")(trials, [bool, own], product);
		fieldOperator(trials, "add")(trials, [sum, product], sum);
	}
	copyElement(trials.lanes, sum, result);
	run.facts.choices.learn(run.facts.identityOf(result), { choice, cases });
}

function isSame({ trials }: FieldRun, one: FieldElement, other: FieldElement): boolean {
	for (const component of ["outside", "inside"] as const)
		for (let lane = 0; lane < trials.lanes; lane++) {
			const [a, b] = [one.buffer[component][one.at + lane], other.buffer[component][other.at + lane]];
			if (!Object.is(a, b)) return false;
		}
	return true;
}

/** The elements' facts, where all that depend on a choice depend on the same one; else null. */
function commonChoice(
	run: FieldRun,
	elements: readonly FieldElement[],
): { readonly choice: Choice; readonly facts: readonly (ChoiceFact | null)[] } | null {
	const facts = elements.map((element) => run.facts.choices.find(run.facts.identityOf(element)));
	const found = facts.find((fact) => fact !== null);
	if (found === undefined || found === null) return null;
	const { choice } = found;
	return facts.every((fact) => fact === null || fact.choice === choice) ? { choice, facts } : null;
}

/**
 * Writes the function case by case, and says whether it did. It must be a polynomial of its operands, or a function of
 * known numbers alone (`isOfNumbers`), for only these keep the degrees that graph-sizes.ts counts.
 */
export function writeByCase(
	run: FieldRun,
	apply: ElementFunction,
	operands: readonly FieldElement[],
	result: FieldElement,
	isOfNumbers = false,
): boolean {
	if (!run.facts.hasChoice()) return false;
	const common = commonChoice(run, operands);
	if (common === null) return false;
	const inCase = (index: number): FieldElement[] =>
		operands.map((operand, at) => common.facts[at]?.cases[index] ?? operand);
	const isNumber = (element: FieldElement): boolean =>
		run.facts.find(run.facts.identityOf(element))?.kind === "constant";
	const { choice } = common;
	if (isOfNumbers && !choice.bools.every((_, index) => inCase(index).every(isNumber))) return false;
	const cases = choice.bools.map((_, index) => {
		const own = scratch(run);
		apply(inCase(index), own);
		return own;
	});
	writeCases(run, choice, cases, result);
	return true;
}

/**
 * Writes the element of `candidates` that an index names, and says whether it did: whether the index is a choice of
 * numbers that all are in range. Negative ones count from the end.
 */
export function writeChosen(
	run: FieldRun,
	index: FieldElement,
	candidates: readonly FieldElement[],
	result: FieldElement,
): boolean {
	if (!run.facts.hasChoice()) return false;
	const fact = run.facts.choices.find(run.facts.identityOf(index));
	if (fact === null) return false;
	const cases: FieldElement[] = [];
	for (const element of fact.cases) {
		const number = run.facts.find(run.facts.identityOf(element));
		if (number?.kind !== "constant") return false;
		const chosen = candidates.at(number.value);
		if (chosen === undefined || !Number.isInteger(number.value)) return false;
		cases.push(chosen);
	}
	writeCases(run, fact.choice, cases, result);
	return true;
}
