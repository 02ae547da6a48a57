// Where a part of a whole may lie: in the whole's own monomials, below a denominator, in an atom's or an exponential's
// argument, and beside a sum that is squared, once one of the two equal factors is taken as the cofactor's.

import type { AxisSetId } from "./axis-sets.ts";
import { scalePolynomial } from "./content.ts";
import type { Products } from "./product.ts";
import { type AtomId, type MonomialId, none, type PolynomialId, type Terms } from "./terms.ts";

export interface Context {
	readonly polynomial: PolynomialId;
	/** Free in what the cofactor of any part found here contains besides. */
	readonly extra: AxisSetId;
}

export interface Contexts {
	readonly contexts: readonly Context[];
	/** Some places could not be written out: parts may lie in them that no context shows. */
	readonly isIncomplete: boolean;
}

/** Every square halves into contexts of its own; real programs stay below a few dozen. */
const contextsMax = 2048;

export function collectContexts(terms: Terms, products: Products, whole: PolynomialId): Contexts {
	const seen = new Set<string>();
	const contexts: Context[] = [];
	let isIncomplete = false;
	const visit = (polynomial: PolynomialId, extra: AxisSetId): void => {
		const key = `${polynomial} ${extra}`;
		if (seen.has(key)) return;
		if (contexts.length >= contextsMax) {
			isIncomplete = true;
			return;
		}
		seen.add(key);
		contexts.push({ polynomial, extra });
		const { monomials } = terms.polynomial(polynomial);
		for (const id of monomials)
			for (const inner of innerPolynomials(terms, id)) visit(inner, terms.axisSets.empty);
		const atoms = new Set(monomials.flatMap((id) => terms.monomial(id).atoms));
		for (const atom of atoms) {
			const { form } = terms.atom(atom);
			if (form.kind === "product") isIncomplete = true;
			if (form.kind !== "square") continue;
			const beside = halveSquare(terms, products, monomials, atom, form.argument);
			if (beside === null) isIncomplete = true;
			else visit(beside, terms.axisSets.union(extra, terms.polynomial(form.argument).free));
		}
	};
	visit(whole, terms.axisSets.empty);
	return { contexts, isIncomplete };
}

/** A denominator as it was at most: numbers that left it are in the monomial's coefficient, upside down. */
function innerPolynomials(terms: Terms, id: MonomialId): PolynomialId[] {
	const { atoms, exponent, denominator, coefficient } = terms.monomial(id);
	const inner: PolynomialId[] = [];
	if (exponent !== none) inner.push(exponent);
	if (denominator !== none || coefficient !== terms.coefficients.one) {
		const below = denominator === none ? terms.one : denominator;
		inner.push(scalePolynomial(terms, below, terms.coefficients.reciprocal(coefficient)));
	}
	for (const atom of atoms) {
		const { form } = terms.atom(atom);
		if (form.kind === "opaque") inner.push(...form.operands);
		if (form.kind === "sqrt" || form.kind === "square") inner.push(form.argument);
		if (form.kind === "product") inner.push(...form.factors);
	}
	return inner;
}

/** The monomials r·P² as r·P, each with the free axes that r·P² had. Null when they are too many. */
function halveSquare(
	terms: Terms,
	products: Products,
	monomials: readonly MonomialId[],
	square: AtomId,
	argument: PolynomialId,
): PolynomialId | null {
	const halves = terms.polynomial(argument).monomials;
	const halved: MonomialId[] = [];
	for (const id of monomials) {
		const monomial = terms.monomial(id);
		const at = monomial.atoms.indexOf(square);
		if (at < 0) continue;
		if (halved.length + halves.length > terms.monomialsMax) return null;
		const rest = terms.monomialOf({ ...monomial, atoms: monomial.atoms.toSpliced(at, 1) });
		for (const half of halves) {
			const product = terms.monomial(products.multiplyMonomials(rest, half));
			halved.push(terms.monomialOf({ ...product, free: monomial.free }));
		}
	}
	return terms.polynomialOf(halved);
}
