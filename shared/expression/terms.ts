// The tables of normal forms. A polynomial is a multiset of monomials; a monomial is
//   ± coefficient · S{degree} atoms · exp(polynomial) / polynomial,
// where S{degree} says how many terms of each axis have been summed, together with the axes that are still free. An atom
// is an input, an unknown operator's result, a square root, the square of a sum, or a product left as it stands.

import { present } from "#shared/fault/assert.ts";
import { type AxisSetId, type AxisSets, createAxisSets } from "./axis-sets.ts";
import { type CoefficientId, type Coefficients, createCoefficients } from "./coefficients.ts";
import { createDegrees, type DegreeId, type Degrees } from "./degrees.ts";
import { createSequenceTable } from "./intern.ts";
import { type Multiset, sortedMultiset } from "./multiset.ts";

export type AtomId = number;
export type MonomialId = number;
export type PolynomialId = number;

/** In place of a polynomial where a monomial has no exponential or no denominator. */
export const none = -1;

export type AtomForm =
	| { readonly kind: "input"; readonly key: string }
	| { readonly kind: "opaque"; readonly name: string; readonly operands: readonly PolynomialId[] }
	| { readonly kind: "sqrt" | "square"; readonly argument: PolynomialId }
	| { readonly kind: "product"; readonly factors: readonly PolynomialId[] };

export interface Atom {
	readonly form: AtomForm;
	/** Free in it, before any sum around it. */
	readonly axes: AxisSetId;
}

export interface Monomial {
	readonly isNegative: boolean;
	readonly coefficient: CoefficientId;
	readonly degree: DegreeId;
	readonly atoms: Multiset;
	readonly exponent: PolynomialId | typeof none;
	/** Its monomials' coefficients have no common factor, and its sign is in the monomial's. */
	readonly denominator: PolynomialId | typeof none;
	readonly free: AxisSetId;
}

export interface Polynomial {
	readonly monomials: Multiset;
	/** Free in any monomial. */
	readonly free: AxisSetId;
}

export interface Terms {
	readonly axisSets: AxisSets;
	readonly degrees: Degrees;
	readonly coefficients: Coefficients;
	/** A product with more monomials than this stays a product. */
	readonly monomialsMax: number;
	/** The monomial 1, and the polynomial of it alone. */
	readonly unit: Monomial;
	readonly unitId: MonomialId;
	readonly one: PolynomialId;
	atomOf(form: AtomForm, axes: AxisSetId): AtomId;
	atom(id: AtomId): Atom;
	monomialOf(monomial: Monomial): MonomialId;
	monomial(id: MonomialId): Monomial;
	/** The same without its free axes. */
	coreOf(id: MonomialId): MonomialId;
	polynomialOf(monomials: Iterable<MonomialId>): PolynomialId;
	polynomial(id: PolynomialId): Polynomial;
}

export function createTerms(extents: readonly number[], monomialsMax: number): Terms {
	const axisSets = createAxisSets();
	const degrees = createDegrees(extents, axisSets);
	const coefficients = createCoefficients();
	const monomials = createMonomialTable(axisSets);
	const unit: Monomial = {
		isNegative: false,
		coefficient: coefficients.one,
		degree: degrees.one,
		atoms: [],
		exponent: none,
		denominator: none,
		free: axisSets.empty,
	};
	const polynomialTable = createSequenceTable();
	const polynomials: Polynomial[] = [];
	const polynomialOf = (ids: Iterable<MonomialId>): PolynomialId => {
		const sorted = sortedMultiset(ids);
		const id = polynomialTable.intern(sorted);
		polynomials[id] ??= {
			monomials: sorted,
			free: sorted.reduce((set, item) => axisSets.union(set, monomials.monomial(item).free), axisSets.empty),
		};
		return id;
	};
	const unitId = monomials.monomialOf(unit);
	return {
		axisSets,
		degrees,
		coefficients,
		monomialsMax,
		unit,
		unitId,
		one: polynomialOf([unitId]),
		...createAtomTable(),
		...monomials,
		polynomialOf,
		polynomial: (id) => present(polynomials[id], "polynomial"),
	};
}

function createAtomTable(): Pick<Terms, "atomOf" | "atom"> {
	const ids = new Map<string, AtomId>();
	const atoms: Atom[] = [];
	return {
		atomOf: (form, axes) => {
			const key = JSON.stringify([form, axes]);
			const known = ids.get(key);
			if (known !== undefined) return known;
			ids.set(key, atoms.length);
			return atoms.push({ form, axes }) - 1;
		},
		atom: (id) => present(atoms[id], "atom"),
	};
}

function createMonomialTable(axisSets: AxisSets): Pick<Terms, "monomialOf" | "monomial" | "coreOf"> {
	const table = createSequenceTable();
	const monomials: Monomial[] = [];
	const cores: MonomialId[] = [];
	const monomialOf = (monomial: Monomial): MonomialId => {
		const { isNegative, coefficient, degree, atoms, exponent, denominator, free } = monomial;
		const id = table.intern([isNegative ? 1 : 0, coefficient, degree, exponent, denominator, free, ...atoms]);
		if (monomials[id] !== undefined) return id;
		monomials[id] = monomial;
		cores[id] = free === axisSets.empty ? id : none;
		return id;
	};
	const monomial = (id: MonomialId): Monomial => present(monomials[id], "monomial");
	return {
		monomialOf,
		monomial,
		coreOf: (id) => {
			const known = present(cores[id], "monomial");
			if (known !== none) return known;
			const core = monomialOf({ ...monomial(id), free: axisSets.empty });
			cores[id] = core;
			return core;
		},
	};
}
