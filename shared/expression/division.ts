// Exact division of polynomials, and finding part · M inside a multiset of monomials.

import { noQuotient } from "./coefficients.ts";
import { splitContent } from "./content.ts";
import type { Multiset } from "./multiset.ts";
import { createPairMemo, remembered } from "./pair-memo.ts";
import type { Products } from "./product.ts";
import { createQuotients, type Quotients } from "./quotient.ts";
import { type MonomialId, none, type PolynomialId, type Terms } from "./terms.ts";

export interface Division extends Quotients {
	/** Q with part · Q = whole; `noQuotient` where there is none. */
	dividePolynomials(whole: PolynomialId, part: PolynomialId): PolynomialId | typeof noQuotient;
	/** `whole` without the monomials of part · quotient, those that `admits` allows; null when they are not all inside. */
	removeProduct(
		whole: Multiset,
		part: Multiset,
		quotient: MonomialId,
		admits: (part: MonomialId, whole: MonomialId) => boolean,
	): readonly MonomialId[] | null;
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
		removeProduct: (whole, part, quotient, admits) => {
			const rest = [...whole];
			const remove = (at: number): boolean => {
				const next = part[at];
				if (next === undefined) return true;
				let tried = none;
				for (let index = 0; index < rest.length; index++) {
					const candidate = rest[index] ?? none;
					if (candidate === none || candidate === tried) continue;
					tried = candidate;
					if (quotients.quotient(candidate, next) !== quotient || !admits(next, candidate)) continue;
					rest[index] = none;
					if (remove(at + 1)) return true;
					rest[index] = candidate;
				}
				return false;
			};
			return remove(0) ? rest.filter((id) => id !== none) : null;
		},
	};
	return division;
}

/** By trying which monomial of the divisor made the dividend's first one. */
function divideOut(terms: Terms, division: Division, whole: PolynomialId, part: PolynomialId): PolynomialId {
	const divisor = terms.polynomial(part).monomials;
	const dividend = terms.polynomial(whole).monomials;
	if (dividend.length % divisor.length !== 0) return noQuotient;
	const divideRest = (rest: readonly MonomialId[]): readonly MonomialId[] | null => {
		const first = rest[0];
		if (first === undefined) return [];
		for (const candidate of new Set(divisor)) {
			const core = division.quotient(first, candidate);
			if (core === noQuotient || !division.admitsProduct(candidate, core, first)) continue;
			const left = division.removeProduct(rest, divisor, core, (part, product) =>
				division.admitsProduct(part, core, product),
			);
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
