// log Σ e^dᵢ = m + log Σ e^(dᵢ - m) for every real m. With m the mean of the dᵢ the differences are the same whatever number
// all dᵢ were lowered by before, so that a logarithm of a sum of exponentials and the one that guards against overflow,
// M + log Σ e^(dᵢ - M), are one function: m plus an uninterpreted one of the set of differences.

import { allocateField } from "#shared/numeric/field-buffer.ts";
import { type FieldElement, fieldOperator } from "#shared/numeric/field-operators.ts";
import { nameHash, writeHashed } from "#shared/numeric/field-uninterpreted.ts";
import { absorb, finalise } from "#shared/numeric/keyed-hash.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { compareIdentities } from "./field-facts.ts";
import { copyElement, type FieldRun, knownTensor } from "./field-tensor.ts";

function copyOf({ trials }: FieldRun, element: FieldElement): FieldElement {
	const copy = { buffer: allocateField(1, trials.lanes), at: 0 };
	copyElement(trials.lanes, element, copy);
	return copy;
}

/** result = e^exponent. An exponent that may be minus infinity has no mean with others. */
export function learnSummand(run: FieldRun, exponent: FieldElement, result: FieldElement): void {
	if (!run.facts.hasLogarithm() || !run.facts.isFinite(exponent.buffer)) return;
	run.facts.exponentials.learn(run.facts.identityOf(result), [copyOf(run, exponent)]);
}

/** result = the sum of the elements. */
export function learnSumOfExponentials(
	run: FieldRun,
	elements: readonly FieldElement[],
	result: FieldElement,
): void {
	if (!run.facts.hasLogarithm()) return;
	const exponents: FieldElement[] = [];
	for (const element of elements) {
		const own = run.facts.exponentials.find(run.facts.identityOf(element));
		if (own === null) return;
		exponents.push(...own);
	}
	if (exponents.length > 0) run.facts.exponentials.learn(run.facts.identityOf(result), exponents);
}

/** Writes the logarithm of a sum of exponentials by their mean (of one, its exponent), and says whether it was one. */
export function writeLogOfSum(run: FieldRun, element: FieldElement, result: FieldElement): boolean {
	const { trials, facts } = run;
	const exponents = facts.exponentials.find(facts.identityOf(element));
	if (exponents === null) return false;
	const [only] = exponents;
	if (only !== undefined && exponents.length === 1) {
		copyElement(trials.lanes, only, result);
		return true;
	}
	const count = knownTensor(run, writeElements("float64", [], [exponents.length])).buffer;
	const mean: FieldElement = { buffer: allocateField(1, trials.lanes), at: 0 };
	for (const exponent of exponents) fieldOperator(trials, "add")(trials, [mean, exponent], mean);
	fieldOperator(trials, "divide")(trials, [mean, { buffer: count, at: 0 }], mean);
	const difference = copyOf(run, mean);
	const identities = exponents.map((exponent) => {
		fieldOperator(trials, "subtract")(trials, [exponent, mean], difference);
		return facts.identityOf(difference);
	});
	trials.uninterpreted.add("log");
	let a = nameHash("log of a sum of exponentials");
	let b = a ^ 0x3c6ef372;
	for (const identity of identities.sort(compareIdentities)) {
		a = absorb(absorb(a, identity.a), identity.b);
		b = absorb(absorb(b, identity.b), identity.a);
	}
	writeHashed(trials, { a: finalise(a), b: finalise(b) }, result.buffer, result.at);
	fieldOperator(trials, "add")(trials, [result, mean], result);
	return true;
}
