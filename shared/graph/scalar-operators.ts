// What each element-wise operator does to one element: floats in float64, narrow integers as float64 that the caller
// wraps afterwards, 64-bit integers as bigints that wrap when they are stored.
// Where C leaves the result undefined, ours is defined: integer division by zero is 0 (NumPy's choice), INT_MIN / -1
// wraps, a shift by the width or more is 0.

import type { BinaryOperator, UnaryOperator } from "#shared/graph/graph.ts";
import { errorFunction } from "#shared/numeric/error-function.ts";

export type NumberUnary = (x: number) => number;
export type NumberBinary = (a: number, b: number) => number;
export type BigIntUnary = (x: bigint) => bigint;
export type BigIntBinary = (a: bigint, b: bigint) => bigint;

export const numberUnary: Readonly<Record<UnaryOperator, NumberUnary>> = {
	abs: Math.abs,
	negate: (x) => -x,
	exp: Math.exp,
	log: Math.log,
	sqrt: Math.sqrt,
	reciprocal: (x) => 1 / x,
	erf: errorFunction,
	sigmoid: (x) => 1 / (1 + Math.exp(-x)),
	sin: Math.sin,
	cos: Math.cos,
	tan: Math.tan,
	asin: Math.asin,
	acos: Math.acos,
	atan: Math.atan,
	sinh: Math.sinh,
	cosh: Math.cosh,
	tanh: Math.tanh,
	asinh: Math.asinh,
	acosh: Math.acosh,
	atanh: Math.atanh,
	floor: Math.floor,
	ceil: Math.ceil,
	roundHalfEven,
	sign: Math.sign,
	not: (x) => (x === 0 ? 1 : 0),
	bitwiseNot: (x) => ~x,
	isNaN: (x) => (Number.isNaN(x) ? 1 : 0),
	isInfinite: (x) => (Math.abs(x) === Number.POSITIVE_INFINITY ? 1 : 0),
};

/** Operators defined on 64-bit integers; the others exist only for floats or bool. */
export const bigIntUnary: Readonly<Partial<Record<UnaryOperator, BigIntUnary>>> = {
	abs: (x) => (x < 0n ? -x : x),
	negate: (x) => -x,
	sign: (x) => (x === 0n ? 0n : x < 0n ? -1n : 1n),
	bitwiseNot: (x) => ~x,
};

export const numberBinary: Readonly<Record<BinaryOperator, NumberBinary>> = {
	add: (a, b) => a + b,
	subtract: (a, b) => a - b,
	multiply: (a, b) => a * b,
	divide: (a, b) => a / b,
	power,
	maximum: Math.max,
	minimum: Math.min,
	remainder: (a, b) => {
		const rest = a % b;
		return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
	},
	fmod: (a, b) => a % b,
	equal: (a, b) => (a === b ? 1 : 0),
	less: (a, b) => (a < b ? 1 : 0),
	lessOrEqual: (a, b) => (a <= b ? 1 : 0),
	greater: (a, b) => (a > b ? 1 : 0),
	greaterOrEqual: (a, b) => (a >= b ? 1 : 0),
	and: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
	or: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
	xor: (a, b) => ((a !== 0) !== (b !== 0) ? 1 : 0),
	bitwiseAnd: (a, b) => a & b,
	bitwiseOr: (a, b) => a | b,
	bitwiseXor: (a, b) => a ^ b,
	shiftLeft: (a, b) => (b >= 32 ? 0 : a << b),
	shiftRight: (a, b) => (b >= 32 ? 0 : Math.floor(a / 2 ** b)),
};

/** Where narrow integers differ from floats. Products of 32-bit integers leave float64's exact range. */
export const narrowIntegerBinary: Readonly<Partial<Record<BinaryOperator, NumberBinary>>> = {
	multiply: Math.imul,
	divide: (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
	power: (a, b) => Number(BigInt.asIntN(32, bigIntPower(BigInt(a), BigInt(b)))),
	remainder: (a, b) => (b === 0 ? 0 : numberBinary.remainder(a, b)),
	fmod: (a, b) => (b === 0 ? 0 : a % b),
};

/** Arithmetic on 64-bit integers. */
export const bigIntBinary: Readonly<Partial<Record<BinaryOperator, BigIntBinary>>> = {
	add: (a, b) => a + b,
	subtract: (a, b) => a - b,
	multiply: (a, b) => a * b,
	divide: (a, b) => (b === 0n ? 0n : a / b),
	power: bigIntPower,
	maximum: largerBigInt,
	minimum: (a, b) => -largerBigInt(-a, -b),
	remainder: (a, b) => {
		if (b === 0n) return 0n;
		const rest = a % b;
		return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
	},
	fmod: (a, b) => (b === 0n ? 0n : a % b),
	bitwiseAnd: (a, b) => a & b,
	bitwiseOr: (a, b) => a | b,
	bitwiseXor: (a, b) => a ^ b,
	shiftLeft: (a, b) => (b >= 64n ? 0n : a << b),
	shiftRight: (a, b) => (b >= 64n ? 0n : a >> b),
};

/** Comparisons of 64-bit integers, as 0 or 1. */
export const bigIntComparison: Readonly<Partial<Record<BinaryOperator, (a: bigint, b: bigint) => number>>> = {
	equal: (a, b) => (a === b ? 1 : 0),
	less: (a, b) => (a < b ? 1 : 0),
	lessOrEqual: (a, b) => (a <= b ? 1 : 0),
	greater: (a, b) => (a > b ? 1 : 0),
	greaterOrEqual: (a, b) => (a >= b ? 1 : 0),
};

/** Nearest integer, ties to even; keeps the sign of zero. */
export function roundHalfEven(x: number): number {
	const floor = Math.floor(x);
	const rest = x - floor;
	if (rest < 0.5) return Object.is(x, -0) ? x : floor;
	if (rest > 0.5) return Math.ceil(x);
	if (rest !== 0.5) return x;
	return floor % 2 === 0 ? floor : Math.ceil(x);
}

function largerBigInt(a: bigint, b: bigint): bigint {
	if (a > b) return a;
	return b;
}

/** C's pow: unlike JavaScript's, 1 to any power and -1 to an infinite one are 1. */
function power(a: number, b: number): number {
	if (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY)) return 1;
	return a ** b;
}

/** Square and multiply modulo 2^64; a negative exponent truncates 1 / a^-b, with 0 for a zero base. */
function bigIntPower(a: bigint, b: bigint): bigint {
	if (b < 0n) return a === 1n ? 1n : a === -1n ? (b % 2n === 0n ? 1n : -1n) : 0n;
	let result = 1n;
	let square = a;
	for (let rest = b; rest > 0n; rest >>= 1n) {
		if (rest & 1n) result = BigInt.asIntN(64, result * square);
		square = BigInt.asIntN(64, square * square);
	}
	return result;
}
