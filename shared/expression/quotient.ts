// Which monomial M makes E·M a given monomial of T, and whether its axes allow it.

import type { AxisSetId } from "./axis-sets.ts";
import { noQuotient } from "./coefficients.ts";
import { hasMultiset, subtractMultiset } from "./multiset.ts";
import { createPairMemo, unknown } from "./pair-memo.ts";
import { mapMonomials, splitSign } from "./polynomial.ts";
import { type Monomial, type MonomialId, none, type PolynomialId, type Terms } from "./terms.ts";

/** What is known of the free axes of a quotient: it has those of `least`, and none but those of `most`. */
interface AxesBounds {
	readonly least: AxisSetId;
	readonly most: AxisSetId;
}

export interface Quotients {
	/**
	 * The core of M with part · M = whole, axes apart; `noQuotient` where there is none. What is below M's denominator is
	 * known up to free axes: it has the fewest possible, so that one M has one id.
	 */
	quotient(whole: MonomialId, part: MonomialId): MonomialId;
	/**
	 * Whether part · quotient can have exactly the free axes of `whole`, when the cofactor also contains something with the
	 * axes `extra`. An axis vanishes only by being summed: once `part` has summed it, no factor that still carries it can be
	 * multiplied in, unless the quotient sums it again. And none appears from nothing.
	 */
	admits(part: MonomialId, quotient: MonomialId, whole: MonomialId, extra: AxisSetId): boolean;
	/** The same for a product alone, as in a denominator: nothing is summed once part and quotient are multiplied. */
	admitsProduct(part: MonomialId, quotient: MonomialId, whole: MonomialId): boolean;
	/** Free in the quotient whatever the terms were. */
	leastAxes(quotient: MonomialId): AxisSetId;
}

type DividePolynomials = (whole: PolynomialId, part: PolynomialId) => PolynomialId | typeof noQuotient;

export function createQuotients(terms: Terms, dividePolynomials: DividePolynomials): Quotients {
	const memo = createPairMemo();
	const bounds: (AxesBounds | undefined)[] = [];
	const skeletons: (PolynomialId | undefined)[] = [];
	const boundsOf = (quotient: MonomialId): AxesBounds => {
		const found = bounds[quotient] ?? axesBounds(terms, terms.monomial(quotient));
		bounds[quotient] = found;
		return found;
	};
	/** With the fewest free axes possible, all the way down. */
	const skeletonOf = (polynomial: PolynomialId): PolynomialId => {
		const found =
			skeletons[polynomial] ??
			mapMonomials(terms, polynomial, (monomial) => {
				const bare = withDenominator(terms, monomial, monomial.denominator, skeletonOf);
				return { ...bare, free: axesBounds(terms, bare).least };
			});
		skeletons[polynomial] = found;
		return found;
	};
	const divideDenominator = (whole: PolynomialId, part: PolynomialId): PolynomialId | null => {
		if (part === none) return whole;
		const quotient = whole === none ? noQuotient : dividePolynomials(whole, part);
		return quotient === noQuotient ? null : quotient;
	};
	const divideMonomials = (whole: Monomial, part: Monomial): MonomialId => {
		const above = divideAbove(terms, whole, part);
		if (above === null) return noQuotient;
		const denominator = divideDenominator(whole.denominator, part.denominator);
		if (denominator === null) return noQuotient;
		return terms.monomialOf(withDenominator(terms, above, denominator, skeletonOf));
	};
	return {
		quotient: (whole, part) => {
			// Most pairs end here: they are not worth remembering.
			if (!hasMultiset(terms.monomial(whole).atoms, terms.monomial(part).atoms)) return noQuotient;
			const a = terms.coreOf(whole);
			const b = terms.coreOf(part);
			if (a === b) return terms.unitId;
			const known = memo.get(a, b);
			if (known !== unknown) return known;
			const result = divideMonomials(terms.monomial(a), terms.monomial(b));
			memo.set(a, b, result);
			return result;
		},
		admits: (part, quotient, whole, extra) => {
			const { axisSets } = terms;
			const { least, most } = boundsOf(quotient);
			const summed = terms.degrees.axesOf(terms.monomial(quotient).degree);
			const own = axisSets.union(terms.monomial(part).free, extra);
			const { free } = terms.monomial(whole);
			return (
				axisSets.isInside(axisSets.minus(axisSets.union(own, least), summed), free) &&
				axisSets.isInside(free, axisSets.union(own, most))
			);
		},
		admitsProduct: (part, quotient, whole) => {
			const { axisSets } = terms;
			const { least, most } = boundsOf(quotient);
			const own = terms.monomial(part).free;
			const { free } = terms.monomial(whole);
			return (
				axisSets.isInside(axisSets.union(own, least), free) &&
				axisSets.isInside(free, axisSets.union(own, most))
			);
		},
		leastAxes: (quotient) => boundsOf(quotient).least,
	};
}

/** All but the denominators. */
function divideAbove(terms: Terms, whole: Monomial, part: Monomial): Monomial | null {
	const atoms = subtractMultiset(whole.atoms, part.atoms);
	if (atoms === null) return null;
	const degree = terms.degrees.quotient(whole.degree, part.degree);
	if (degree === noQuotient) return null;
	const coefficient = terms.coefficients.quotient(whole.coefficient, part.coefficient);
	if (coefficient === noQuotient) return null;
	const exponent = divideExponent(terms, whole.exponent, part.exponent);
	if (exponent === null) return null;
	const isNegative = whole.isNegative !== part.isNegative;
	return { ...terms.unit, isNegative, coefficient, degree, atoms, exponent };
}

/** Over the denominator's skeleton, whose sign goes to the monomial. */
function withDenominator(
	terms: Terms,
	monomial: Monomial,
	denominator: PolynomialId | typeof none,
	skeletonOf: (polynomial: PolynomialId) => PolynomialId,
): Monomial {
	if (denominator === none) return { ...monomial, denominator };
	const { isNegative, polynomial } = splitSign(terms, skeletonOf(denominator));
	return {
		...monomial,
		isNegative: monomial.isNegative !== isNegative,
		denominator: polynomial === terms.one ? none : polynomial,
	};
}

function divideExponent(terms: Terms, whole: PolynomialId, part: PolynomialId): PolynomialId | null {
	if (part === none) return whole;
	if (whole === none) return null;
	if (whole === part) return none;
	const rest = subtractMultiset(terms.polynomial(whole).monomials, terms.polynomial(part).monomials);
	return rest === null ? null : terms.polynomialOf(rest);
}

/** Which factor an axis was summed over is not recorded, so an axis of the degree may be free in the rest or not. */
function axesBounds(terms: Terms, { atoms, degree, exponent, denominator }: Monomial): AxesBounds {
	const { axisSets } = terms;
	let least = axisSets.empty;
	let most = axisSets.empty;
	for (const id of atoms) least = axisSets.union(least, terms.atom(id).axes);
	most = least;
	for (const part of [exponent, denominator]) {
		if (part === none) continue;
		least = axisSets.union(least, terms.polynomial(part).free);
		most = axisSets.union(most, mentionedAxes(terms, part));
	}
	return { least: axisSets.minus(least, terms.degrees.axesOf(degree)), most };
}

/** All axes that occur in the monomials, summed or not. */
function mentionedAxes(terms: Terms, polynomial: PolynomialId): AxisSetId {
	const { axisSets } = terms;
	return terms
		.polynomial(polynomial)
		.monomials.reduce(
			(set, id) => axisSets.union(set, axesBounds(terms, terms.monomial(id)).most),
			axisSets.empty,
		);
}
