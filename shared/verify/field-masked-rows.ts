// Softmax over rows that may be masked altogether, without a comparison: with M = max(a₁ … aₙ, lowest) and
// S = Σ e^(aᵢ - M), it is e^(aᵢ - M) / max(S, 1), where `lowest` is the lowest finite number of the type. A finite aᵢ is at
// least that number, so that one finite aᵢ makes M the largest of them and S at least e⁰. Without one S is 0 and each e^(aᵢ - M)
// is. Hence max(S, 1) is S for a row that cannot be masked altogether, and the quotient is (1 - E)·e^(aᵢ - M) / S, with E
// the bool that all aᵢ are -∞. Nothing else is concluded: max(S, 1) is not S where E may be 1.

import { allocateField } from "#shared/numeric/field-buffer.ts";
import { type FieldElement, fieldOperator } from "#shared/numeric/field-operators.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { lowestFinite } from "#shared/tensor/lowest-finite.ts";
import { absenceOf, isNever, jointAbsence } from "./field-absence.ts";
import { type RowSumFact, type ShareFact, sameIdentity } from "./field-facts.ts";
import { copyElement, type FieldRun } from "./field-tensor.ts";

function copyOf({ trials }: FieldRun, element: FieldElement): FieldElement {
	const copy = { buffer: allocateField(1, trials.lanes), at: 0 };
	copyElement(trials.lanes, element, copy);
	return copy;
}

/**
 * Writes max(x, lowest) as x where x is known to be no infinity: a finite value of a type is at least its lowest. Says
 * whether it did. Maxima with the lowest number are rare: without one no row is looked for.
 */
export function writePeak(
	run: FieldRun,
	[left, right]: readonly [FieldElement, FieldElement],
	dataType: DataType,
	result: FieldElement,
): boolean {
	const lowest = lowestFinite[dataType];
	if (lowest === undefined) return false;
	const isLowest = (element: FieldElement): boolean => {
		const fact = run.facts.find(run.facts.identityOf(element));
		return fact?.kind === "constant" && fact.value === lowest;
	};
	const other = isLowest(right) ? left : isLowest(left) ? right : null;
	if (other === null) return false;
	run.facts.notePeak();
	const absence = absenceOf(run, other);
	if (absence === null || !isNever(run, absence)) return false;
	copyElement(run.trials.lanes, other, result);
	return true;
}

/** result = left - right, computed in the type. */
export function learnGap(
	run: FieldRun,
	[left, right]: readonly [FieldElement, FieldElement],
	result: FieldElement,
	dataType: DataType,
): void {
	const lowest = lowestFinite[dataType];
	if (!run.facts.hasPeak() || lowest === undefined) return;
	const peak = run.facts.identityOf(right);
	const fact = run.facts.find(peak);
	if (fact?.kind !== "extremum" || fact.operator !== "maximum") return;
	const member = run.facts.identityOf(left);
	if (!fact.members.some((other) => sameIdentity(other, member))) return;
	const absence = absenceOf(run, left);
	if (absence === null) return;
	run.facts.shares.learn(run.facts.identityOf(result), { kind: "gap", member, peak, lowest, absence });
}

/** result = e^element. */
export function learnShare(run: FieldRun, element: FieldElement, result: FieldElement): void {
	if (!run.facts.hasPeak()) return;
	const gap = run.facts.shares.find(run.facts.identityOf(element));
	if (gap?.kind === "gap") run.facts.shares.learn(run.facts.identityOf(result), { ...gap, kind: "share" });
}

/** result = the sum of the elements. What is hidden in every case adds 0. */
export function learnRowSum(run: FieldRun, elements: readonly FieldElement[], result: FieldElement): void {
	if (!run.facts.hasPeak()) return;
	const shares: ShareFact[] = [];
	for (const element of elements) {
		if (isNever(run, element)) continue;
		const share = run.facts.shares.find(run.facts.identityOf(element));
		if (share?.kind !== "share") return;
		shares.push(share);
	}
	const [first] = shares;
	if (first === undefined) return;
	const { peak, lowest } = first;
	const extremum = run.facts.find(peak);
	if (extremum?.kind !== "extremum") return;
	const isWhole = extremum.members.every((member) => {
		if (shares.some((share) => sameIdentity(share.member, member))) return true;
		const fact = run.facts.find(member);
		return fact?.kind === "constant" && fact.value === lowest;
	});
	const isOne = shares.every((share) => share.lowest === lowest && sameIdentity(share.peak, peak));
	const absence =
		isWhole && isOne
			? jointAbsence(
					run,
					shares.map((share) => share.absence),
				)
			: null;
	if (absence !== null)
		run.facts.rowSums.learn(run.facts.identityOf(result), {
			kind: "sum",
			peak,
			sum: copyOf(run, result),
			absence,
		});
}

/** Writes max(S, 1) as S where the row cannot be masked altogether, and says whether it did. */
export function writeSafeSum(
	run: FieldRun,
	elements: readonly FieldElement[],
	result: FieldElement,
): boolean {
	const guarded = guardedSum(run, elements);
	if (guarded === null || !isNever(run, guarded.absence)) return false;
	copyElement(run.trials.lanes, guarded.sum, result);
	return true;
}

/** result = max(elements). */
export function learnGuard(run: FieldRun, elements: readonly FieldElement[], result: FieldElement): void {
	const guarded = guardedSum(run, elements);
	if (guarded !== null) run.facts.rowSums.learn(run.facts.identityOf(result), guarded);
}

function guardedSum(run: FieldRun, elements: readonly FieldElement[]): RowSumFact | null {
	if (!run.facts.hasPeak() || elements.length !== 2) return null;
	const identities = elements.map((element) => run.facts.identityOf(element));
	const isGuarded = identities.some((identity) => {
		const fact = run.facts.find(identity);
		return fact?.kind === "constant" && fact.value === 1;
	});
	const sum = identities
		.map((identity) => run.facts.rowSums.find(identity))
		.find((row) => row?.kind === "sum");
	return isGuarded && sum !== undefined && sum !== null ? { ...sum, kind: "guarded" } : null;
}

/** Writes e^(aᵢ - M) / max(S, 1) as (1 - E)·e^(aᵢ - M) / S, and says whether the operands were these. */
export function writeGuardedShare(
	run: FieldRun,
	[share, divisor]: readonly [FieldElement, FieldElement],
	result: FieldElement,
): boolean {
	if (!run.facts.hasPeak()) return false;
	const guarded = run.facts.rowSums.find(run.facts.identityOf(divisor));
	if (guarded?.kind !== "guarded") return false;
	const row = run.facts.shares.find(run.facts.identityOf(share));
	if (row?.kind !== "share" || !sameIdentity(row.peak, guarded.peak)) return false;
	const { trials } = run;
	const quotient = copyOf(run, share);
	const hidden = copyOf(run, share);
	fieldOperator(trials, "divide")(trials, [share, guarded.sum], quotient);
	fieldOperator(trials, "multiply")(trials, [quotient, guarded.absence], hidden);
	fieldOperator(trials, "subtract")(trials, [quotient, hidden], result);
	return true;
}
