// How far a kernel's results may lie from exact ones. A user chooses it by name; the name is part of every cache key.

import type { ProductType, Schedule } from "#shared/schedule/schedule.ts";

export const toleranceIds = ["float32-1e-3", "bfloat16-1e-2"] as const;
export type ToleranceId = (typeof toleranceIds)[number];

/** What holds where nobody chose. */
export const defaultTolerance: ToleranceId = "float32-1e-3";

export interface KernelTolerance {
	/**
	 * Largest |kernel - reference| of an output over its largest |reference|, against float64; inclusive. On inputs where
	 * ONNX Runtime itself is off by more than a quarter of this, a multiple of its error is allowed (docs/measuring.md).
	 */
	readonly errorMax: number;
	/**
	 * What schedules may round weights, and what they are multiplied with, to within products. bfloat16 has 8 bits of
	 * significand; sums stay in float32. Relative errors that were measured of such products are about 2.5e-3.
	 */
	readonly productTypes: readonly ProductType[];
}

export const kernelTolerances: Readonly<Record<ToleranceId, KernelTolerance>> = {
	"float32-1e-3": { errorMax: 1e-3, productTypes: ["float32"] },
	"bfloat16-1e-2": { errorMax: 1e-2, productTypes: ["float32", "bfloat16"] },
};

/** The first type that products of the schedule round to and the tolerance does not allow, or null. */
export function forbiddenProductType({ kernels }: Schedule, tolerance: ToleranceId): ProductType | null {
	const { productTypes } = kernelTolerances[tolerance];
	return kernels.find(({ productType }) => !productTypes.includes(productType))?.productType ?? null;
}
