// Where a value is minus infinity. Masks hide scores by it: hidden scores enter sums as (1 - c)·(-∞), c the bool that
// shows them, and what a model asks of a row (is its maximum -∞?) is a polynomial in these bools: the absence, 1 where
// the value is -∞ and 0 where it is a number. Inputs are real numbers, whose absence is 0.

import { allocateField } from "#shared/numeric/field-buffer.ts";
import { type FieldElement, fieldOperator } from "#shared/numeric/field-operators.ts";
import { writeSymbol } from "#shared/numeric/field-uninterpreted.ts";
import type { Hash64 } from "#shared/numeric/keyed-hash.ts";
import { sameIdentity } from "./field-facts.ts";
import { copyElement, type FieldRun, fillElement } from "./field-tensor.ts";

function constantElement({ trials }: FieldRun, value: 0 | 1): FieldElement {
	const element = { buffer: allocateField(1, trials.lanes), at: 0 };
	fillElement(trials.lanes, value, element);
	return element;
}

function infinityElement({ trials }: FieldRun): FieldElement {
	const element = { buffer: allocateField(1, trials.lanes), at: 0 };
	writeSymbol(trials, `${Number.NEGATIVE_INFINITY}`, element.buffer);
	return element;
}

/** Null where it is not known, as for quotients and logarithms. */
export function absenceOf(run: FieldRun, element: FieldElement): FieldElement | null {
	if (run.facts.isFinite(element.buffer)) return constantElement(run, 0);
	const identity = run.facts.identityOf(element);
	const fact = run.facts.find(identity);
	if (fact?.kind !== "constant") return run.facts.absences.find(identity);
	if (fact.value === Number.POSITIVE_INFINITY) return null;
	return constantElement(run, fact.value === Number.NEGATIVE_INFINITY ? 1 : 0);
}

/** Whether the bool is 0 in all lanes. */
export function isNever({ trials }: FieldRun, { buffer, at }: FieldElement): boolean {
	for (let lane = 0; lane < trials.lanes; lane++) if (buffer.outside[at + lane] !== 0) return false;
	return true;
}

/** Of -∞ in all of them: the product, each absence once, as b·b = b. Null where one is not known. */
export function jointAbsence(run: FieldRun, absences: readonly (FieldElement | null)[]): FieldElement | null {
	const product = constantElement(run, 1);
	const seen: Hash64[] = [];
	for (const absence of absences) {
		if (absence === null) return null;
		const identity = run.facts.identityOf(absence);
		if (seen.some((other) => sameIdentity(other, identity))) continue;
		seen.push(identity);
		fieldOperator(run.trials, "multiply")(run.trials, [product, absence], product);
	}
	return product;
}

function learn(run: FieldRun, result: FieldElement, absence: FieldElement | null): void {
	if (absence !== null) run.facts.absences.learn(run.facts.identityOf(result), absence);
}

/**
 * Of a sum, which is -∞ where either is. Where both are, it is -∞ once and not twice: masks that are added to scores then
 * are one mask of both bools.
 */
export function writeAbsentSum(
	run: FieldRun,
	left: FieldElement,
	right: FieldElement,
	result: FieldElement,
): void {
	if (!run.facts.hasInfinity() || run.facts.areFinite([left, right])) return;
	const [one, other] = [absenceOf(run, left), absenceOf(run, right)];
	if (one === null || other === null) return;
	const { trials } = run;
	const joint = jointAbsence(run, [one, other]) ?? constantElement(run, 0);
	const union = constantElement(run, 0);
	fieldOperator(trials, "subtract")(trials, [other, joint], union);
	fieldOperator(trials, "add")(trials, [one, union], union);
	if (!isNever(run, joint)) {
		fieldOperator(trials, "multiply")(trials, [joint, infinityElement(run)], joint);
		fieldOperator(trials, "subtract")(trials, [result, joint], result);
	}
	learn(run, result, union);
}

/** Of a maximum: -∞ where all are. */
export function learnMaximum(run: FieldRun, elements: readonly FieldElement[], result: FieldElement): void {
	if (!run.facts.hasInfinity() || run.facts.areFinite(elements)) return;
	const absences: (FieldElement | null)[] = [];
	for (const element of elements) {
		const absence = absenceOf(run, element);
		if (absence !== null && isNever(run, absence)) {
			learn(run, result, absence);
			return;
		}
		absences.push(absence);
	}
	learn(run, result, jointAbsence(run, absences));
}

/** Of where(condition, whenTrue, whenFalse). */
export function learnSelection(
	run: FieldRun,
	condition: FieldElement,
	[whenTrue, whenFalse]: readonly [FieldElement, FieldElement],
	result: FieldElement,
): void {
	if (!run.facts.hasInfinity() || run.facts.areFinite([whenTrue, whenFalse])) return;
	const [chosen, other] = [absenceOf(run, whenTrue), absenceOf(run, whenFalse)];
	if (chosen === null || other === null) return;
	const { trials } = run;
	const mixed = constantElement(run, 0);
	fieldOperator(trials, "subtract")(trials, [chosen, other], mixed);
	fieldOperator(trials, "multiply")(trials, [condition, mixed], mixed);
	fieldOperator(trials, "add")(trials, [other, mixed], mixed);
	learn(run, result, mixed);
}

/** Writes x == -∞ where x's absence is known, and says whether it was. */
export function writeIsAbsent(
	run: FieldRun,
	[left, right]: readonly [FieldElement, FieldElement],
	result: FieldElement,
): boolean {
	if (!run.facts.hasInfinity()) return false;
	const asked = run.facts.isMinusInfinity(right) ? left : run.facts.isMinusInfinity(left) ? right : null;
	const absence = asked === null ? null : absenceOf(run, asked);
	if (absence === null) return false;
	copyElement(run.trials.lanes, absence, result);
	return true;
}
