// Map operators on one element of all lanes: those that a field interprets.

import type { MapOperator } from "#shared/program/program.ts";
import { allocateField, type FieldBuffer, type FieldTrials } from "./field-buffer.ts";
import {
	createRootPowers,
	fieldPairs,
	invertModulo,
	multiplyModulo,
	principalRootModulo,
	type RootPowers,
} from "./field-pair.ts";
import { applyUninterpreted, hashLanes } from "./field-uninterpreted.ts";
import { absorb, finalise } from "./keyed-hash.ts";

/** One operand of one element: where its lanes begin. */
export interface FieldElement {
	readonly buffer: FieldBuffer;
	readonly at: number;
}

export type FieldOperator = (
	trials: FieldTrials,
	operands: readonly FieldElement[],
	result: FieldElement,
) => void;

type Component = "outside" | "inside";
const components: readonly Component[] = ["outside", "inside"];

function primeOf(trials: FieldTrials, component: Component): number {
	return component === "outside" ? trials.pair.p : trials.pair.q;
}

/** Applies a function of two residues to both components of all lanes. */
function inBothFields(
	apply: (a: number, b: number, prime: number, inverse: number) => number,
): FieldOperator {
	return (trials, [a, b = a], result) => {
		if (a === undefined || b === undefined) return;
		for (const component of components) {
			const prime = primeOf(trials, component);
			const inverse = 1 / prime;
			const left = a.buffer[component];
			const right = b.buffer[component];
			const into = result.buffer[component];
			for (let lane = 0; lane < trials.lanes; lane++)
				into[result.at + lane] = apply(
					left[a.at + lane] as number,
					right[b.at + lane] as number,
					prime,
					inverse,
				);
		}
	};
}

const add: FieldOperator = inBothFields((a, b, prime) => (a + b >= prime ? a + b - prime : a + b));
const subtract: FieldOperator = inBothFields((a, b, prime) => (a < b ? a - b + prime : a - b));
const multiply: FieldOperator = inBothFields(multiplyModulo);
const negate: FieldOperator = inBothFields((a, _, prime) => (a === 0 ? 0 : prime - a));

/** A place for intermediate values of one element. */
function scratch(trials: FieldTrials): FieldElement {
	return { buffer: allocateField(1, trials.lanes), at: 0 };
}

/** All inverses of a row with one inversion (Montgomery's trick). A zero fails its lane; NaN stays. */
const reciprocal: FieldOperator = (trials, [a], result) => {
	if (a === undefined) return;
	const { lanes } = trials;
	const prefix = new Float64Array(lanes);
	for (const component of components) {
		const prime = primeOf(trials, component);
		const inverse = 1 / prime;
		const from = a.buffer[component];
		const into = result.buffer[component];
		const factor = (lane: number): number => {
			const value = from[a.at + lane] as number;
			return value === 0 || Number.isNaN(value) ? 1 : value;
		};
		let product = 1;
		for (let lane = 0; lane < lanes; lane++) {
			prefix[lane] = product;
			product = multiplyModulo(product, factor(lane), prime, inverse);
		}
		let rest = invertModulo(product, prime);
		for (let lane = lanes - 1; lane >= 0; lane--) {
			const value = from[a.at + lane] as number;
			const own = factor(lane);
			if (value === 0) trials.failed[lane] = 1;
			into[result.at + lane] = Number.isNaN(value)
				? value
				: multiplyModulo(rest, prefix[lane] as number, prime, inverse);
			rest = multiplyModulo(rest, own, prime, inverse);
		}
	}
};

const divide: FieldOperator = (trials, [a, b], result) => {
	if (a === undefined || b === undefined) return;
	const inverse = scratch(trials);
	reciprocal(trials, [b], inverse);
	multiply(trials, [a, inverse], result);
};

const rootPowers: readonly RootPowers[] = fieldPairs.map(createRootPowers);

function uninterpreted(operator: MapOperator): FieldOperator {
	return (trials, operands, result) =>
		applyUninterpreted(
			trials,
			operator,
			operands.map(({ buffer }) => buffer),
			operands.map(({ at }) => at),
			result.buffer,
			result.at,
		);
}

/** Whether the element can stand in an exponent in every lane. */
function canBeExponent(trials: FieldTrials, { buffer, at }: FieldElement): boolean {
	for (let lane = 0; lane < trials.lanes; lane++)
		if (Number.isNaN(buffer.inside[at + lane] as number)) return false;
	return true;
}

/** exp of a value that is no exponential itself; a second exponential on a path is uninterpreted. */
function exponential(name: MapOperator): (interpreted: FieldOperator) => FieldOperator {
	const otherwise = uninterpreted(name);
	return (interpreted) => (trials, operands, result) => {
		const [a] = operands;
		if (a !== undefined && canBeExponent(trials, a)) interpreted(trials, operands, result);
		else otherwise(trials, operands, result);
	};
}

