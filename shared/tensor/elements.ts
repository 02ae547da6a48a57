// Elements of a tensor as plain numbers, whatever they are stored as, and the way back.

import type { DataType } from "./data-type.ts";
import type { Shape } from "./shape.ts";
import type { TensorData } from "./tensor-data.ts";
import { allocateValues, decodeTensor, encodeTensor, toNumbers } from "./tensor-values.ts";

/** All elements in row-major order. 64-bit integers beyond 2^53 are rounded. */
export function readElements(tensor: TensorData): Float64Array {
	return toNumbers(decodeTensor(tensor).values);
}

/**
 * Stores numbers as `dataType`: floats round to nearest even, integers are truncated and wrap (what is not finite is 0),
 * bool is `!= 0`.
 */
export function writeElements(dataType: DataType, shape: Shape, elements: ArrayLike<number>): TensorData {
	const values = allocateValues(dataType, elements.length);
	for (let index = 0; index < elements.length; index++) {
		const element = elements[index] ?? 0;
		values[index] = values instanceof Float64Array ? element : toBigInt(element);
	}
	return encodeTensor({ dataType, shape, values });
}

function toBigInt(element: number): bigint {
	return Number.isFinite(element) ? BigInt(Math.trunc(element)) : 0n;
}
