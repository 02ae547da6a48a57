// Maxima, minima and comparisons of one element. A field has no order: they are uninterpreted, up to the laws of every
// total order that models are rewritten with. Maxima are those of a set (commutative, associative, idempotent), of
// known numbers only the largest counts; a ≤ b is not b < a; where(a < b, b, a) is a maximum.

import { present } from "#shared/fault/assert.ts";
import { allocateField } from "#shared/numeric/field-buffer.ts";
import type { FieldElement } from "#shared/numeric/field-operators.ts";
import { nameHash, writeHashed } from "#shared/numeric/field-uninterpreted.ts";
import { absorb, finalise, type Hash64 } from "#shared/numeric/keyed-hash.ts";
import { learnMaximum } from "./field-absence.ts";
import { compareIdentities, type Extremum, sameIdentity } from "./field-facts.ts";
import { copyElement, type FieldRun, fillElement } from "./field-tensor.ts";

interface Member {
	readonly identity: Hash64;
	/** Null for a member of an extremum that is an operand. */
	readonly element: FieldElement | null;
}

/** result = the extremum of one or more elements. */
export function writeExtremum(
	run: FieldRun,
	operator: Extremum,
	elements: readonly FieldElement[],
	result: FieldElement,
): void {
	const members = dropOutdone(run, operator, distinctMembers(run, operator, elements));
	const [first] = members;
	if (members.length === 1 && first !== undefined) {
		copyElement(run.trials.lanes, present(first.element, "a single member is an operand"), result);
	} else {
		const identities = members.map(({ identity }) => identity);
		const clamped = clampedMembers(run, operator, identities);
		if (clamped === null) writeMembers(run, operator, identities, result);
		else writeMembers(run, "maximum", clamped.toSorted(compareIdentities), result);
	}
	if (operator === "maximum") learnMaximum(run, elements, result);
}

/** `members`: two or more, in the order of identities. */
function writeMembers(
	run: FieldRun,
	operator: Extremum,
	members: readonly Hash64[],
	result: FieldElement,
): void {
	run.trials.uninterpreted.add(operator);
	writeFunction(run, operator, members, result);
	run.facts.learn(result, { kind: "extremum", operator, members });
}

/**
 * min(max(x, low), high) as max(min(x, high), low), which it is for low <= high: of the two only the second is written.
 * Null for what is no such minimum.
 */
function clampedMembers(
	run: FieldRun,
	operator: Extremum,
	members: readonly Hash64[],
): readonly Hash64[] | null {
	if (operator !== "minimum" || members.length !== 2) return null;
	const numberOf = (identity: Hash64): number | null => {
		const fact = run.facts.find(identity);
		return fact?.kind === "constant" ? fact.value : null;
	};
	const high = members.find((identity) => numberOf(identity) !== null);
	const inner = members.find((identity) => numberOf(identity) === null);
	const clamped = inner === undefined ? null : run.facts.find(inner);
	if (high === undefined || clamped?.kind !== "extremum" || clamped.members.length !== 2) return null;
	const low = clamped.members.find((identity) => numberOf(identity) !== null);
	const x = clamped.members.find((identity) => numberOf(identity) === null);
	if (low === undefined || x === undefined || (numberOf(low) ?? 0) > (numberOf(high) ?? 0)) return null;
	const capped: FieldElement = { buffer: allocateField(1, run.trials.lanes), at: 0 };
	writeMembers(run, "minimum", [x, high].sort(compareIdentities), capped);
	return [run.facts.identityOf(capped), low];
}

/** In the order of their identities. */
function distinctMembers(run: FieldRun, operator: Extremum, elements: readonly FieldElement[]): Member[] {
	const members: Member[] = [];
	for (const element of elements) {
		const identity = run.facts.identityOf(element);
		const fact = run.facts.find(identity);
		if (fact?.kind === "extremum" && fact.operator === operator)
			members.push(...fact.members.map((inner) => ({ identity: inner, element: null })));
		else members.push({ identity, element });
	}
	members.sort((one, other) => compareIdentities(one.identity, other.identity));
	return members.filter(
		({ identity }, at) => at === 0 || !sameIdentity(identity, members[at - 1]?.identity ?? identity),
	);
}

/** Of known numbers keeps the one that wins, and none that loses against everything. */
function dropOutdone(run: FieldRun, operator: Extremum, members: readonly Member[]): readonly Member[] {
	const sign = operator === "maximum" ? 1 : -1;
	const numberOf = ({ identity }: Member): number | null => {
		const fact = run.facts.find(identity);
		return fact?.kind === "constant" ? fact.value * sign : null;
	};
	const numbers = members.map(numberOf);
	const largest = numbers.reduce<number>((most, number) => Math.max(most, number ?? most), -Infinity);
	const isAlone = numbers.every((number) => number !== null);
	return members.filter((_, at) => {
		const number = numbers[at] ?? null;
		return number === null || (number === largest && (isAlone || largest > -Infinity));
	});
}