/**
 * A root of unity to the power of a random linear combination of the exponent's values in all lanes: a homomorphism from
 * sums to products, and for linearly independent exponents uniform and independent (see shared/verify/error-bound.ts).
 */
const exp: FieldOperator = exponential("exp")((trials, [a], result) => {
	if (a === undefined) return;
	const { lanes } = trials;
	const mixing = trials.mixing();
	const { q, p } = trials.pair;
	const powers = rootPowers[fieldPairs.findIndex((pair) => pair.p === p)];
	const values = a.buffer.inside.slice(a.at, a.at + lanes);
	noteExponent(trials, values);
	result.buffer.outside.fill(Number.NaN, result.at, result.at + lanes);
	result.buffer.inside.fill(Number.NaN, result.at, result.at + lanes);
	for (let lane = 0, row = 0; lane < lanes; lane++) {
		if (trials.compared[lane] !== 1) continue;
		let exponent = 0;
		for (let from = 0; from < lanes; from++) {
			const factor = mixing[row * lanes + from] as number;
			exponent += multiplyModulo(values[from] as number, factor, q, 1 / q);
		}
		result.buffer.outside[result.at + lane] = powers?.power(exponent % q) ?? Number.NaN;
		row++;
	}
});

function noteExponent(trials: FieldTrials, values: Float64Array): void {
	const row = values.filter((_, lane) => trials.masked[lane] !== 1);
	let [a, b] = trials.keys;
	for (const value of row) {
		a = absorb(a, value);
		b = absorb(b, value ^ a);
	}
	const key = `${finalise(a)},${finalise(b)}`;
	if (!trials.exponents.has(key)) trials.exponents.set(key, row);
}

function one(trials: FieldTrials): FieldElement {
	const element = scratch(trials);
	element.buffer.outside.fill(1);
	element.buffer.inside.fill(1);
	return element;
}

/** 1 / (1 + exp(-x)). */
const sigmoid: FieldOperator = exponential("sigmoid")((trials, [a], result) => {
	if (a === undefined) return;
	const value = scratch(trials);
	negate(trials, [a], value);
	exp(trials, [value], value);
	add(trials, [value, one(trials)], value);
	reciprocal(trials, [value], result);
});

/** (1 - e) / (1 + e) with e = exp(-2x). */
const tanh: FieldOperator = exponential("tanh")((trials, [a], result) => {
	if (a === undefined) return;
	const power = scratch(trials);
	negate(trials, [a], power);
	add(trials, [power, power], power);
	exp(trials, [power], power);
	const bottom = scratch(trials);
	add(trials, [one(trials), power], bottom);
	subtract(trials, [one(trials), power], power);
	divide(trials, [power, bottom], result);
});

/**
 * The principal root. Outside exponents a radicand without one fails its lane; inside, the root then does not exist, and
 * an exponential of it is uninterpreted.
 */
const squareRoot: FieldOperator = (trials, [a], result) => {
	if (a === undefined) return;
	const { p, q } = trials.pair;
	const radicand = hashLanes(trials, a.buffer, a.at);
	trials.radicands.add(`${radicand.a},${radicand.b}`);
	for (let lane = 0; lane < trials.lanes; lane++) {
		const outside = a.buffer.outside[a.at + lane] as number;
		const root = Number.isNaN(outside) ? Number.NaN : principalRootModulo(outside, p);
		if (root === null) trials.failed[lane] = 1;
		result.buffer.outside[result.at + lane] = root ?? 1;
		const inside = a.buffer.inside[a.at + lane] as number;
		result.buffer.inside[result.at + lane] =
			(Number.isNaN(inside) ? null : principalRootModulo(inside, q)) ?? Number.NaN;
	}
};

const rational: Partial<Readonly<Record<MapOperator, FieldOperator>>> = {
	add,
	subtract,
	multiply,
	divide,
	negate,
};

const byFragment = {
	rational,
	exponential: { ...rational, exp },
	full: { ...rational, exp, sigmoid, tanh, sqrt: squareRoot },
} satisfies Record<string, Partial<Record<MapOperator, FieldOperator>>>;

/** The operator in the fragment; whatever the fragment does not interpret is a keyed hash. Not for maximum and minimum. */
export function fieldOperator(trials: FieldTrials, operator: MapOperator): FieldOperator {
	const interpreted: Partial<Readonly<Record<MapOperator, FieldOperator>>> = byFragment[trials.fragment];
	return interpreted[operator] ?? uninterpreted(operator);
}
