// Pairs of prime fields Z_p and Z_q with p = 2q + 1 (Mirage, OSDI'25, section 5): values outside exponents live in the
// first, values inside exponents in the second, and exp maps x to the x-th power of a q-th root of unity in Z_p.
// Both primes are 3 modulo 4, so that every residue has one root that is itself a residue; and (p - 1)² < 2^53, so that
// products are exact in doubles.

export interface FieldPair {
	readonly p: number;
	readonly q: number;
}

/**
 * The two largest such pairs with q = 7 modulo 8, so that 2 is a square modulo all four primes: scales by roots of powers
 * of two are what attention holds. Two, because a coefficient may vanish modulo one prime.
 */
export const fieldPairs: readonly [FieldPair, FieldPair] = [
	{ p: 94905743, q: 47452871 },
	{ p: 94904543, q: 47452271 },
];

/** Generates the subgroup of order q of Z_p: a square other than 1. */
const rootOfUnity = 4;

/** a·b modulo `prime`; 0 <= a, b < prime < 2^26.5; `inverse` is 1 / prime. NaN stays NaN. */
export function multiplyModulo(a: number, b: number, prime: number, inverse: number): number {
	const product = a * b;
	const rest = product - Math.floor(product * inverse) * prime;
	return rest < 0 ? rest + prime : rest >= prime ? rest - prime : rest;
}

/** base^exponent modulo `prime`; exponent an integer from 0 to 2^53. */
export function powerModulo(base: number, exponent: number, prime: number): number {
	const inverse = 1 / prime;
	let result = 1;
	let square = base;
	for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
		if (rest % 2 === 1) result = multiplyModulo(result, square, prime, inverse);
		square = multiplyModulo(square, square, prime, inverse);
	}
	return result;
}

/** 1 / value modulo `prime`; value is not 0. */
export function invertModulo(value: number, prime: number): number {
	return powerModulo(value, prime - 2, prime);
}

/** The root of a residue that is a residue itself, or null for a non-residue. `prime` is 3 modulo 4. */
export function principalRootModulo(value: number, prime: number): number | null {
	const root = powerModulo(value, (prime + 1) / 4, prime);
	return multiplyModulo(root, root, prime, 1 / prime) === value ? root : null;
}

/** A finite float64 as the exact rational it is (an integer times a power of two), modulo `prime`. */
export function dyadicModulo(value: number, prime: number): number {
	let exponent = 0;
	let significand = Math.abs(value);
	while (!Number.isInteger(significand)) {
		significand *= 2;
		exponent--;
	}
	while (significand > Number.MAX_SAFE_INTEGER) {
		significand /= 2;
		exponent++;
	}
	const power = powerModulo(2, Math.abs(exponent), prime);
	const scale = exponent < 0 ? invertModulo(power, prime) : power;
	const magnitude = multiplyModulo(significand % prime, scale, prime, 1 / prime);
	return value < 0 && magnitude !== 0 ? prime - magnitude : magnitude;
}

/** Powers of a fixed q-th root of unity in Z_p, in two table look-ups. */
export interface RootPowers {
	/** root^exponent modulo p; 0 <= exponent < q. */
	power(exponent: number): number;
}

const tableBits = 13;

export function createRootPowers(pair: FieldPair): RootPowers {
	const { p } = pair;
	const inverse = 1 / p;
	const size = 2 ** tableBits;
	const tableOf = (base: number): Float64Array => {
		const table = new Float64Array(size + 1).fill(1);
		for (let i = 1; i <= size; i++) table[i] = multiplyModulo(table[i - 1] ?? 1, base, p, inverse);
		return table;
	};
	const low = tableOf(rootOfUnity);
	const high = tableOf(low[size] ?? 1);
	return {
		power: (exponent) =>
			multiplyModulo(low[exponent & (size - 1)] ?? 1, high[exponent >>> tableBits] ?? 1, p, inverse),
	};
}
