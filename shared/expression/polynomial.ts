// What acts on a polynomial monomial by monomial.

import type { AxisId } from "#shared/program/program.ts";
import { type Multiset, mergeMultisets } from "./multiset.ts";
import type { AtomForm, Monomial, MonomialId, PolynomialId, Terms } from "./terms.ts";

export function addPolynomials(terms: Terms, a: PolynomialId, b: PolynomialId): PolynomialId {
	return terms.polynomialOf(mergeMultisets(terms.polynomial(a).monomials, terms.polynomial(b).monomials));
}

export function negatePolynomial(terms: Terms, polynomial: PolynomialId): PolynomialId {
	return mapMonomials(terms, polynomial, (monomial) => ({ ...monomial, isNegative: !monomial.isNegative }));
}

export interface Signed {
	readonly isNegative: boolean;
	readonly polynomial: PolynomialId;
}

/** The one of a polynomial and its negation that stands for both, and whether it is the negation. */
export function splitSign(terms: Terms, polynomial: PolynomialId): Signed {
	const negated = negatePolynomial(terms, polynomial);
	return isBefore(terms.polynomial(negated).monomials, terms.polynomial(polynomial).monomials)
		? { isNegative: true, polynomial: negated }
		: { isNegative: false, polynomial };
}

/** Any order does that depends on the two only. */
function isBefore(left: Multiset, right: Multiset): boolean {
	const at = left.findIndex((id, index) => id !== right[index]);
	return at >= 0 && (left[at] ?? 0) < (right[at] ?? 0);
}

/** Over whole axes: each monomial sums the axis, whether or not it is free in it. */
export function sumPolynomial(
	terms: Terms,
	polynomial: PolynomialId,
	over: readonly AxisId[],
	extents: readonly number[],
): PolynomialId {
	if (over.length === 0) return polynomial;
	const { axisSets, degrees } = terms;
	const summed = axisSets.of(over);
	return mapMonomials(terms, polynomial, (monomial) => ({
		...monomial,
		degree: over.reduce((degree, axis) => degrees.raise(degree, axis, extents[axis] ?? 1), monomial.degree),
		free: axisSets.minus(monomial.free, summed),
	}));
}

/** The axis stays free until the parts of the sum make up all of it. */
export function sumPartially(
	terms: Terms,
	polynomial: PolynomialId,
	axis: AxisId,
	count: number,
): PolynomialId {
	const { axisSets, degrees } = terms;
	return mapMonomials(terms, polynomial, (monomial) => {
		const degree = degrees.raise(monomial.degree, axis, count);
		const isWhole = degrees.isWhole(degree, axis);
		const free = isWhole ? axisSets.minus(monomial.free, axisSets.of([axis])) : monomial.free;
		return { ...monomial, degree, free };
	});
}

/** The polynomial of one atom. */
export function atomPolynomial(terms: Terms, form: AtomForm, axes: number): PolynomialId {
	const atom = terms.atomOf(form, axes);
	return terms.polynomialOf([terms.monomialOf({ ...terms.unit, atoms: [atom], free: axes })]);
}

export function mapMonomials(
	terms: Terms,
	polynomial: PolynomialId,
	change: (monomial: Monomial) => Monomial,
): PolynomialId {
	const changed = terms
		.polynomial(polynomial)
		.monomials.map((id): MonomialId => terms.monomialOf(change(terms.monomial(id))));
	return terms.polynomialOf(changed);
}
