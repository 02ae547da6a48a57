// Uninterpreted functions over field values: keyed hashes. An argument is identified by its values in all lanes of the
// batch together, so that two different arguments are taken for one only if they agree in every lane.

import { commutativeOperators } from "#shared/program/commutative-operators.ts";
import type { FieldBuffer, FieldTrials } from "./field-buffer.ts";
import { absorb, below, finalise, type Hash64 } from "./keyed-hash.ts";

/** Absorbed instead of a component that does not exist; no field element is negative. */
const absent = -1;

/** The identity of one argument: its values in all lanes that are not masked. */
export function identify(trials: FieldTrials, buffer: FieldBuffer, at: number): Hash64 {
	trials.evaluations.count++;
	return hashLanes(trials, buffer, at);
}

/** The same of a value that no function is applied to. */
export function hashLanes(trials: FieldTrials, buffer: FieldBuffer, at: number): Hash64 {
	let [a, b] = trials.keys;
	for (let lane = 0; lane < trials.lanes; lane++) {
		if (trials.masked[lane] === 1) continue;
		const outside = trials.compared[lane] === 1 ? (buffer.outside[at + lane] as number) : absent;
		const inside = buffer.inside[at + lane] as number;
		const second = Number.isNaN(inside) ? absent : inside;
		a = absorb(absorb(a, outside), second);
		b = absorb(absorb(b ^ 0x5bd1e995, second), outside);
	}
	return { a: finalise(a), b: finalise(b) };
}

/** Writes fresh uniform values, a function of the batch's keys, the hash and the lane. */
export function writeHashed(trials: FieldTrials, hash: Hash64, result: FieldBuffer, at: number): void {
	const { p, q } = trials.pair;
	for (let lane = 0; lane < trials.lanes; lane++) {
		const a = absorb(hash.a, lane);
		const b = absorb(hash.b, lane ^ 0x2545f491);
		const c = finalise(absorb(a, b));
		const d = finalise(absorb(b, c));
		result.outside[at + lane] = below(p, c, d);
		result.inside[at + lane] = below(q, finalise(absorb(c, d)), finalise(absorb(d, a)));
	}
}

/** The hash of a function's name. */
export function nameHash(name: string): number {
	let hash = 0;
	for (let i = 0; i < name.length; i++) hash = absorb(hash, name.charCodeAt(i));
	return hash;
}

const commutative: ReadonlySet<string> = commutativeOperators;

/** result = f(operands) for an uninterpreted f of this name. */
export function applyUninterpreted(
	trials: FieldTrials,
	operator: string,
	operands: readonly FieldBuffer[],
	places: readonly number[],
	result: FieldBuffer,
	at: number,
): void {
	trials.uninterpreted.add(operator);
	const hashes = operands.map((operand, i) => identify(trials, operand, places[i] ?? 0));
	if (commutative.has(operator)) hashes.sort((x, y) => x.a - y.a || x.b - y.b);
	let a = nameHash(operator);
	let b = a ^ 0x3c6ef372;
	for (const hash of hashes) {
		a = absorb(absorb(a, hash.a), hash.b);
		b = absorb(absorb(b, hash.b), hash.a);
	}
	writeHashed(trials, { a: finalise(a), b: finalise(b) }, result, at);
}

/** A value that no rational equals (an infinity, no number), the same wherever it is written. */
export function writeSymbol(trials: FieldTrials, name: string, result: FieldBuffer, at = 0): void {
	trials.uninterpreted.add(name);
	const [a, b] = trials.keys;
	const own = nameHash(name);
	writeHashed(trials, { a: finalise(absorb(a, own)), b: finalise(absorb(b, own)) }, result, at);
}

/**
 * Adds an element to a bag: its hash, or, for a maximum of maxima, the whole bag of it. So maxima of parts combine to the
 * maximum of the whole, and in no other way: what other operators see of a maximum is a hash of the bag.
 */
export function addToBag(
	trials: FieldTrials,
	operator: "maximum" | "minimum",
	element: FieldBuffer,
	at: number,
	sums: Int32Array,
	into: number,
): void {
	let a: number;
	let b: number;
	if (element.bag?.operator === operator) {
		const index = (at / trials.lanes) * 2;
		a = element.bag.sums[index] ?? 0;
		b = element.bag.sums[index + 1] ?? 0;
	} else {
		const hash = identify(trials, element, at);
		a = finalise(absorb(hash.a, hash.b));
		b = finalise(absorb(hash.b ^ 0x1b56c4e9, hash.a));
	}
	sums[into] = ((sums[into] ?? 0) + a) | 0;
	sums[into + 1] = ((sums[into + 1] ?? 0) + b) | 0;
}

/** The values of maxima (minima), from their bags. */
export function writeBagValues(trials: FieldTrials, buffer: FieldBuffer): void {
	const bag = buffer.bag;
	if (bag === null) return;
	trials.uninterpreted.add(bag.operator);
	const own = nameHash(bag.operator);
	const [keyA, keyB] = trials.keys;
	for (let element = 0; element * 2 < bag.sums.length; element++) {
		const a = absorb(absorb(keyA ^ own, bag.sums[element * 2] ?? 0), bag.sums[element * 2 + 1] ?? 0);
		const b = absorb(absorb(keyB ^ own, bag.sums[element * 2 + 1] ?? 0), bag.sums[element * 2] ?? 0);
		writeHashed(trials, { a: finalise(a), b: finalise(b) }, buffer, element * trials.lanes);
	}
}
