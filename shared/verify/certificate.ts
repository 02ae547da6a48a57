// What is stored with every kernel about why it is believed, and can be re-checked offline.

/** Equality test over random finite-field inputs (Mirage, section 5; see shared/verify/verify.ts for the bound). */
export interface Certificate {
	readonly programDigest: string;
	readonly muGraphDigest: string;
	readonly fieldPairs: readonly { readonly p: number; readonly q: number }[];
	readonly seeds: readonly number[];
	/** Extents used instead of the real ones, one list a trial group, in axis order. */
	readonly shrunkExtents: readonly (readonly number[])[];
	/**
	 * Constants that were read as the number of elements of a reduction, or one over it, at the shrunk extents too, and the
	 * axes of that reduction; none when the literal reading sufficed (shared/verify/link-constants.ts).
	 */
	readonly linkedConstants: readonly { readonly value: number; readonly axes: readonly number[] }[];
	readonly trials: number;
	/** Polynomial degree and exponential terms of the program, as counted. */
	readonly degree: number;
	readonly exponentialTerms: number;
	/** Operators treated as uninterpreted functions. */
	readonly uninterpreted: readonly string[];
	/** A wrong µGraph passes with at most this probability: stored as a base-2 logarithm (-60 means 2^-60). */
	readonly errorProbabilityLog2: number;
}

export type Verdict =
	| { readonly kind: "equal"; readonly certificate: Certificate }
	| { readonly kind: "different"; readonly seed: number; readonly output: number; readonly reason: string }
	| { readonly kind: "inconclusive"; readonly reason: string };
