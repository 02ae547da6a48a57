import type { MapOperator } from "#shared/program/program.ts";
import { errorFunction } from "./error-function.ts";

type FloatFunction = (a: number, b: number, c: number) => number;

const truth = (value: boolean): number => (value ? 1 : 0);

/** Rounds to the nearest integer, halves to the even one. */
export function roundHalfEven(x: number): number {
	const lower = Math.floor(x);
	const fraction = x - lower;
	if (fraction < 0.5) return lower;
	if (fraction > 0.5) return lower + 1;
	return lower % 2 === 0 ? lower : lower + 1;
}

/** NaN if either is, unlike a comparison. */
const largest: FloatFunction = (a, b) => (a > b || Number.isNaN(a) ? a : b);
const smallest: FloatFunction = (a, b) => (a < b || Number.isNaN(a) ? a : b);

/** Every map operator on float64. Operands beyond the operator's arity are ignored. */
export const floatOperators: Readonly<Record<MapOperator, FloatFunction>> = {
	add: (a, b) => a + b,
	subtract: (a, b) => a - b,
	multiply: (a, b) => a * b,
	divide: (a, b) => a / b,
	maximum: largest,
	minimum: smallest,
	power: (a, b) => a ** b,
	negate: (a) => -a,
	abs: (a) => Math.abs(a),
	exp: (a) => Math.exp(a),
	log: (a) => Math.log(a),
	sqrt: (a) => Math.sqrt(a),
	erf: (a) => errorFunction(a),
	sigmoid: (a) => 1 / (1 + Math.exp(-a)),
	tanh: (a) => Math.tanh(a),
	sin: (a) => Math.sin(a),
	cos: (a) => Math.cos(a),
	floor: (a) => Math.floor(a),
	ceil: (a) => Math.ceil(a),
	roundHalfEven,
	sign: (a) => Math.sign(a),
	not: (a) => truth(a === 0),
	equal: (a, b) => truth(a === b),
	less: (a, b) => truth(a < b),
	lessOrEqual: (a, b) => truth(a <= b),
	and: (a, b) => truth(a !== 0 && b !== 0),
	or: (a, b) => truth(a !== 0 || b !== 0),
	select: (a, b, c) => (a !== 0 ? b : c),
};
