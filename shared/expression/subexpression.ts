// Whether one normal form can be inside another: part · M for some monomial M among the monomials of one of the whole's
// contexts. Nothing valid is cut; where a product was left standing, only what occurs too often is.

import type { AxisSetId } from "./axis-sets.ts";
import { noQuotient } from "./coefficients.ts";
import { type Contexts, collectContexts } from "./contexts.ts";
import { createDivision, type Division } from "./division.ts";
import { type Multiset, sortedMultiset } from "./multiset.ts";
import { couldBeInside, createOccurrences } from "./occurrence.ts";
import { createPairMemo, unknown } from "./pair-memo.ts";
import type { Products } from "./product.ts";
import { type Monomial, type MonomialId, none, type PolynomialId, type Terms } from "./terms.ts";

export type IsSubexpression = (part: PolynomialId, whole: PolynomialId) => boolean;

/** A monomial of a context, with what refuses most parts at once. */
interface Place {
	readonly id: MonomialId;
	readonly signature: number;
	readonly extra: AxisSetId;
}

/** The monomials of one context, or of all. */
interface Group {
	readonly monomials: Multiset;
	readonly places: readonly Place[];
	/** What any of them has. */
	readonly signature: number;
}

interface Whole extends Contexts {
	readonly groups: readonly Group[];
	/** Every monomial of every context once: where a part of one monomial may lie. */
	readonly everywhere: Group;
}

export function createSubexpression(terms: Terms, products: Products): IsSubexpression {
	const division = createDivision(terms, products);
	const occurrences = createOccurrences(terms);
	const signatures: number[] = [];
	const signatureOf = (id: MonomialId): number => {
		const signature = signatures[id] ?? monomialSignature(terms.monomial(id));
		signatures[id] = signature;
		return signature;
	};
	const wholes = new Map<PolynomialId, Whole>();
	const wholeOf = (polynomial: PolynomialId): Whole => {
		const whole =
			wholes.get(polynomial) ??
			prepareWhole(terms, collectContexts(terms, products, polynomial), signatureOf);
		wholes.set(polynomial, whole);
		return whole;
	};
	const decide = (part: PolynomialId, wholeId: PolynomialId): boolean => {
		const whole = wholeOf(wholeId);
		const { monomials } = terms.polynomial(part);
		let signature = 0;
		for (const id of monomials) signature |= signatureOf(id);
		const first = signatureOf(monomials[0] ?? terms.unitId);
		const isInside =
			(signature & ~whole.everywhere.signature) === 0 &&
			(monomials.length === 1
				? isFactor(division, monomials, first, whole.everywhere)
				: whole.groups.some(
						(group) => (signature & ~group.signature) === 0 && isInGroup(division, monomials, first, group),
					));
		if (isInside || !(whole.isIncomplete || occurrences(part).hasProduct)) return isInside;
		return couldBeInside(occurrences(part), occurrences(wholeId));
	};
	const memo = createPairMemo();
	return (part, whole) => {
		if (part === whole) return true;
		const known = memo.get(part, whole);
		if (known !== unknown) return known === 1;
		const isInside = decide(part, whole);
		memo.set(part, whole, isInside ? 1 : 0);
		return isInside;
	};
}

function prepareWhole(terms: Terms, found: Contexts, signatureOf: (id: MonomialId) => number): Whole {
	const places = new Map<string, Place>();
	const groups = found.contexts.map(({ polynomial, extra }) => {
		const { monomials } = terms.polynomial(polynomial);
		const own = [...new Set(monomials)].map((id) => ({ id, signature: signatureOf(id), extra }));
		for (const place of own) places.set(`${place.id} ${extra}`, place);
		return groupOf(own, monomials);
	});
	const all = [...places.values()];
	const everywhere = groupOf(all, sortedMultiset(all.map(({ id }) => id)));
	return { ...found, groups, everywhere };
}

function groupOf(places: readonly Place[], monomials: Multiset): Group {
	return { monomials, places, signature: places.reduce((all, { signature }) => all | signature, 0) };
}

/** A bit for each atom (five bits of a hash), one for an exponential, one for a denominator: a factor's are all its whole's. */
function monomialSignature({ atoms, exponent, denominator }: Monomial): number {
	let signature = (exponent === none ? 0 : 1) | (denominator === none ? 0 : 2);
	for (const atom of atoms) signature |= 4 << ((Math.imul(atom, 0x9e3779b1) >>> 8) % 30);
	return signature;
}

function isFactor(division: Division, part: Multiset, signature: number, { places }: Group): boolean {
	const id = part[0] ?? none;
	for (const place of places) {
		if ((signature & ~place.signature) !== 0) continue;
		const quotient = division.quotient(place.id, id);
		if (quotient !== noQuotient && division.admits(id, quotient, place.id, place.extra)) return true;
	}
	return false;
}

/** Some monomial of the context is the part's first one times M, and the others times M are there too. */
function isInGroup(division: Division, part: Multiset, signature: number, group: Group): boolean {
	if (part.length > group.monomials.length) return false;
	const first = part[0] ?? none;
	for (const place of group.places) {
		if ((signature & ~place.signature) !== 0) continue;
		const quotient = division.quotient(place.id, first);
		if (quotient === noQuotient || !division.admits(first, quotient, place.id, place.extra)) continue;
		const isMade = (factor: MonomialId): boolean =>
			group.places.some(
				({ id, extra }) =>
					division.quotient(id, factor) === quotient && division.admits(factor, quotient, id, extra),
			);
		if (part.every(isMade) && division.removeProduct(group.monomials, part, quotient) !== null) return true;
	}
	return false;
}
