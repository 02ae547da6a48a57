// A polynomial as a common monomial factor times what is left.

import type { CoefficientId } from "./coefficients.ts";
import { intersectMultisets, subtractMultiset } from "./multiset.ts";
import { mapMonomials, negatePolynomial } from "./polynomial.ts";
import { type Monomial, type MonomialId, none, type PolynomialId, type Terms } from "./terms.ts";

/** The greatest coefficient that divides all of the polynomial's. */
export function commonCoefficient(terms: Terms, polynomial: PolynomialId): CoefficientId {
	const { coefficients } = terms;
	return terms
		.polynomial(polynomial)
		.monomials.map((id) => terms.monomial(id).coefficient)
		.reduce((common, next) => coefficients.common(common, next));
}

export function scalePolynomial(terms: Terms, polynomial: PolynomialId, by: CoefficientId): PolynomialId {
	if (by === terms.coefficients.one) return polynomial;
	return mapMonomials(terms, polynomial, (monomial) => ({
		...monomial,
		coefficient: terms.coefficients.multiply(monomial.coefficient, by),
	}));
}

export interface Content {
	readonly factor: MonomialId;
	readonly rest: PolynomialId;
}

/**
 * `factor` · `rest` is the polynomial: every monomial's common coefficient, atoms, exponential and denominator, and the
 * sign that makes `rest` the smaller of it and its negation. `multiply` is the product of monomials; where free axes keep
 * the product from being the polynomial again, only the sign is taken out.
 */
export function splitContent(
	terms: Terms,
	polynomial: PolynomialId,
	multiply: (a: MonomialId, b: MonomialId) => MonomialId,
): Content {
	const ids = terms.polynomial(polynomial).monomials;
	const common = ids.map((id) => terms.monomial(id)).reduce((a, b) => commonFactor(terms, a, b));
	const factor = withFreeAxes(terms, { ...common, isNegative: false, degree: terms.degrees.one });
	const factorId = terms.monomialOf(factor);
	const rests = ids.map((id) => terms.monomialOf(withoutFactor(terms, terms.monomial(id), factor)));
	const isExact = rests.every((rest, at) => multiply(factorId, rest) === ids[at]);
	const positive = isExact ? { ...factor } : terms.unit;
	const rest = isExact ? terms.polynomialOf(rests) : polynomial;
	const negated = negatePolynomial(terms, rest);
	return isSmaller(terms, negated, rest)
		? { factor: terms.monomialOf({ ...positive, isNegative: true }), rest: negated }
		: { factor: terms.monomialOf(positive), rest };
}

function commonFactor(terms: Terms, a: Monomial, b: Monomial): Monomial {
	return {
		...terms.unit,
		coefficient: terms.coefficients.common(a.coefficient, b.coefficient),
		atoms: intersectMultisets(a.atoms, b.atoms),
		exponent: commonExponent(terms, a.exponent, b.exponent),
		denominator: a.denominator === b.denominator ? a.denominator : none,
	};
}

function commonExponent(terms: Terms, a: PolynomialId, b: PolynomialId): PolynomialId {
	if (a === none || b === none || a === b) return a === b ? a : none;
	const common = intersectMultisets(terms.polynomial(a).monomials, terms.polynomial(b).monomials);
	return common.length === 0 ? none : terms.polynomialOf(common);
}

function withFreeAxes(terms: Terms, monomial: Monomial): Monomial {
	const { axisSets } = terms;
	const parts = monomial.atoms.map((atom) => terms.atom(atom).axes);
	for (const part of [monomial.exponent, monomial.denominator])
		if (part !== none) parts.push(terms.polynomial(part).free);
	return { ...monomial, free: parts.reduce((a, b) => axisSets.union(a, b), axisSets.empty) };
}

function withoutFactor(terms: Terms, monomial: Monomial, factor: Monomial): Monomial {
	const rest: Monomial = {
		...monomial,
		coefficient: terms.coefficients.quotient(monomial.coefficient, factor.coefficient),
		atoms: subtractMultiset(monomial.atoms, factor.atoms) ?? [],
		exponent: withoutExponent(terms, monomial.exponent, factor.exponent),
		denominator: factor.denominator === none ? monomial.denominator : none,
	};
	const free = terms.axisSets.intersect(withFreeAxes(terms, rest).free, monomial.free);
	return { ...rest, free };
}

function withoutExponent(terms: Terms, whole: PolynomialId, part: PolynomialId): PolynomialId {
	if (part === none) return whole;
	if (whole === part) return none;
	const { monomials } = terms.polynomial(whole);
	const rest = subtractMultiset(monomials, terms.polynomial(part).monomials) ?? [];
	return terms.polynomialOf(rest);
}

/** By any order that does not depend on the sign either started with. */
function isSmaller(terms: Terms, a: PolynomialId, b: PolynomialId): boolean {
	const left = terms.polynomial(a).monomials;
	const right = terms.polynomial(b).monomials;
	const at = left.findIndex((id, index) => id !== right[index]);
	return at >= 0 && (left[at] ?? 0) < (right[at] ?? 0);
}
