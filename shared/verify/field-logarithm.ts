// log(1 + e^d) is softplus(d), by definition; and log(1 + e^-|x|) is softplus(x) - max(x, 0) for every real x: for x >= 0
// it is log((e^x + 1) / e^x), else log(1 + e^x). So both spellings of softplus are one function. All other logarithms are
// uninterpreted.

import { allocateField } from "#shared/numeric/field-buffer.ts";
import { type FieldElement, fieldOperator } from "#shared/numeric/field-operators.ts";
import { applyUninterpreted } from "#shared/numeric/field-uninterpreted.ts";
import { writeExtremum } from "./field-order.ts";
import { copyElement, type FieldRun, fillElement } from "./field-tensor.ts";

function scratch({ trials }: FieldRun): FieldElement {
	return { buffer: allocateField(1, trials.lanes), at: 0 };
}

function copyOf(run: FieldRun, element: FieldElement): FieldElement {
	const copy = scratch(run);
	copyElement(run.trials.lanes, element, copy);
	return copy;
}

/** result = e^exponent. */
export function learnExponential(run: FieldRun, exponent: FieldElement, result: FieldElement): void {
	if (run.facts.hasLogarithm())
		run.facts.exponents.learn(run.facts.identityOf(result), copyOf(run, exponent));
}

/** result = |element|. */
export function learnMagnitude(run: FieldRun, element: FieldElement, result: FieldElement): void {
	if (run.facts.hasLogarithm())
		run.facts.magnitudes.learn(run.facts.identityOf(result), copyOf(run, element));
}

/** Writes the logarithm of 1 + e^d by softplus, and says whether the element was one. */
export function writeSoftplus(run: FieldRun, element: FieldElement, result: FieldElement): boolean {
	const { trials, facts } = run;
	const [unit, rest] = [scratch(run), scratch(run)];
	fillElement(trials.lanes, 1, unit);
	fieldOperator(trials, "subtract")(trials, [element, unit], rest);
	const exponent = facts.exponents.find(facts.identityOf(rest));
	if (exponent === null) return false;
	fieldOperator(trials, "negate")(trials, [exponent], rest);
	const x = facts.magnitudes.find(facts.identityOf(rest));
	const { buffer, at } = x ?? exponent;
	applyUninterpreted(trials, "softplus", [buffer], [at], result.buffer, result.at);
	if (x === null) return true;
	const [zero, positive] = [scratch(run), scratch(run)];
	facts.learn(zero, { kind: "constant", value: 0 });
	writeExtremum(run, "maximum", [x, zero], positive);
	fieldOperator(trials, "subtract")(trials, [result, positive], result);
	return true;
}
