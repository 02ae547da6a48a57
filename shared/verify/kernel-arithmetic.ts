// The arithmetics in which kernels compute, as rounding rules.

import type { Arithmetic } from "#shared/numeric/arithmetic.ts";
import { createRoundingArithmetic } from "#shared/numeric/rounding-arithmetic.ts";
import { roundToFloat16 } from "#shared/tensor/float16.ts";

/**
 * float32: everything. float16: operators in half precision, sums, products and constants in float32, as tensor cores
 * with float32 accumulators have it (NVIDIA, PTX ISA 9.7.14: wgmma .f32.f16.f16).
 */
export type KernelArithmetic = "float32" | "float16";

interface RoundingRules {
	readonly rounded: Arithmetic<Float64Array>;
	/** To what an input is rounded that has no narrower type of its own. */
	stored(value: number): number;
	/** Relative, of one operator. */
	readonly roundoff: number;
}

export const kernelArithmetics: Readonly<Record<KernelArithmetic, RoundingRules>> = {
	float32: {
		rounded: createRoundingArithmetic(Math.fround),
		stored: Math.fround,
		roundoff: 2 ** -24,
	},
	float16: {
		rounded: createRoundingArithmetic(roundToFloat16, Math.fround),
		stored: roundToFloat16,
		roundoff: 2 ** -11,
	},
};
