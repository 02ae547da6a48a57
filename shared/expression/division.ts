// Exact division of polynomials, and finding part · M inside a multiset of monomials.

import { noQuotient } from "./coefficients.ts";
import { splitContent } from "./content.ts";
import type { Multiset } from "./multiset.ts";
import { createPairMemo, remembered } from "./pair-memo.ts";
import type { Products } from "./product.ts";
import { createQuotients, type Quotients } from "./quotient.ts";
import type { MonomialId, PolynomialId, Terms } from "./terms.ts";

export interface Division extends Quotients {
	/** Q with part · Q = whole; `noQuotient` where there is none. */
	dividePolynomials(whole: PolynomialId, part: PolynomialId): PolynomialId | typeof noQuotient;
	/** `rest` without the monomials of part · quotient, axes apart; null when they are not all inside. */
	removeProduct(rest: Multiset, part: Multiset, quotient: MonomialId): Multiset | null;
}

export function createDivision(terms: Terms, products: Products): Division {
	const memo = createPairMemo();
	const dividePolynomials = (whole: PolynomialId, part: PolynomialId): PolynomialId => {
		if (whole === part) return terms.one;
		if (part === terms.one) return whole;
		return remembered(memo, whole, part, () => {
			const quotient = divideOut(terms, division, whole, part);
			return quotient === noQuotient ? divideSquare(terms, products, division, whole, part) : quotient;
		});
	};
	const quotients = createQuotients(terms, dividePolynomials);
	const division: Division = {
		...quotients,
		dividePolynomials,
		// Any of several that are equal but for their axes will do: which of them is meant, only all together decide.
		removeProduct: (rest, part, quotient) => {
			const left = [...rest];
			for (const factor of part) {
				const at = left.findIndex((candidate) => quotients.quotient(candidate, factor) === quotient);
				if (at < 0) return null;
				left.splice(at, 1);
			}
			return left;
		},
	};
	return division;
}

/**
 * By trying which monomial of the divisor made the dividend's first one. Of each product's axes it asks only that some
 * monomial of the dividend has them, so that it never takes back a choice among monomials that differ in axes alone.
 */
function divideOut(terms: Terms, division: Division, whole: PolynomialId, part: PolynomialId): PolynomialId {
	const divisor = terms.polynomial(part).monomials;
	const dividend = terms.polynomial(whole).monomials;
	if (dividend.length % divisor.length !== 0) return noQuotient;
	const isMade = (factor: MonomialId, quotient: MonomialId): boolean =>
		dividend.some(
			(product) =>
				division.quotient(product, factor) === quotient && division.admitsProduct(factor, quotient, product),
		);
	const divideRest = (rest: Multiset): readonly MonomialId[] | null => {
		const first = rest[0];
		if (first === undefined) return [];
		for (const candidate of new Set(divisor)) {
			const core = division.quotient(first, candidate);
			if (core === noQuotient || !divisor.every((factor) => isMade(factor, core))) continue;
			const left = division.removeProduct(rest, divisor, core);
			const others = left === null ? null : divideRest(left);
			if (others === null) continue;
			const quotient = { ...terms.monomial(core), free: division.leastAxes(core) };
			return [terms.monomialOf(quotient), ...others];
		}
		return null;
	};
	const quotient = divideRest(dividend);
	return quotient === null ? noQuotient : terms.polynomialOf(quotient);
}

/** (f·P²) / (g·P) = (f/g)·P, in every monomial of the dividend. */
function divideSquare(
	terms: Terms,
	products: Products,
	division: Division,
	whole: PolynomialId,
	part: PolynomialId,
): PolynomialId {
	if (terms.polynomial(part).monomials.length < 2) return noQuotient;
	const { factor, rest } = splitContent(terms, part);
	const square = terms.atomOf({ kind: "square", argument: rest }, terms.polynomial(rest).free);
	const reduced: MonomialId[] = [];
	for (const id of terms.polynomial(whole).monomials) {
		const monomial = terms.monomial(id);
		const at = monomial.atoms.indexOf(square);
		if (at < 0) return noQuotient;
		const rooted = terms.monomialOf({ ...monomial, atoms: monomial.atoms.toSpliced(at, 1) });
		const core = division.quotient(rooted, factor);
		if (core === noQuotient) return noQuotient;
		reduced.push(terms.monomialOf({ ...terms.monomial(core), free: division.leastAxes(core) }));
	}
	return products.multiplyOut(terms.polynomialOf(reduced), rest);
}
