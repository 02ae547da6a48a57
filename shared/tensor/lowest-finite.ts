import type { DataType } from "./data-type.ts";
import { float16Max } from "./float16.ts";

/** The lowest finite number of each float type. */
export const lowestFinite: Readonly<Partial<Record<DataType, number>>> = {
	float16: -float16Max,
	float32: -(2 - 2 ** -23) * 2 ** 127,
	bfloat16: -(2 - 2 ** -7) * 2 ** 127,
	float64: -Number.MAX_VALUE,
};
