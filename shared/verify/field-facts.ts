// What one batch of trials has learnt about values, by their identity (their residues in all lanes). It is how maxima,
// minima and comparisons obey the laws that hold in every total order, however their results were moved about.

import type { FieldTrials } from "#shared/numeric/field-buffer.ts";
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

export interface FieldFacts {
	learn(element: FieldElement, fact: FieldFact): void;
	find(identity: Hash64): FieldFact | null;
	identityOf(element: FieldElement): Hash64;
	/** That some value is minus infinity, without which nobody looks for one. */
	noteInfinity(): void;
	isMinusInfinity(element: FieldElement): boolean;
}

/** 53 bits of an identity. Both hashes are compared after a look-up, so that a chance meeting only loses a fact. */
function keyOf({ a, b }: Hash64): number {
	return (a >>> 0) * 2097152 + (b >>> 11);
}

export function createFieldFacts(trials: FieldTrials): FieldFacts {
	const facts = new Map<number, { readonly identity: Hash64; readonly fact: FieldFact }>();
	const identityOf = ({ buffer, at }: FieldElement): Hash64 => identify(trials, buffer, at);
	const find = (identity: Hash64): FieldFact | null => {
		const found = facts.get(keyOf(identity));
		return found !== undefined && sameIdentity(found.identity, identity) ? found.fact : null;
	};
	let hasInfinity = false;
	return {
		identityOf,
		noteInfinity: () => {
			hasInfinity = true;
		},
		isMinusInfinity: (element) => {
			if (!hasInfinity) return false;
			const fact = find(identityOf(element));
			return fact?.kind === "constant" && fact.value === Number.NEGATIVE_INFINITY;
		},
		learn: (element, fact) => {
			const identity = identityOf(element);
			facts.set(keyOf(identity), { identity, fact });
		},
		find,
	};
}

export function sameIdentity(one: Hash64, other: Hash64): boolean {
	return one.a === other.a && one.b === other.b;
}

/** A total order of identities. */
export function compareIdentities(one: Hash64, other: Hash64): number {
	return one.a - other.a || one.b - other.b;
}
