/** A non-negative rational as written: not reduced. */
export interface Ratio {
	readonly numerator: bigint;
	readonly denominator: bigint;
}

/** Beyond it a float64 is not taken for a reciprocal: 1/n and its neighbours have spellings of their own. */
const reciprocalMax = 2 ** 31;

/**
 * The exact value of a finite float64's magnitude: 1/n where the float64 is the one nearest to 1/n for an integer n up to
 * 2^31, so that multiplying by a rounded 1/n and dividing by n are one value; the dyadic rational otherwise.
 */
export function ratioOfNumber(value: number): Ratio {
	const magnitude = Math.abs(value);
	const inverse = Math.round(1 / magnitude);
	if (inverse >= 1 && inverse <= reciprocalMax && 1 / inverse === magnitude)
		return { numerator: 1n, denominator: BigInt(inverse) };
	let scaled = magnitude;
	let denominator = 1n;
	// A float64 with a fraction is below 2^53 and has at most 1074 fraction bits, so doubling is exact and ends.
	while (!Number.isInteger(scaled)) {
		scaled *= 2;
		denominator *= 2n;
	}
	return { numerator: BigInt(scaled), denominator };
}

export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
	let [larger, smaller] = [a, b];
	while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
	return larger;
}
