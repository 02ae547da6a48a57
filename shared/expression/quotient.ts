// Which monomial M makes E·M a given monomial of T, and whether its axes allow it.

import type { AxisSetId } from "./axis-sets.ts";
import { noQuotient } from "./coefficients.ts";
import { hasMultiset, subtractMultiset } from "./multiset.ts";
import { createPairMemo, unknown } from "./pair-memo.ts";
import { mapMonomials } from "./polynomial.ts";
import { type Monomial, type MonomialId, none, type PolynomialId, type Terms } from "./terms.ts";

/** What is known of the free axes of a quotient: it has those of `least`, and none but those of `most`. */
interface AxesBounds {
	readonly least: AxisSetId;
	readonly most: AxisSetId;
}

export interface Quotients {
	/**
	 * The core of M with part · M = whole, axes apart; `noQuotient` where there is none. What is below M's denominator is
	 * known up to signs and free axes: it has no signs and the fewest axes possible, so that one M has one id.
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
	/** With the fewest free axes possible and no signs, all the way down: by x - x, both y and -y are quotients. */
	const skeletonOf = (polynomial: PolynomialId): PolynomialId => {
		const found =
			skeletons[polynomial] ??
			mapMonomials(terms, polynomial, (monomial) => {
				const denominator = monomial.denominator === none ? none : skeletonOf(monomial.denominator);
				const bare = { ...monomial, isNegative: false, denominator };
				return { ...bare, free: axesBounds(terms, bare).least };
			});
		skeletons[polynomial] = found;
		return found;
	};
	const divideDenominator = (whole: PolynomialId, part: PolynomialId): PolynomialId | null => {
		if (part === none) return whole === none ? none : skeletonOf(whole);
		const quotient = whole === none ? noQuotient : dividePolynomials(whole, part);
		if (quotient === noQuotient) return null;
		return quotient === terms.one ? none : skeletonOf(quotient);
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
			const result = divideMonomial(terms, terms.monomial(a), terms.monomial(b), divideDenominator);
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

function divideMonomial(
	terms: Terms,
	whole: Monomial,
	part: Monomial,
	divideDenominator: (whole: PolynomialId, part: PolynomialId) => PolynomialId | null,
): MonomialId {
	const atoms = subtractMultiset(whole.atoms, part.atoms);
	if (atoms === null) return noQuotient;
	const degree = terms.degrees.quotient(whole.degree, part.degree);
	if (degree === noQuotient) return noQuotient;
	const coefficient = terms.coefficients.quotient(whole.coefficient, part.coefficient);
	if (coefficient === noQuotient) return noQuotient;
	const exponent = divideExponent(terms, whole.exponent, part.exponent);
	if (exponent === null) return noQuotient;
	const denominator = divideDenominator(whole.denominator, part.denominator);
	if (denominator === null) return noQuotient;
	const isNegative = whole.isNegative !== part.isNegative;
	const free = terms.axisSets.empty;
	return terms.monomialOf({ isNegative, coefficient, degree, atoms, exponent, denominator, free });
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
