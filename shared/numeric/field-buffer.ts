import type { FieldPair } from "./field-pair.ts";
import type { Random } from "./random.ts";

/**
 * Values in a pair of fields, many independent trials (lanes) at once: element e of lane l lies at `e * lanes + l`.
 * `inside` is NaN for values that exist outside exponents only (what exp returns).
 */
export interface FieldBuffer {
	readonly outside: Float64Array;
	readonly inside: Float64Array;
	/** Set for maxima and minima: of which elements, as a commutative monoid sees it. */
	bag: ElementBag | null;
}

/** For each element the sum, in two 32-bit integers, of the hashes of all values it is the maximum (or minimum) of. */
export interface ElementBag {
	readonly operator: "maximum" | "minimum";
	readonly sums: Int32Array;
}

/** What an expression keeps free: which functions are interpreted in the fields. */
export type FieldFragment =
	/** Rational functions only; exp, sqrt and all else are uninterpreted. */
	| "rational"
	/** exp besides. */
	| "exponential"
	/** exp, what is written with it (sigmoid, tanh), and principal square roots. */
	| "full";

/** One batch of trials, and what came up in it. */
export interface FieldTrials {
	readonly pair: FieldPair;
	readonly lanes: number;
	readonly fragment: FieldFragment;
	/** Keys of the uninterpreted functions in this batch. */
	readonly keys: readonly [number, number];
	/** Lanes left out of hashes and comparisons: they failed in an earlier run of the same batch. */
	readonly masked: Uint8Array;
	/** Lanes in which a denominator was zero or a radicand no residue: to be drawn again. */
	readonly failed: Uint8Array;
	/**
	 * Lanes whose values outside exponents count: all, or few where exponentials are interpreted, since each of these mixes
	 * all lanes. In the others what holds an exponential is NaN outside.
	 */
	readonly compared: Uint8Array;
	/**
	 * By what each lane's exponent enters the exponent of the root of unity in each compared lane: `lanes` numbers for each
	 * of them in turn. Drawn when first asked for.
	 */
	mixing(): Float64Array;
	/** Every distinct exponent that came up: its values in all lanes that are not masked. */
	readonly exponents: Map<string, Float64Array>;
	/** Identities of the distinct radicands of interpreted square roots. */
	readonly radicands: Set<string>;
	/** Operators that were treated as uninterpreted functions. */
	readonly uninterpreted: Set<string>;
	/** How often an argument of one was identified. */
	readonly evaluations: { count: number };
}

export function allocateField(count: number, lanes: number): FieldBuffer {
	return { outside: new Float64Array(count * lanes), inside: new Float64Array(count * lanes), bag: null };
}

/** Uniform and independent in both fields, element by element and lane by lane. */
export function randomField(trials: FieldTrials, count: number, random: Random): FieldBuffer {
	const { p, q } = trials.pair;
	const buffer = allocateField(count, trials.lanes);
	for (let i = 0; i < buffer.outside.length; i++) {
		buffer.outside[i] = random.nextBelow(p);
		buffer.inside[i] = random.nextBelow(q);
	}
	return buffer;
}
