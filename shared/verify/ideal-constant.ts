// The number that a rounded constant was written for. Two formulas of one function hold 1/3, or 1/√8 and its root, and
// round them at different places: as exact functions they differ in the last bits. Read as the simplest fraction, or root
// of one, within the rounding of their type, they agree.

import { invertModulo, multiplyModulo, principalRootModulo } from "#shared/numeric/field-pair.ts";
import type { DataType } from "#shared/tensor/data-type.ts";

/** The `root`-th root of numerator / denominator, both positive. */
export interface IdealConstant {
	readonly numerator: number;
	readonly denominator: number;
	readonly root: 1 | 2 | 4;
}

/** Bits of the significand, the hidden one included. */
const significandBits: Partial<Readonly<Record<DataType, number>>> = {
	float64: 53,
	float32: 24,
	float16: 11,
	bfloat16: 8,
};

/** Of a fraction that is taken for the meaning of a constant: numerator times denominator, in shares of its bits. */
const complexityShare = 0.6;

/** Null where no fraction (or square or fourth root of one) is simple and near enough. `magnitude` is positive, finite. */
export function idealConstant(magnitude: number, dataType: DataType): IdealConstant | null {
	const bits = significandBits[dataType];
	if (bits === undefined || !(magnitude > 0)) return null;
	const halfUnit = 2 ** (Math.floor(Math.log2(magnitude)) - bits);
	const complexityMax = 2 ** (complexityShare * bits);
	const fraction = simplestFraction(magnitude, halfUnit, complexityMax);
	if (fraction !== null) return { ...fraction, root: 1 };
	for (const root of [2, 4] as const) {
		// A root is computed, with an error of up to one unit, which its power multiplies.
		const power = magnitude ** root;
		const radicand = simplestFraction(power, root * power * 2 ** (1 - bits), complexityMax);
		// A rational root would have to be the constant itself.
		if (radicand !== null && !hasRationalRoot(radicand)) return { ...radicand, root };
	}
	return null;
}

interface Fraction {
	readonly numerator: number;
	readonly denominator: number;
}

function hasRationalRoot({ numerator, denominator }: Fraction): boolean {
	return Number.isInteger(Math.sqrt(numerator)) && Number.isInteger(Math.sqrt(denominator));
}

/** By continued fractions: the first convergent within the tolerance, unless it is too complex. */
function simplestFraction(value: number, tolerance: number, complexityMax: number): Fraction | null {
	let [before, numerator] = [0, 1];
	let [below, denominator] = [1, 0];
	let rest = value;
	while (true) {
		const whole = Math.floor(rest);
		[before, numerator] = [numerator, whole * numerator + before];
		[below, denominator] = [denominator, whole * denominator + below];
		if (numerator * denominator > complexityMax || denominator > complexityMax) return null;
		if (numerator > 0 && Math.abs(numerator / denominator - value) <= tolerance)
			return { numerator, denominator };
		if (rest === whole) return null;
		rest = 1 / (rest - whole);
	}
}

/** Modulo a prime that is 3 modulo 4; null where a root does not exist. */
export function idealModulo(constant: IdealConstant, prime: number): number | null {
	const inverse = 1 / prime;
	const bottom = invertModulo(constant.denominator % prime, prime);
	let value: number | null = multiplyModulo(constant.numerator % prime, bottom, prime, inverse);
	for (let root: number = constant.root; root > 1 && value !== null; root /= 2)
		value = principalRootModulo(value, prime);
	return value;
}