/** result = name(arguments), for an uninterpreted function. */
function writeFunction(
	run: FieldRun,
	name: string,
	identities: readonly Hash64[],
	{ buffer, at }: FieldElement,
): void {
	let a = nameHash(name);
	let b = a ^ 0x3c6ef372;
	for (const identity of identities) {
		a = absorb(absorb(a, identity.a), identity.b);
		b = absorb(absorb(b, identity.b), identity.a);
	}
	writeHashed(run.trials, { a: finalise(a), b: finalise(b) }, buffer, at);
}

/** result = left < right, or left <= right, as 0 or 1 where known. */
export function writeOrder(
	run: FieldRun,
	[left, right]: readonly [FieldElement, FieldElement],
	acceptsEqual: boolean,
	result: FieldElement,
): void {
	const [smaller, larger] = [run.facts.identityOf(left), run.facts.identityOf(right)];
	writeOrderOf(run, smaller, larger, acceptsEqual, result);
}

function writeOrderOf(
	run: FieldRun,
	smaller: Hash64,
	larger: Hash64,
	acceptsEqual: boolean,
	result: FieldElement,
): void {
	const [one, other] = [run.facts.find(smaller), run.facts.find(larger)];
	if (sameIdentity(smaller, larger)) {
		fillElement(run.trials.lanes, acceptsEqual ? 1 : 0, result);
	} else if (one?.kind === "constant" && other?.kind === "constant") {
		fillElement(run.trials.lanes, one.value < other.value ? 1 : 0, result);
	} else {
		run.trials.uninterpreted.add("less");
		writeFunction(run, "less", acceptsEqual ? [larger, smaller] : [smaller, larger], result);
		if (acceptsEqual) writeNot(run, result, result);
		run.facts.learn(result, { kind: "order", smaller, larger, isStrict: !acceptsEqual });
	}
}

/** Writes a < b or a == b as a <= b, and says whether the operands were these. */
export function writeOrderUnion(
	run: FieldRun,
	[left, right]: readonly [FieldElement, FieldElement],
	result: FieldElement,
): boolean {
	const facts = [left, right].map((element) => run.facts.find(run.facts.identityOf(element)));
	const order = facts.find((fact) => fact?.kind === "order");
	const equality = facts.find((fact) => fact?.kind === "equality");
	if (order?.kind !== "order" || !order.isStrict || equality?.kind !== "equality") return false;
	const { smaller, larger } = order;
	const [one, other] = [smaller, larger].sort(compareIdentities);
	if (one === undefined || other === undefined) return false;
	if (!sameIdentity(one, equality.one) || !sameIdentity(other, equality.other)) return false;
	writeOrderOf(run, smaller, larger, true, result);
	return true;
}

/** result = left == right. */
export function writeEquality(
	run: FieldRun,
	[left, right]: readonly [FieldElement, FieldElement],
	result: FieldElement,
): void {
	const identities = [run.facts.identityOf(left), run.facts.identityOf(right)].sort(compareIdentities);
	const [first, second] = identities;
	const isSame = first !== undefined && second !== undefined && sameIdentity(first, second);
	const areKnown = identities.every((identity) => run.facts.find(identity)?.kind === "constant");
	if (isSame || areKnown) {
		fillElement(run.trials.lanes, isSame ? 1 : 0, result);
		return;
	}
	run.trials.uninterpreted.add("equal");
	writeFunction(run, "equal", identities, result);
	if (first !== undefined && second !== undefined)
		run.facts.learn(result, { kind: "equality", one: first, other: second });
}

/** result = 1 - element: what `not` makes of a bool. What was an order is the opposite one. */
export function writeNot(run: FieldRun, element: FieldElement, result: FieldElement): void {
	const { lanes, pair } = run.trials;
	const fact = run.facts.find(run.facts.identityOf(element));
	for (const [component, prime] of [
		["outside", pair.p],
		["inside", pair.q],
	] as const) {
		const from = element.buffer[component];
		const into = result.buffer[component];
		for (let lane = 0; lane < lanes; lane++)
			into[result.at + lane] = (1 + prime - (from[element.at + lane] as number)) % prime;
	}
	if (fact?.kind === "order")
		run.facts.learn(result, {
			kind: "order",
			smaller: fact.larger,
			larger: fact.smaller,
			isStrict: !fact.isStrict,
		});
}

/** Which extremum where(condition, whenTrue, whenFalse) is, or null. */
export function extremumOfSelection(
	run: FieldRun,
	condition: FieldElement,
	whenTrue: FieldElement,
	whenFalse: FieldElement,
): Extremum | null {
	const fact = run.facts.find(run.facts.identityOf(condition));
	if (fact?.kind !== "order") return null;
	const [chosen, other] = [run.facts.identityOf(whenTrue), run.facts.identityOf(whenFalse)];
	if (sameIdentity(chosen, fact.larger) && sameIdentity(other, fact.smaller)) return "maximum";
	if (sameIdentity(chosen, fact.smaller) && sameIdentity(other, fact.larger)) return "minimum";
	return null;
}
