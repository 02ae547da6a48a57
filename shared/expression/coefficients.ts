import { present } from "#shared/fault/assert.ts";
import { createPairMemo, remembered } from "./pair-memo.ts";
import { greatestCommonDivisor, type Ratio } from "./rational.ts";

/** Of one `Coefficients`: equal ratios, equal ids. */
export type CoefficientId = number;

/** What no quotient is. */
export const noQuotient = -1;

/**
 * The numeric factor of a monomial: the product of its constants, with numerators and denominators multiplied up and never
 * reduced. Reducing would be cancellation: 2·(1/2)·x has 2·x inside, and x·c does not have x·c² inside, so a factor divides
 * another iff its numerator and its denominator do.
 */
export interface Coefficients {
	readonly one: CoefficientId;
	of(ratio: Ratio): CoefficientId;
	ratioOf(coefficient: CoefficientId): Ratio;
	multiply(a: CoefficientId, b: CoefficientId): CoefficientId;
	/** `noQuotient` unless b divides a. */
	quotient(a: CoefficientId, b: CoefficientId): CoefficientId;
	/** The greatest that divides both. */
	common(a: CoefficientId, b: CoefficientId): CoefficientId;
	reciprocal(a: CoefficientId): CoefficientId;
}

export function createCoefficients(): Coefficients {
	const ids = new Map<string, CoefficientId>();
	const ratios: Ratio[] = [];
	const of = (ratio: Ratio): CoefficientId => {
		const key = `${ratio.numerator}/${ratio.denominator}`;
		const known = ids.get(key);
		if (known !== undefined) return known;
		ids.set(key, ratios.length);
		return ratios.push(ratio) - 1;
	};
	const ratioOf = (id: CoefficientId): Ratio => present(ratios[id], "coefficient");
	const products = createPairMemo();
	const quotients = createPairMemo();
	const one = of({ numerator: 1n, denominator: 1n });
	return {
		one,
		of,
		ratioOf,
		multiply: (a, b) => {
			if (a === one) return b;
			if (b === one) return a;
			return remembered(products, a, b, () => of(bothParts(ratioOf(a), ratioOf(b), (x, y) => x * y)));
		},
		quotient: (a, b) => {
			if (b === one) return a;
			return remembered(quotients, a, b, () => divideRatios(ratioOf(a), ratioOf(b), of));
		},
		common: (a, b) => (a === b ? a : of(bothParts(ratioOf(a), ratioOf(b), greatestCommonDivisor))),
		reciprocal: (a) => {
			const { numerator, denominator } = ratioOf(a);
			return of({ numerator: denominator, denominator: numerator });
		},
	};
}

function bothParts(a: Ratio, b: Ratio, combine: (x: bigint, y: bigint) => bigint): Ratio {
	return {
		numerator: combine(a.numerator, b.numerator),
		denominator: combine(a.denominator, b.denominator),
	};
}

function divideRatios(a: Ratio, b: Ratio, of: (ratio: Ratio) => CoefficientId): CoefficientId {
	const numerator = divideExactly(a.numerator, b.numerator);
	const denominator = divideExactly(a.denominator, b.denominator);
	return numerator === null || denominator === null ? noQuotient : of({ numerator, denominator });
}

/** Null where b does not divide a. Zero divides zero only, once. */
function divideExactly(a: bigint, b: bigint): bigint | null {
	if (b === 0n) return a === 0n ? 1n : null;
	return a % b === 0n ? a / b : null;
}
