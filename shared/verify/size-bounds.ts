// How large the rational-exponential functions are that a program and a µGraph compute: degrees and numbers of
// exponential terms, from which the error of a random test follows. Every value is held as numerator over denominators,
//   ( sum of at most `terms` polynomials of degree at most `degree`, each times an exponential ) / product of denominators,
// with equal denominators held in common, so that a sum of quotients by one norm stays small.

import type { FieldFragment } from "#shared/numeric/field-buffer.ts";
import type { AxisId, MapOperator, ReduceOperator } from "#shared/program/program.ts";

/** A polynomial with exponential terms: `exponent` bounds the degree of a term's exponent, a rational function. */
export interface Size {
	readonly degree: number;
	readonly terms: number;
	readonly exponent: number;
	/** Exponentials multiplied in one term, at most. */
	readonly exponentials: number;
}

/** A value of which one that depends on it sees `multiplicity` elements; those at other positions of `axes` are others. */
interface Repeated {
	readonly axes: readonly AxisId[];
	readonly multiplicity: number;
}

interface Denominator extends Size, Repeated {}

export interface SizeBound {
	readonly numerator: Size;
	/** By the value divided by. */
	readonly denominators: ReadonlyMap<number, Denominator>;
	/** Square roots that are interpreted, by the value that is one. */
	readonly roots: ReadonlyMap<number, Repeated>;
}

const unit: Size = { degree: 0, terms: 1, exponent: 0, exponentials: 0 };
const literal: SizeBound = { numerator: unit, denominators: new Map(), roots: new Map() };
const variable: SizeBound = { ...literal, numerator: { ...unit, degree: 1 } };

/** A tensor of independent variables: an input, or an uninterpreted function's values. */
export function sizeOfVariable(): SizeBound {
	return variable;
}

export function sizeOfConstant(): SizeBound {
	return literal;
}

function power(size: Size, exponent: number): Size {
	return {
		degree: size.degree * exponent,
		terms: size.terms ** exponent,
		exponent: size.exponent * exponent,
		exponentials: size.exponentials * exponent,
	};
}

export function timesSize(a: Size, b: Size): Size {
	return {
		degree: a.degree + b.degree,
		terms: a.terms * b.terms,
		exponent: a.exponent + b.exponent,
		exponentials: a.exponentials + b.exponentials,
	};
}

export function plusSize(a: Size, b: Size): Size {
	return {
		degree: Math.max(a.degree, b.degree),
		terms: a.terms + b.terms,
		exponent: Math.max(a.exponent, b.exponent),
		exponentials: Math.max(a.exponentials, b.exponentials),
	};
}

/** Elements of square roots that one element of the value is made of. */
export function countRoots({ roots }: SizeBound): number {
	let count = 0;
	for (const { multiplicity } of roots.values()) count += multiplicity;
	return count;
}

function unionOf<Of extends Repeated>(
	a: ReadonlyMap<number, Of>,
	b: ReadonlyMap<number, Of>,
): ReadonlyMap<number, Of> {
	const union = new Map(a);
	for (const [id, own] of b) {
		const known = union.get(id);
		if (known === undefined || known.multiplicity < own.multiplicity) union.set(id, own);
	}
	return union;
}

/** The product of all denominators. */
export function denominatorSize(bound: SizeBound): Size {
	let size = unit;
	for (const denominator of bound.denominators.values())
		size = timesSize(size, power(denominator, denominator.multiplicity));
	return size;
}

export function sizeOfProduct(a: SizeBound, b: SizeBound): SizeBound {
	const denominators = new Map(a.denominators);
	for (const [id, own] of b.denominators) {
		const known = denominators.get(id)?.multiplicity ?? 0;
		denominators.set(id, { ...own, multiplicity: own.multiplicity + known });
	}
	return {
		numerator: timesSize(a.numerator, b.numerator),
		denominators,
		roots: unionOf(a.roots, b.roots),
	};
}

export function sizeOfSum(a: SizeBound, b: SizeBound): SizeBound {
	const common = unionOf(a.denominators, b.denominators);
	const raised = (bound: SizeBound): Size => {
		let size = bound.numerator;
		for (const [id, own] of common) {
			const missing = own.multiplicity - (bound.denominators.get(id)?.multiplicity ?? 0);
			size = timesSize(size, power(own, missing));
		}
		return size;
	};
	return {
		numerator: plusSize(raised(a), raised(b)),
		denominators: common,
		roots: unionOf(a.roots, b.roots),
	};
}

