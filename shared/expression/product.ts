// Products and quotients of normal forms. Three kinds of product are not multiplied out: the square of a sum (expanding it
// makes every search below it explode, and no kernel wants it), a product of more monomials than the limit, and square
// roots, which never merge.

import { commonCoefficient, splitContent } from "./content.ts";
import { mergeMultisets } from "./multiset.ts";
import { createPairMemo, remembered } from "./pair-memo.ts";
import { addPolynomials, atomPolynomial, mapMonomials, type Signed, splitSign } from "./polynomial.ts";
import { type MonomialId, none, type PolynomialId, type Terms } from "./terms.ts";

export interface Products {
	multiplyMonomials(a: MonomialId, b: MonomialId): MonomialId;
	multiply(a: PolynomialId, b: PolynomialId): PolynomialId;
	divide(a: PolynomialId, b: PolynomialId): PolynomialId;
	/** Every monomial of the one with every monomial of the other, whatever comes out. */
	multiplyOut(a: PolynomialId, b: PolynomialId): PolynomialId;
}

export function createProducts(terms: Terms): Products {
	const monomialProducts = createPairMemo();
	const polynomialProducts = createPairMemo();
	const quotients = createPairMemo();
	const products: Products = {
		multiplyMonomials: (a, b) =>
			remembered(monomialProducts, Math.min(a, b), Math.max(a, b), () =>
				joinMonomials(terms, products, a, b),
			),
		multiply: (a, b) => {
			if (a === terms.one) return b;
			if (b === terms.one) return a;
			return remembered(polynomialProducts, Math.min(a, b), Math.max(a, b), () =>
				joinPolynomials(terms, products, a, b),
			);
		},
		divide: (a, b) =>
			b === terms.one ? a : remembered(quotients, a, b, () => dividePolynomial(terms, products, a, b)),
		multiplyOut: (a, b) => {
			const { monomials } = terms.polynomial(b);
			return terms.polynomialOf(
				terms
					.polynomial(a)
					.monomials.flatMap((left) => monomials.map((right) => products.multiplyMonomials(left, right))),
			);
		},
	};
	return products;
}

function joinMonomials(terms: Terms, products: Products, a: MonomialId, b: MonomialId): MonomialId {
	const left = terms.monomial(a);
	const right = terms.monomial(b);
	const below = joinParts(left.denominator, right.denominator, products.multiply);
	const { isNegative, polynomial: denominator } = splitDenominatorSign(terms, below);
	return terms.monomialOf({
		isNegative: (left.isNegative !== right.isNegative) !== isNegative,
		coefficient: terms.coefficients.multiply(left.coefficient, right.coefficient),
		degree: terms.degrees.multiply(left.degree, right.degree),
		atoms: mergeMultisets(left.atoms, right.atoms),
		exponent: joinParts(left.exponent, right.exponent, (x, y) => addPolynomials(terms, x, y)),
		denominator,
		free: terms.axisSets.union(left.free, right.free),
	});
}

function joinParts(
	a: PolynomialId,
	b: PolynomialId,
	join: (a: PolynomialId, b: PolynomialId) => PolynomialId,
): PolynomialId {
	if (a === none) return b;
	return b === none ? a : join(a, b);
}

function joinPolynomials(terms: Terms, products: Products, a: PolynomialId, b: PolynomialId): PolynomialId {
	const left = terms.polynomial(a).monomials;
	const right = terms.polynomial(b).monomials;
	if (left.length > 1 && right.length > 1) {
		const square = squareOfSum(terms, products, a, b);
		if (square !== null) return square;
	}
	if (left.length * right.length <= terms.monomialsMax) return products.multiplyOut(a, b);
	const axes = terms.axisSets.union(terms.polynomial(a).free, terms.polynomial(b).free);
	return atomPolynomial(terms, { kind: "product", factors: [Math.min(a, b), Math.max(a, b)] }, axes);
}

/** f·P times g·P, for monomials f and g, is f·g times the atom P². */
function squareOfSum(
	terms: Terms,
	products: Products,
	a: PolynomialId,
	b: PolynomialId,
): PolynomialId | null {
	if (terms.polynomial(a).monomials.length !== terms.polynomial(b).monomials.length) return null;
	const left = splitContent(terms, a);
	const right = splitContent(terms, b);
	if (left.rest !== right.rest) return null;
	const square = atomPolynomial(
		terms,
		{ kind: "square", argument: left.rest },
		terms.polynomial(left.rest).free,
	);
	const factor = products.multiplyMonomials(left.factor, right.factor);
	return products.multiplyOut(square, terms.polynomialOf([factor]));
}

function splitDenominatorSign(terms: Terms, denominator: PolynomialId | typeof none): Signed {
	return denominator === none ? { isNegative: false, polynomial: none } : splitSign(terms, denominator);
}

/** Numbers leave the denominator upside down, and its sign leaves it, so that x/(-y/c) and -x·c/y are one. */
function dividePolynomial(terms: Terms, products: Products, a: PolynomialId, b: PolynomialId): PolynomialId {
	const { coefficients } = terms;
	const common = commonCoefficient(terms, b);
	const primitive = mapMonomials(terms, b, (monomial) => ({
		...monomial,
		coefficient: coefficients.quotient(monomial.coefficient, common),
	}));
	const { isNegative, polynomial } = splitSign(terms, primitive);
	const reciprocal = terms.monomialOf({
		...terms.unit,
		isNegative,
		coefficient: coefficients.reciprocal(common),
		denominator: polynomial === terms.one ? none : polynomial,
		free: terms.polynomial(b).free,
	});
	return products.multiplyOut(a, terms.polynomialOf([reciprocal]));
}
