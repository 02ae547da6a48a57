// Exact conversions between float64 and the two 16-bit formats: binary16 (IEEE 754) and bfloat16.

const scratchFloat32 = new Float32Array(1);
const scratchBits32 = new Uint32Array(scratchFloat32.buffer);
const scratchFloat64 = new Float64Array(1);
const scratchBits64 = new Uint32Array(scratchFloat64.buffer);

/** Largest finite binary16. */
export const float16Max = 65504;
const float16QuietNaN = 0x7e00;
const bfloat16QuietNaN = 0x7fc0;
/** Adding and taking away 2^52 rounds a smaller non-negative double to the nearest integer, ties to even. */
const integerRounder = 2 ** 52;

/** The value of a binary16 bit pattern. */
export function float16ToNumber(bits: number): number {
	const exponent = (bits >>> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	const sign = bits & 0x8000 ? -1 : 1;
	if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
	if (exponent === 0) return sign * fraction * 2 ** -24;
	return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Nearest binary16 (ties to even) as a bit pattern; overflow gives infinity, NaN a quiet NaN. One rounding from float64. */
export function numberToFloat16(value: number): number {
	if (Number.isNaN(value)) return float16QuietNaN;
	const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
	const magnitude = Math.abs(roundToFloat16(value));
	if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7c00;
	if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
	const exponent = binaryExponent(magnitude);
	return sign | ((exponent + 15) << 10) | (magnitude * 2 ** (10 - exponent) - 1024);
}

/** The value of a bfloat16 bit pattern. */
export function bfloat16ToNumber(bits: number): number {
	scratchBits32[0] = bits << 16;
	return scratchFloat32[0] ?? 0;
}

/** Nearest bfloat16 (ties to even) as a bit pattern; overflow gives infinity, NaN a quiet NaN. One rounding from float64. */
export function numberToBfloat16(value: number): number {
	if (Number.isNaN(value)) return bfloat16QuietNaN;
	scratchFloat32[0] = roundToBfloat16(value);
	return (scratchBits32[0] ?? 0) >>> 16;
}

/** Nearest value that binary16 holds, as a number. */
export function roundToFloat16(value: number): number {
	const magnitude = roundMagnitude(value, 10, -14);
	const rounded = magnitude > float16Max ? Number.POSITIVE_INFINITY : magnitude;
	return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}

/** Nearest value that bfloat16 holds, as a number. */
export function roundToBfloat16(value: number): number {
	const magnitude = roundMagnitude(value, 7, -126);
	const rounded = magnitude >= 2 ** 128 ? Number.POSITIVE_INFINITY : magnitude;
	return value < 0 || Object.is(value, -0) ? -rounded : rounded;
}

/** |value| rounded to `fractionBits` behind the leading bit, subnormal below 2^exponentMin. NaN and infinity pass. */
function roundMagnitude(value: number, fractionBits: number, exponentMin: number): number {
	const magnitude = Math.abs(value);
	if (!(magnitude < Number.POSITIVE_INFINITY)) return magnitude;
	const quantum = 2 ** (Math.max(binaryExponent(magnitude), exponentMin) - fractionBits);
	return (magnitude / quantum + integerRounder - integerRounder) * quantum;
}

/** floor(log2(magnitude)) of a positive normal double; -1023 for zero and subnormals. */
function binaryExponent(magnitude: number): number {
	scratchFloat64[0] = magnitude;
	return (((scratchBits64[1] ?? 0) >>> 20) & 0x7ff) - 1023;
}
