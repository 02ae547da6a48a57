// What a value is, by test: its elements over small extents for uniform random inputs, modulo two primes. Sums, products
// and quotients are exact; every other operator is an uninterpreted function (a keyed hash of its arguments in both
// fields), exponentials and roots included: the search applies them to what the program applies them to and to nothing
// else, so no law of theirs is needed. Two values of equal residues are one function of the inputs but with a chance of
// about degree / 2^53 a pair, and whatever leaves the search is verified once more (shared/verify).

import { assert } from "#shared/fault/assert.ts";
import { dyadicModulo, fieldPairs, invertModulo, multiplyModulo } from "#shared/numeric/field-pair.ts";
import { absorb, below, finalise } from "#shared/numeric/keyed-hash.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";
import { commutativeOperators } from "#shared/program/commutative-operators.ts";
import type { MapOperator, ReduceOperator, StridedAccess } from "#shared/program/program.ts";
import { type AxisMask, axesOf, maskOf, volumeOf } from "./axis-masks.ts";
import type { Derivation } from "./derivation.ts";
import { createPositionMaps, type PositionMaps } from "./residue-maps.ts";

/** Elements in row-major order, all modulo the first prime, then all modulo the second. */
export type Residues = Float64Array;

export interface ResidueTensor {
	readonly axes: AxisMask;
	readonly residues: Residues;
}

export interface ResidueArithmetic {
	/** Null where a denominator is zero. `operands` are those of the derivation, `axes` its result's. */
	derive(derivation: Derivation, operands: readonly ResidueTensor[], axes: AxisMask): Residues | null;
}

const primes = fieldPairs.map(({ p }) => p);
const [firstPrime = 0, secondPrime = 0] = primes;

type BinaryModulo = (a: number, b: number, prime: number, inverse: number) => number;

const binary: Readonly<Record<string, BinaryModulo>> = {
	add: (a, b, prime) => (a + b >= prime ? a + b - prime : a + b),
	subtract: (a, b, prime) => (a < b ? a - b + prime : a - b),
	multiply: multiplyModulo,
};

const commutative: ReadonlySet<string> = commutativeOperators;

/** Where elements lie, and the keys of the uninterpreted functions. */
interface Field {
	readonly maps: PositionMaps;
	readonly keys: readonly [number, number];
}

/** Inputs and uninterpreted functions are drawn from the seed; equal accesses of one tensor read equal elements. */
export function createResidues(extents: readonly number[], seed: number): ResidueArithmetic {
	const random = createRandom(seed, 7);
	const keys = [random.nextUint32() | 0, random.nextUint32() | 0] as const;
	const field: Field = { maps: createPositionMaps(extents), keys };
	const inputs = new Map<string, Residues>();
	const readInput = (key: string, axes: AxisMask): Residues => {
		const drawn = inputs.get(key) ?? drawResidues(random, volumeOf(axes, extents));
		inputs.set(key, drawn);
		return drawn;
	};
	return {
		derive: (derivation, operands, axes) => {
			const [first] = operands;
			switch (derivation.kind) {
				case "input":
					return readInput(inputKey(derivation.input, derivation.access), axes);
				case "constant":
					return constantResidues(field, derivation.value);
				case "map":
					return mapResidues(field, derivation.operator, operands, axes);
				case "reduce":
					return first === undefined ? null : reduceResidues(field, derivation.operator, first, axes);
				case "contract": {
					const nest = axes | derivation.over;
					const products = elementwise(field, "multiply", operands, nest);
					return combineInField(field, "add", { axes: nest, residues: products }, axes);
				}
			}
		},
	};
}

function drawResidues(random: Random, count: number): Residues {
	return new Float64Array(2 * count).map((_, i) => random.nextBelow(i < count ? firstPrime : secondPrime));
}

function mapResidues(
	field: Field,
	operator: MapOperator,
	operands: readonly ResidueTensor[],
	axes: AxisMask,
): Residues | null {
	const [a, b] = operands;
	if (operator in binary) return elementwise(field, operator, operands, axes);
	if (operator === "negate" && a !== undefined)
		return elementwise(field, "subtract", [{ axes: 0, residues: new Float64Array(2) }, a], axes);
	if (operator === "divide" && a !== undefined && b !== undefined) {
		const inverses = invert(b.residues);
		return inverses && elementwise(field, "multiply", [a, { axes: b.axes, residues: inverses }], axes);
	}
	return uninterpreted(field, operator, operands, axes);
}

function reduceResidues(
	field: Field,
	operator: ReduceOperator,
	operand: ResidueTensor,
	axes: AxisMask,
): Residues {
	if (operator === "sum") return combineInField(field, "add", operand, axes);
	if (operator === "product") return combineInField(field, "multiply", operand, axes);
	return extremum(field, operator, operand, axes);
}

function elementwise(
	{ maps }: Field,
	name: string,
	[a, b]: readonly ResidueTensor[],
	axes: AxisMask,
): Residues {
	const apply = binary[name];
	assert(apply !== undefined && a !== undefined && b !== undefined, `${name} of two tensors`);
	const [mapA, mapB] = [maps.of(axes, a.axes), maps.of(axes, b.axes)];
	const count = mapA.length;
	const result = new Float64Array(2 * count);
	for (const [lane, prime] of primes.entries()) {
		const inverse = 1 / prime;
		const [atA, atB] = [(lane * a.residues.length) / 2, (lane * b.residues.length) / 2];
		for (let i = 0; i < count; i++)
			result[lane * count + i] = apply(
				a.residues[atA + (mapA[i] as number)] as number,
				b.residues[atB + (mapB[i] as number)] as number,
				prime,
				inverse,
			);
	}
	return result;
}

