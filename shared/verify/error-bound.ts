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
// Principal square roots are multiplicative, as those of positive numbers are, but the root of g² is g only where g is a
// residue: the field takes each sign of g with probability a half, where the reals take the sign of g. So a difference may
// vanish for all signs but one: √(g²) - g does for one of two, a product of k such factors for all but one of 2^k. A lane in
// which k roots have a part proves no more than that, however small the degree; signs are as good as independent coins
// (Weil: up to the degree over √p; a quarter is left for that). Where they fall right, the product of F over the
// conjugates of its roots vanishes, a function of 2^k times the degree; and a lane counts only if all distinct radicands
// are residues, so that what is left is taken 2^radicands times.
// Uninterpreted functions are modelled as random functions of an argument's values in all lanes of the batch; two different
// arguments coincide in the whole batch with the like probability, which is added for each pair.

import type { FieldPair } from "#shared/numeric/field-pair.ts";
import type { FunctionSizes } from "./function-sizes.ts";
import {
	countRoots,
	denominatorSize,
	plusSize,
	type Size,
	type SizeBound,
	timesSize,
} from "./size-bounds.ts";

/** Two different 64-bit identities coincide with this probability, as a base-2 logarithm. */
const identityCollisionLog2 = -62;

/** Smaller probabilities are stated as this. */
const smallestLog2 = -512;

/** A difference in which elements of this many square roots have a part. */
export interface DifferenceSize extends Size {
	readonly roots: number;
}

/** N1·D2 - N2·D1. */
function differenceSize(a: SizeBound, b: SizeBound): DifferenceSize {
	const size = plusSize(
		timesSize(a.numerator, denominatorSize(b)),
		timesSize(b.numerator, denominatorSize(a)),
	);
	return { ...size, roots: countRoots(a) + countRoots(b) };
}

/** What was seen of the exponents of a batch. */
export interface ExponentStructure {
	/** Different exponents. */
	readonly count: number;
	/** Exponents that are linearly independent. */
	readonly rank: number;
	/** The largest integer by which one of them enters another exponent. */
	readonly weight: number;
	/** Lanes that confirm the combinations: the others may have fixed them. */
	readonly confirmations: number;
}

/** What was seen in a batch that bears on its bound. */
export interface SeenInBatch {
	/** Distinct radicands of interpreted square roots. */
	readonly radicands: number;
	/** Null when there are none, or their structure is unknown. */
	readonly exponents: ExponentStructure | null;
}

/** Probability that one lane that counts shows no difference, for a difference of this size. */
export function lanePassProbability(
	size: DifferenceSize,
	{ q }: FieldPair,
	{ radicands, exponents }: SeenInBatch,
): number {
	if (size.exponentials > 0 && exponents === null) return 1;
	const conjugates = 2 ** Math.min(size.roots, radicands);
	const perExponential = exponents === null ? 0 : 2 * exponents.weight * exponents.rank;
	const degree = Math.max(size.degree, 1) + size.exponentials * perExponential;
	const algebraic = (2 ** radicands * conjugates * degree) / q;
	const signs = conjugates === 1 ? 0 : 1 - 0.75 / conjugates;
	const probability = signs + algebraic;
	// Degrees that overflow may become no number.
	return Number.isNaN(probability) ? 1 : Math.min(1, probability);
}

/** What decides the bound of a test of a program against a µGraph. */
export interface DifferenceSizes {
	readonly output: DifferenceSize;
	/** Of two arguments of uninterpreted functions; null when there are none. */
	readonly argument: DifferenceSize | null;
}

/** Whether exponentials that the fragment interprets have a part in what is compared. */
export function hasExponentials({ output, argument }: DifferenceSizes): boolean {
	return output.exponentials > 0 || (argument?.exponentials ?? 0) > 0;
}

/** The worst over all pairs of outputs, and over all pairs of arguments. */
export function worstSizes(program: FunctionSizes, muGraph: FunctionSizes): DifferenceSizes {
	const output = largestDifference(program.outputs, muGraph.outputs);
	const everyArgument = [...program.arguments, ...muGraph.arguments];
	return {
		output,
		argument: everyArgument.length === 0 ? null : largestDifference(everyArgument, everyArgument),
	};
}

function largestDifference(left: readonly SizeBound[], right: readonly SizeBound[]): DifferenceSize {
	const worst = (bounds: readonly SizeBound[]): SizeBound => {
		const bottom = maximumSize(bounds.map(denominatorSize));
		return {
			numerator: maximumSize(bounds.map(({ numerator }) => numerator)),
			denominators: new Map([[0, { ...bottom, axes: [], multiplicity: 1 }]]),
			roots: new Map([[0, { axes: [], multiplicity: Math.max(0, ...bounds.map(countRoots)) }]]),
		};
	};
	return differenceSize(worst(left), worst(right));
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
export interface AgreedBatch extends SeenInBatch {
	readonly lanes: number;
	/** How often an uninterpreted function was applied in it. */
	readonly evaluations: number;
}

/** Base-2 logarithm of the probability that a batch passes wrongly; 0 when it says nothing. */
export function batchErrorLog2(sizes: DifferenceSizes, pair: FieldPair, batch: AgreedBatch): number {
	const { lanes, evaluations, exponents } = batch;
	const passLog2 = (size: DifferenceSize): number =>
		Math.max(smallestLog2, lanes * Math.log2(lanePassProbability(size, pair, batch)));
	let probability = 2 ** passLog2(sizes.output) + combinationError(sizes, pair, exponents);
	if (sizes.argument !== null && evaluations >= 1) {
		const pairs = evaluations ** 2 / 2;
		probability += pairs * (2 ** passLog2(sizes.argument) + 2 ** identityCollisionLog2);
	}
	return Number.isNaN(probability) ? 0 : Math.min(0, Math.log2(probability));
}

/** Probability that some combination of exponents holds by chance. */
function combinationError(
	{ output, argument }: DifferenceSizes,
	{ q }: FieldPair,
	exponents: ExponentStructure | null,
): number {
	if (exponents === null) return 0;
	const degree = Math.max(1, output.exponent, argument?.exponent ?? 0);
	const each = Math.min(1, ((exponents.rank + 1) * degree) / q);
	return exponents.count * each ** exponents.confirmations;
}
