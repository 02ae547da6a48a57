// A polynomial as a common monomial factor times what is left.

import type { AxisSetId } from "./axis-sets.ts";
import type { CoefficientId } from "./coefficients.ts";
import { intersectMultisets, subtractMultiset } from "./multiset.ts";
import { mapMonomials, splitSign } from "./polynomial.ts";
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
 * sign. What has an axis that some monomial has summed stays in `rest`:
 * outside it, the axis would be free again.
 */
export function splitContent(terms: Terms, polynomial: PolynomialId): Content {
	const monomials = terms.polynomial(polynomial).monomials.map((id) => terms.monomial(id));
	const common = monomials.reduce((a, b) => commonFactor(terms, a, b));
	const factor = onlyInside(terms, common);
	const rest = terms.polynomialOf(
		monomials.map((monomial) => terms.monomialOf(withoutFactor(terms, monomial, factor))),
	);
	const { isNegative, polynomial: positive } = splitSign(terms, rest);
	return { factor: terms.monomialOf({ ...factor, isNegative }), rest: positive };
}

/** With the axes that are free in both. */
function commonFactor(terms: Terms, a: Monomial, b: Monomial): Monomial {
	return {
		...terms.unit,
		coefficient: terms.coefficients.common(a.coefficient, b.coefficient),
		atoms: intersectMultisets(a.atoms, b.atoms),
		exponent: commonExponent(terms, a.exponent, b.exponent),
		denominator: a.denominator === b.denominator ? a.denominator : none,
		free: terms.axisSets.intersect(a.free, b.free),
	};
}

/** The parts of a common factor all of whose axes are free. */
function onlyInside(terms: Terms, common: Monomial): Monomial {
	const isInside = (axes: AxisSetId): boolean => terms.axisSets.isInside(axes, common.free);
	const keep = (part: PolynomialId): PolynomialId =>
		part !== none && isInside(terms.polynomial(part).free) ? part : none;
	return withFreeAxes(terms, {
		...terms.unit,
		coefficient: common.coefficient,
		atoms: common.atoms.filter((atom) => isInside(terms.atom(atom).axes)),
		exponent: keep(common.exponent),
		denominator: keep(common.denominator),
	});
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
