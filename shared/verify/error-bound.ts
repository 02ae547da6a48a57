// How likely a batch of random trials passes for two different functions.
//
// Let F = N1·D2 - N2·D1 be a numerator of the difference of two outputs: at most k terms f_i·exp(e_i), the f_i polynomials
// of degree at most d over Z_p, the e_i distinct rational functions over Z_q whose differences have degree at most x.
// Components in Z_p and Z_q are drawn independently. One term keeps an exponent of its own and a coefficient other than
// zero with probability at least  1 - (d + (k - 1)·x) / q  (Schwartz and Zippel). Then F at this point is an element other
// than zero of the group algebra Z_p[Z_q] with at most k terms, and such an element is zero under at most q - q/k of the q
// characters (its q-periodic sequence of coefficients obeys a linear recurrence as long as the characters it is not zero
// under, and has a gap of q/k - 1). exp draws the character at random, so that a lane passes with probability at most
//   1 - (1/k)·(1 - (d + (k - 1)·x) / q),     or, where it is smaller, Mirage's theorem 2:  8·d·k⁴/q + q^(-1/k²).
// Lanes are independent. Uninterpreted functions are modelled as random functions of an argument's values in all lanes of
// the batch; two different arguments coincide in the whole batch with the like probability, which is added for each pair.

import type { FieldPair } from "#shared/numeric/field-pair.ts";
import type { FunctionSizes } from "./function-sizes.ts";
import { denominatorSize, plusSize, type Size, type SizeBound, timesSize } from "./size-bounds.ts";

/** Two different 64-bit identities coincide with this probability, as a base-2 logarithm. */
const identityCollisionLog2 = -62;

/** Smaller probabilities are stated as this. */
const smallestLog2 = -512;

/** N1·D2 - N2·D1. With square roots, the product over their conjugates: each root doubles it. */
export function differenceSize(a: SizeBound, b: SizeBound, roots = 0): Size {
	const size = plusSize(
		timesSize(a.numerator, denominatorSize(b)),
		timesSize(b.numerator, denominatorSize(a)),
	);
	const conjugates = 2 ** roots;
	return {
		degree: size.degree * conjugates,
		terms: size.exponent === 0 ? size.terms : size.terms ** conjugates,
		exponent: size.exponent * conjugates,
	};
}

/** Probability that one lane shows no difference, for a difference of this size. */
export function lanePassProbability(size: Size, { q }: FieldPair): number {
	if (size.exponent === 0) return Math.min(1, Math.max(size.degree, 1) / q);
	const { degree, terms, exponent } = size;
	const spoiled = (degree + (terms - 1) * 2 * exponent) / q;
	const byCharacters = 1 - Math.max(0, 1 - spoiled) / terms;
	const byTheorem = (8 * Math.max(degree, exponent) * terms ** 4) / q + q ** (-1 / terms ** 2);
	return Math.min(1, byCharacters, byTheorem);
}

/** What decides the bound of a test of a program against a µGraph. */
export interface DifferenceSizes {
	readonly output: Size;
	/** Of two arguments of uninterpreted functions; null when there are none. */
	readonly argument: Size | null;
}

/** The worst over all pairs of outputs, and over all pairs of arguments. */
export function worstSizes(program: FunctionSizes, muGraph: FunctionSizes): DifferenceSizes {
	const roots = program.roots + muGraph.roots;
	const output = largestDifference(program.outputs, muGraph.outputs, roots);
	const everyArgument = [...program.arguments, ...muGraph.arguments];
	return {
		output,
		argument: everyArgument.length === 0 ? null : largestDifference(everyArgument, everyArgument, roots),
	};
}

function largestDifference(left: readonly SizeBound[], right: readonly SizeBound[], roots: number): Size {
	const worst = (bounds: readonly SizeBound[]): SizeBound => {
		const bottom = maximumSize(bounds.map(denominatorSize));
		return {
			numerator: maximumSize(bounds.map(({ numerator }) => numerator)),
			denominators: new Map([[0, { ...bottom, axes: [], multiplicity: 1 }]]),
		};
	};
	return differenceSize(worst(left), worst(right), roots);
}

function maximumSize(sizes: readonly Size[]): Size {
	return {
		degree: Math.max(0, ...sizes.map((size) => size.degree)),
		terms: Math.max(1, ...sizes.map((size) => size.terms)),
		exponent: Math.max(0, ...sizes.map((size) => size.exponent)),
	};
}

/**
 * Base-2 logarithm of the probability that a batch of `lanes` passes wrongly. `evaluations` is how often an uninterpreted
 * function was applied in it.
 */
export function batchErrorLog2(
	sizes: DifferenceSizes,
	pair: FieldPair,
	lanes: number,
	evaluations: number,
): number {
	const outputLog2 = Math.max(smallestLog2, lanes * Math.log2(lanePassProbability(sizes.output, pair)));
	if (sizes.argument === null || evaluations < 1) return Math.min(0, outputLog2);
	const pairsLog2 = 2 * Math.log2(evaluations) - 1;
	const argumentLog2 = lanes * Math.log2(lanePassProbability(sizes.argument, pair));
	const collisions = 2 ** (pairsLog2 + argumentLog2) + 2 ** (pairsLog2 + identityCollisionLog2);
	return Math.min(0, Math.log2(2 ** outputLog2 + collisions));
}
