// How likely a batch of random trials passes for two different functions.
//
// Let F = N1·D2 - N2·D1 be a numerator of the difference of two outputs: a sum of polynomials of degree at most d over Z_p,
// each times a product of at most a exponentials. Components in Z_p and Z_q are drawn independently, and each lane's
// exponent of an exponential is a random linear combination of the exponent's values in all lanes (field-operators.ts). Of
// the exponents that came up, r are linearly independent, as observed, and all others are combinations of them by integers
// of at most w (integer-relations.ts). Then F is a Laurent polynomial in r exponentials, different from zero if F is, and
// in every lane these are independent uniform elements of the subgroup of order q of Z_p: rows of full rank times a uniform
// vector. Its degree in each is within ±a·w, so that by Schwartz and Zippel a lane passes with probability at most
//   (d + 2·a·w·r) / q.
// No lane says anything about another. Mirage's theorem 2 needs thousands of trials where this needs three.
// That a combination which holds in all lanes holds at all: it is fixed by the lanes up to the last pivot, and holds in each
// of the others by chance with probability at most (r + 1)·x / q, x the degree of an exponent.
// Uninterpreted functions are modelled as random functions of an argument's values in all lanes of the batch; two different
// arguments coincide in the whole batch with the like probability, which is added for each pair.

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
		exponentials: size.exponentials * conjugates,
	};
}

/** What was seen of the exponents of a batch. */
export interface ExponentStructure {
	/** Exponents that are linearly independent. */
	readonly rank: number;
	/** The largest integer by which one of them enters another exponent. */
	readonly weight: number;
	/** Lanes that confirm the combinations: the others may have fixed them. */
	readonly confirmations: number;
}

/** Probability that one lane shows no difference, for a difference of this size. `exponents`: null when unknown. */
export function lanePassProbability(
	size: Size,
	{ q }: FieldPair,
	exponents: ExponentStructure | null,
): number {
	const degree = Math.max(size.degree, 1);
	if (size.exponentials === 0) return Math.min(1, degree / q);
	if (exponents === null) return 1;
	return Math.min(1, (degree + 2 * size.exponentials * exponents.weight * exponents.rank) / q);
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
		exponentials: Math.max(0, ...sizes.map((size) => size.exponentials)),
	};
}

/** What a batch that agreed says. */
export interface AgreedBatch {
	readonly lanes: number;
	/** How often an uninterpreted function was applied in it. */
	readonly evaluations: number;
	readonly exponents: ExponentStructure | null;
}

/** Base-2 logarithm of the probability that a batch passes wrongly; 0 when it says nothing. */
export function batchErrorLog2(sizes: DifferenceSizes, pair: FieldPair, batch: AgreedBatch): number {
	const { lanes, evaluations, exponents } = batch;
	const passLog2 = (size: Size): number =>
		Math.max(smallestLog2, lanes * Math.log2(lanePassProbability(size, pair, exponents)));
	let probability = 2 ** passLog2(sizes.output) + combinationError(sizes, pair, exponents);
	if (sizes.argument !== null && evaluations >= 1) {
		const pairs = evaluations ** 2 / 2;
		probability += pairs * (2 ** passLog2(sizes.argument) + 2 ** identityCollisionLog2);
	}
	return Math.min(0, Math.log2(probability));
}

/** Exponents that may come up in a batch. */
const exponentsMax = 2 ** 16;

/** Probability that some combination of exponents holds by chance. */
function combinationError(
	{ output, argument }: DifferenceSizes,
	{ q }: FieldPair,
	exponents: ExponentStructure | null,
): number {
	if (exponents === null) return 0;
	const degree = Math.max(1, output.exponent, argument?.exponent ?? 0);
	const each = Math.min(1, ((exponents.rank + 1) * degree) / q);
	return exponentsMax * each ** exponents.confirmations;
}
