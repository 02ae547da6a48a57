// Conversions between float64 numbers and the 16-bit float patterns. Rounding is to nearest, ties to even.

const scratch = new DataView(new ArrayBuffer(8));

/** The value of an IEEE 754 binary16 bit pattern. */
export function halfToNumber(bits: number): number {
	const sign = bits & 0x8000 ? -1 : 1;
	const exponent = (bits >> 10) & 0x1f;
	const fraction = bits & 0x3ff;
	if (exponent === 0) return sign * fraction * 2 ** -24;
	if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
	return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The binary16 bit pattern nearest to a number; beyond 65504 (after rounding) infinity. */
export function numberToHalf(value: number): number {
	if (Number.isNaN(value)) return 0x7e00;
	const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
	const magnitude = Math.abs(value);
	// Smallest number that rounds to infinity: halfway between 65504 and 65536, ties to even.
	if (magnitude >= 65520) return sign | 0x7c00;
	if (magnitude < 2 ** -14) return sign | roundHalfEven(magnitude * 2 ** 24);
	scratch.setFloat64(0, magnitude);
	const exponent = ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023;
	// A significand that rounds up to 2048 carries into the exponent field, which is the right answer.
	const significand = roundHalfEven(magnitude * 2 ** (10 - exponent));
	return sign | (((exponent + 15) << 10) + significand - 1024);
}

/** The value of a bfloat16 bit pattern. */
export function brainToNumber(bits: number): number {
	scratch.setUint32(0, bits << 16);
	return scratch.getFloat32(0);
}

/**
 * The bfloat16 bit pattern nearest to a number, by way of float32 (as every converter does: numbers that already are
 * float32, which is all of ONNX's, round once).
 */
export function numberToBrain(value: number): number {
	if (Number.isNaN(value)) return 0x7fc0;
	scratch.setFloat32(0, value);
	const bits = scratch.getUint32(0);
	const rounded = bits + 0x7fff + ((bits >>> 16) & 1);
	return (rounded >>> 16) & 0xffff;
}

function roundHalfEven(value: number): number {
	const floor = Math.floor(value);
	const rest = value - floor;
	if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
	return floor;
}
