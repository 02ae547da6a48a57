// What no axiom changes and no part has more of than its whole: how often each leaf occurs in a product, and how many
// terms an expression has when multiplied out. Decides "cannot be inside" where products were left standing.

import { type Atom, type Monomial, none, type PolynomialId, type Terms } from "./terms.ts";

type Leaves = ReadonlyMap<string, number>;

export interface Occurrences {
	/** Of each input and each unknown operator, the most in any one monomial, everything below included. */
	readonly byLeaf: Leaves;
	/** The same over all its monomials together. */
	readonly byLeafTotal: Leaves;
	/** Monomials, with squares and standing products multiplied out. */
	readonly monomials: number;
	/** The most monomials of it or of anything below. */
	readonly monomialsDeepest: number;
	/** A product was left standing in it. */
	readonly hasProduct: boolean;
}

export type CountOccurrences = (polynomial: PolynomialId) => Occurrences;

export function createOccurrences(terms: Terms): CountOccurrences {
	const known: (Occurrences | undefined)[] = [];
	const count: CountOccurrences = (polynomial) => {
		const found =
			known[polynomial] ??
			terms
				.polynomial(polynomial)
				.monomials.map((id) => countMonomial(terms, count, terms.monomial(id)))
				.reduce(addTerms);
		known[polynomial] = found;
		return found;
	};
	return count;
}

/** Whether `part` has no more of anything than `whole`: necessary for being inside. */
export function couldBeInside(part: Occurrences, whole: Occurrences): boolean {
	if (part.monomials > whole.monomialsDeepest) return false;
	for (const [leaf, times] of part.byLeaf) if (times > (whole.byLeaf.get(leaf) ?? 0)) return false;
	return true;
}

function countMonomial(terms: Terms, count: CountOccurrences, monomial: Monomial): Occurrences {
	const factors = monomial.atoms.map((id) => countAtom(terms.atom(id), count));
	if (monomial.denominator !== none) factors.push(below(count(monomial.denominator)));
	// exp(a + b) may have been exp(a)·exp(b): its terms count as factors.
	if (monomial.exponent !== none) {
		const exponent = count(monomial.exponent);
		factors.push(below({ ...exponent, byLeaf: exponent.byLeafTotal }));
	}
	return factors.reduce(multiplyTerms, nothing);
}

const noLeaves: Leaves = new Map();

const nothing: Occurrences = {
	byLeaf: noLeaves,
	byLeafTotal: noLeaves,
	monomials: 1,
	monomialsDeepest: 1,
	hasProduct: false,
};

function oneLeaf(name: string): Occurrences {
	const leaf: Leaves = new Map([[name, 1]]);
	return { ...nothing, byLeaf: leaf, byLeafTotal: leaf };
}

function countAtom({ form }: Atom, count: CountOccurrences): Occurrences {
	switch (form.kind) {
		case "input":
			return oneLeaf(`input ${form.key}`);
		case "opaque":
			return form.operands
				.map((operand) => below(count(operand)))
				.reduce(multiplyTerms, oneLeaf(`operator ${form.name}`));
		case "sqrt":
			return below(count(form.argument));
		case "square":
			return multiplyTerms(count(form.argument), count(form.argument));
		case "product":
			return { ...form.factors.map(count).reduce(multiplyTerms), hasProduct: true };
	}
}

/** As an argument or a denominator: one term of the monomial around it. */
function below(inner: Occurrences): Occurrences {
	return { ...inner, byLeafTotal: inner.byLeaf, monomials: 1 };
}

function multiplyTerms(a: Occurrences, b: Occurrences): Occurrences {
	const monomials = a.monomials * b.monomials;
	return {
		byLeaf: combineLeaves(a.byLeaf, b.byLeaf, (x, y) => x + y),
		byLeafTotal: combineLeaves(a.byLeafTotal, b.byLeafTotal, (x, y) => x * b.monomials + y * a.monomials),
		monomials,
		monomialsDeepest: Math.max(a.monomialsDeepest, b.monomialsDeepest, monomials),
		hasProduct: a.hasProduct || b.hasProduct,
	};
}

function addTerms(a: Occurrences, b: Occurrences): Occurrences {
	const monomials = a.monomials + b.monomials;
	return {
		byLeaf: combineLeaves(a.byLeaf, b.byLeaf, Math.max),
		byLeafTotal: combineLeaves(a.byLeafTotal, b.byLeafTotal, (x, y) => x + y),
		monomials,
		monomialsDeepest: Math.max(a.monomialsDeepest, b.monomialsDeepest, monomials),
		hasProduct: a.hasProduct || b.hasProduct,
	};
}

function combineLeaves(a: Leaves, b: Leaves, combine: (x: number, y: number) => number): Leaves {
	const combined = new Map<string, number>();
	for (const leaf of [...a.keys(), ...b.keys()])
		combined.set(leaf, combine(a.get(leaf) ?? 0, b.get(leaf) ?? 0));
	return combined;
}