/** The sum or product of the elements along the axes that the result does not have. */
function combineInField(
	{ maps }: Field,
	name: "add" | "multiply",
	{ residues, axes: nest }: ResidueTensor,
	axes: AxisMask,
): Residues {
	const apply = binary[name];
	assert(apply !== undefined, `${name} in a field`);
	const map = maps.of(nest, axes);
	const count = volumeOf(axes, maps.extents);
	const result = new Float64Array(2 * count).fill(name === "add" ? 0 : 1);
	for (const [lane, prime] of primes.entries()) {
		const inverse = 1 / prime;
		for (let i = 0; i < map.length; i++) {
			const at = lane * count + (map[i] as number);
			const term = residues[lane * map.length + i] as number;
			result[at] = apply(result[at] as number, term, prime, inverse);
		}
	}
	return result;
}

function fromHash(a: number, b: number, result: Residues, at: number): void {
	const [c, d] = [finalise(absorb(a, b)), finalise(absorb(b ^ 0x2545f491, a))];
	result[at] = below(firstPrime, c, d);
	result[result.length / 2 + at] = below(secondPrime, finalise(absorb(c, d)), finalise(absorb(d, c)));
}

function uninterpreted(
	{ maps, keys }: Field,
	name: string,
	operands: readonly ResidueTensor[],
	axes: AxisMask,
): Residues {
	const operandMaps = operands.map((operand) => maps.of(axes, operand.axes));
	const result = new Float64Array(2 * volumeOf(axes, maps.extents));
	const own = nameHash(name, keys[0]);
	const isSymmetric = commutative.has(name);
	for (let i = 0; 2 * i < result.length; i++) {
		let a = own;
		let b = own ^ keys[1];
		operands.forEach(({ residues }, o) => {
			const at = operandMaps[o]?.[i] as number;
			const hash = elementHash(residues, at);
			const second = finalise(absorb(hash, residues[at] as number));
			a = isSymmetric ? (a + hash) | 0 : absorb(a, hash);
			b = isSymmetric ? (b + second) | 0 : absorb(b, second);
		});
		fromHash(a, b, result, i);
	}
	return result;
}

/** Of the elements along the reduced axes, in no order. */
function extremum(
	{ maps, keys }: Field,
	name: string,
	{ residues, axes: nest }: ResidueTensor,
	axes: AxisMask,
): Residues {
	const map = maps.of(nest, axes);
	const sums = new Int32Array(2 * volumeOf(axes, maps.extents));
	for (let i = 0; i < map.length; i++) {
		const at = 2 * (map[i] as number);
		const hash = elementHash(residues, i);
		sums[at] = ((sums[at] as number) + hash) | 0;
		sums[at + 1] = ((sums[at + 1] as number) + finalise(absorb(hash, residues[i] as number))) | 0;
	}
	const result = new Float64Array(sums.length);
	const own = nameHash(name, keys[0]);
	for (let i = 0; 2 * i < sums.length; i++) {
		const [a, b] = [sums[2 * i] as number, sums[2 * i + 1] as number];
		fromHash(absorb(own, a), absorb(own ^ keys[1], b), result, i);
	}
	return result;
}

/** Equal for accesses that read the same place at every position. */
export function inputKey(input: number, access: StridedAccess): string {
	const strides = axesOf(maskOf(access.axes)).map(
		(axis) => `${axis}:${access.strides[access.axes.indexOf(axis)]}`,
	);
	return `${input} ${access.offset} ${strides.join()}`;
}

function constantResidues({ keys }: Field, value: number): Residues {
	const isNegativeZero = Object.is(value, -0);
	if (Number.isFinite(value) && !isNegativeZero)
		return Float64Array.from(primes, (prime) => dyadicModulo(value, prime));
	const symbol = new Float64Array(2);
	const own = nameHash(isNegativeZero ? "-0" : `${value}`, keys[0]);
	fromHash(own, own ^ keys[1], symbol, 0);
	return symbol;
}

function nameHash(name: string, key: number): number {
	let hash = key;
	for (let i = 0; i < name.length; i++) hash = absorb(hash, name.charCodeAt(i));
	return hash;
}

function elementHash(residues: Residues, at: number): number {
	return finalise(absorb(residues[at] as number, residues[residues.length / 2 + at] as number));
}

function invert(residues: Residues): Residues | null {
	const half = residues.length / 2;
	const inverses = new Float64Array(residues.length);
	for (let i = 0; i < residues.length; i++) {
		const value = residues[i] as number;
		if (value === 0) return null;
		inverses[i] = invertModulo(value, i < half ? firstPrime : secondPrime);
	}
	return inverses;
}

/** 64 bits of identity for a table. */
export function hashResidues(residues: Residues): string {
	let a = 0x3c6ef372;
	let b = 0x1b56c4e9;
	for (const residue of residues) {
		a = absorb(a, residue);
		b = absorb(b ^ a, residue);
	}
	return `${finalise(a) >>> 0}.${finalise(b) >>> 0}`;
}
