// How far a computed tensor lies from the expected one.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { equalShapes } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { ElementValues } from "#shared/tensor/tensor-values.ts";
import { decodeTensor } from "#shared/tensor/tensor-values.ts";

export interface Tolerance {
	/** Share of the expected magnitude. Floats only; integers and bool must be equal. */
	readonly relative: number;
	readonly absolute: number;
}

export interface TensorComparison {
	readonly equal: boolean;
	/** Largest |actual - expected|; infinite where only one is NaN or an infinity. */
	readonly maxAbs: number;
	/** Largest |actual - expected| / |expected|, over elements that differ and are expected non-zero. */
	readonly maxRel: number;
	/** The first element beyond the tolerance, in row-major order. */
	readonly firstDifference: {
		readonly index: number;
		readonly actual: number;
		readonly expected: number;
	} | null;
}

/**
 * Compares element by element: equal when |actual - expected| <= absolute + relative |expected|; NaN equals NaN, an
 * infinity itself. Throws `request.invalid` when types or shapes differ.
 */
export function compareTensors(
	actual: TensorData,
	expected: TensorData,
	tolerance: Tolerance,
): TensorComparison {
	if (actual.dataType !== expected.dataType || !equalShapes(actual.shape, expected.shape)) {
		throw new OptimizeError(
			"request.invalid",
			`found ${actual.dataType} [${actual.shape.join(", ")}], expected ${expected.dataType} [${expected.shape.join(", ")}]`,
			{ found: actual.shape, expected: expected.shape },
		);
	}
	const [found, wanted] = [decodeTensor(actual).values, decodeTensor(expected).values];
	const { relative, absolute } = isFloat(expected.dataType) ? tolerance : { relative: 0, absolute: 0 };
	let [maxAbs, maxRel] = [0, 0];
	let firstDifference: TensorComparison["firstDifference"] = null;
	for (let index = 0; index < wanted.length; index++) {
		const difference = distance(found, wanted, index);
		if (difference === 0) continue;
		const magnitude = Math.abs(Number(wanted[index]));
		maxAbs = Math.max(maxAbs, difference);
		if (magnitude > 0) maxRel = Math.max(maxRel, difference / magnitude);
		const within = Number.isFinite(difference) && difference <= absolute + relative * magnitude;
		if (firstDifference === null && !within) {
			firstDifference = { index, actual: Number(found[index]), expected: Number(wanted[index]) };
		}
	}
	return { equal: firstDifference === null, maxAbs, maxRel, firstDifference };
}

/** |found - wanted| of one element: 0 for two NaN or the same infinity, infinite when only one is finite. */
function distance(found: ElementValues, wanted: ElementValues, index: number): number {
	const [a, b] = [found[index], wanted[index]];
	if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
	if (typeof a === "bigint" && typeof b === "bigint") return Number(a > b ? a - b : b - a);
	const [x, y] = [Number(a), Number(b)];
	return Number.isFinite(x) && Number.isFinite(y) ? Math.abs(x - y) : Number.POSITIVE_INFINITY;
}