/** The same function where its denominators and roots have other names and vary along other axes. */
export function renameParts(
	a: SizeBound,
	rename: (id: number, axes: readonly AxisId[]) => { readonly id: number; readonly axes: readonly AxisId[] },
): SizeBound {
	const renameAll = <Of extends Repeated>(parts: ReadonlyMap<number, Of>): ReadonlyMap<number, Of> =>
		new Map(
			[...parts].map(([id, own]) => {
				const renamed = rename(id, own.axes);
				return [renamed.id, { ...own, axes: renamed.axes }];
			}),
		);
	return { numerator: a.numerator, denominators: renameAll(a.denominators), roots: renameAll(a.roots) };
}

/** `id` names the divisor; its own denominators go to the numerator. */
function sizeOfQuotient(a: SizeBound, divisor: SizeBound, id: number, axes: readonly AxisId[]): SizeBound {
	const inverse: SizeBound = {
		numerator: denominatorSize(divisor),
		denominators: new Map([[id, { ...divisor.numerator, axes, multiplicity: 1 }]]),
		roots: divisor.roots,
	};
	return sizeOfProduct(a, inverse);
}

/** exp of a quotient: one term, whose exponent has the quotient's degree. Of another exponential: a fresh variable. */
function sizeOfExponential(a: SizeBound): SizeBound {
	const bottom = denominatorSize(a);
	const isRational = a.numerator.terms * bottom.terms === 1 && a.numerator.exponent + bottom.exponent === 0;
	const exponent = a.numerator.degree + bottom.degree;
	return {
		numerator: { degree: isRational ? 0 : 1, terms: 1, exponent, exponentials: 1 },
		denominators: new Map(),
		roots: a.roots,
	};
}

/** Sum or product over axes: denominators that have a reduced axis are all different. */
export function sizeOfReduction(
	operator: ReduceOperator,
	a: SizeBound,
	over: readonly AxisId[],
	extentOf: (axis: AxisId) => number,
): SizeBound {
	if (operator === "max" || operator === "min") return variable;
	const count = over.reduce((product, axis) => product * extentOf(axis), 1);
	const differingOf = (own: Repeated): number =>
		own.axes.filter((axis) => over.includes(axis)).reduce((product, axis) => product * extentOf(axis), 1);
	const denominators = new Map<number, Denominator>();
	const roots = new Map<number, Repeated>();
	for (const [id, own] of a.roots)
		roots.set(id, { ...own, multiplicity: own.multiplicity * differingOf(own) });
	let numerator: Size =
		operator === "sum" ? { ...a.numerator, terms: a.numerator.terms * count } : power(a.numerator, count);
	for (const [id, own] of a.denominators) {
		const copies = operator === "sum" ? differingOf(own) : count;
		denominators.set(id, { ...own, multiplicity: own.multiplicity * copies });
		if (operator === "sum") numerator = timesSize(numerator, power(own, own.multiplicity * (copies - 1)));
	}
	return { numerator, denominators, roots };
}

/** A map operator's result in the fragment; uninterpreted operators give fresh variables. */
export function sizeOfMap(
	operator: MapOperator,
	operands: readonly { readonly bound: SizeBound; readonly id: number; readonly axes: readonly AxisId[] }[],
	fragment: FieldFragment,
	id: number,
	axes: readonly AxisId[],
): SizeBound {
	const [a, b] = operands;
	if (a === undefined) return variable;
	if (operator === "negate") return a.bound;
	if (b !== undefined && operator === "multiply") return sizeOfProduct(a.bound, b.bound);
	if (b !== undefined && operator === "divide") return sizeOfQuotient(a.bound, b.bound, b.id, b.axes);
	if (b !== undefined && (operator === "add" || operator === "subtract")) return sizeOfSum(a.bound, b.bound);
	if (operator === "exp" && fragment !== "rational") return sizeOfExponential(a.bound);
	if ((operator === "sigmoid" || operator === "tanh") && fragment === "full") {
		const bottom = sizeOfSum(literal, sizeOfExponential(a.bound));
		const top = operator === "sigmoid" ? literal : bottom;
		return sizeOfQuotient(top, bottom, id, axes);
	}
	if (operator === "sqrt" && fragment === "full") return sizeOfRoot(a.bound, id, axes);
	return variable;
}

/** A root is a new variable whose square is the radicand: it counts with the radicand's degree. */
function sizeOfRoot(a: SizeBound, id: number, axes: readonly AxisId[]): SizeBound {
	const bottom = denominatorSize(a);
	return {
		numerator: timesSize(timesSize(a.numerator, bottom), variable.numerator),
		denominators: new Map(),
		roots: new Map(a.roots).set(id, { axes, multiplicity: 1 }),
	};
}
