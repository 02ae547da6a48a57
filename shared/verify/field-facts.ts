// What one batch of trials has learnt about values, by their identity (their residues in all lanes). It is how maxima,
// minima and comparisons obey the laws that hold in every total order, however their results were moved about.

import type { FieldBuffer, FieldTrials } from "#shared/numeric/field-buffer.ts";
import type { FieldElement } from "#shared/numeric/field-operators.ts";
import { identify } from "#shared/numeric/field-uninterpreted.ts";
import type { Hash64 } from "#shared/numeric/keyed-hash.ts";

export type Extremum = "maximum" | "minimum";

export type FieldFact =
	/** A number that the model holds; infinities too. */
	| { readonly kind: "constant"; readonly value: number }
	/** The extremum of two or more different values, none of which is such an extremum itself. */
	| { readonly kind: "extremum"; readonly operator: Extremum; readonly members: readonly Hash64[] }
	/** Whether `smaller` is less than `larger`, or equal to it unless the order is strict. */
	| {
			readonly kind: "order";
			readonly smaller: Hash64;
			readonly larger: Hash64;
			readonly isStrict: boolean;
	  }
	/** Whether two values are equal; in the order of identities. */
	| { readonly kind: "equality"; readonly one: Hash64; readonly other: Hash64 };

/** aᵢ - M, then e^(aᵢ - M), of a row with the maximum M (field-masked-rows.ts). */
export interface ShareFact {
	readonly kind: "gap" | "share";
	readonly member: Hash64;
	readonly peak: Hash64;
	/** Of the type they are subtracted in. */
	readonly lowest: number;
	/** That aᵢ is -∞. */
	readonly absence: FieldElement;
}

export interface RowSumFact {
	/** S, of all members of M, or max(S, 1). */
	readonly kind: "sum" | "guarded";
	readonly peak: Hash64;
	/** S. */
	readonly sum: FieldElement;
	/** That all aᵢ are -∞. */
	readonly absence: FieldElement;
}

/** One of few numbers (field-choice.ts): for each the bool that it is this one; their sum is 1. */
export interface Choice {
	readonly bools: readonly FieldElement[];
}

/** What a value is in each case of a choice. */
export interface ChoiceFact {
	readonly choice: Choice;
	readonly cases: readonly FieldElement[];
}

/** What is known of values by their identity. */
interface FactMap<Fact> {
	learn(identity: Hash64, fact: Fact): void;
	find(identity: Hash64): Fact | null;
}

export interface FieldFacts {
	learn(element: FieldElement, fact: FieldFact): void;
	find(identity: Hash64): FieldFact | null;
	identityOf(element: FieldElement): Hash64;
	/** That some value is minus infinity, without which nobody looks for one. */
	noteInfinity(): void;
	hasInfinity(): boolean;
	isMinusInfinity(element: FieldElement): boolean;
	/** That no element is an infinity for any real inputs. */
	noteFinite(buffer: FieldBuffer): void;
	isFinite(buffer: FieldBuffer): boolean;
	areFinite(elements: readonly FieldElement[]): boolean;
	/** Of values that may be minus infinity the bool that they are (field-absence.ts). */
	readonly absences: FactMap<FieldElement>;
	/** Parts of softmax over rows that may be masked (field-masked-rows.ts), looked for only once a peak was noted. */
	readonly shares: FactMap<ShareFact>;
	readonly rowSums: FactMap<RowSumFact>;
	notePeak(): void;
	hasPeak(): boolean;
	/** d of e^d and x of |x|, looked for only in graphs with a logarithm (field-logarithm.ts). */
	readonly exponents: FactMap<FieldElement>;
	readonly magnitudes: FactMap<FieldElement>;
	/** All dᵢ of Σ e^dᵢ, numbers for any real inputs (field-log-sum.ts). */
	readonly exponentials: FactMap<readonly FieldElement[]>;
	noteLogarithm(): void;
	hasLogarithm(): boolean;
	/** Values that depend on an input of few numbers, looked for only where there is one. */
	readonly choices: FactMap<ChoiceFact>;
	noteChoice(): void;
	hasChoice(): boolean;
}

/** 53 bits of an identity. Both hashes are compared after a look-up, so that a chance meeting only loses a fact. */
function keyOf({ a, b }: Hash64): number {
	return (a >>> 0) * 2097152 + (b >>> 11);
}

function createFactMap<Fact>(): FactMap<Fact> {
	const facts = new Map<number, { readonly identity: Hash64; readonly fact: Fact }>();
	return {
		learn: (identity, fact) => {
			facts.set(keyOf(identity), { identity, fact });
		},
		find: (identity) => {
			const found = facts.get(keyOf(identity));
			return found !== undefined && sameIdentity(found.identity, identity) ? found.fact : null;
		},
	};
}

export function createFieldFacts(trials: FieldTrials): FieldFacts {
	const facts = createFactMap<FieldFact>();
	const finite = new WeakSet<FieldBuffer>();
	const identityOf = ({ buffer, at }: FieldElement): Hash64 => identify(trials, buffer, at);
	let hasInfinity = false;
	let hasPeak = false;
	let hasLogarithm = false;
	let hasChoice = false;
	return {
		identityOf,
		find: facts.find,
		learn: (element, fact) => facts.learn(identityOf(element), fact),
		noteInfinity: () => {
			hasInfinity = true;
		},
		hasInfinity: () => hasInfinity,
		isMinusInfinity: (element) => {
			if (!hasInfinity) return false;
			const fact = facts.find(identityOf(element));
			return fact?.kind === "constant" && fact.value === Number.NEGATIVE_INFINITY;
		},
		noteFinite: (buffer) => {
			finite.add(buffer);
		},
		isFinite: (buffer) => finite.has(buffer),
		areFinite: (elements) => elements.every(({ buffer }) => finite.has(buffer)),
		absences: createFactMap(),
		shares: createFactMap(),
		rowSums: createFactMap(),
		notePeak: () => {
			hasPeak = true;
		},
		hasPeak: () => hasPeak,
		exponents: createFactMap(),
		magnitudes: createFactMap(),
		exponentials: createFactMap(),
		noteLogarithm: () => {
			hasLogarithm = true;
		},
		hasLogarithm: () => hasLogarithm,
		choices: createFactMap(),
		noteChoice: () => {
			hasChoice = true;
		},
		hasChoice: () => hasChoice,
	};
}

export function sameIdentity(one: Hash64, other: Hash64): boolean {
	return one.a === other.a && one.b === other.b;
}

/** A total order of identities. */
export function compareIdentities(one: Hash64, other: Hash64): number {
	return one.a - other.a || one.b - other.b;
}
