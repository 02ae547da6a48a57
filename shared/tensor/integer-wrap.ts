import type { DataType } from "#shared/tensor/data-type.ts";

/**
 * Reduces an integer-valued float64 (exact, so below 2^53) to the two's complement range of its type, as C's unsigned
 * arithmetic does; bool becomes `!= 0`. The identity on floats. 64-bit integers are bigints and wrap in their arrays.
 */
export const wrapInteger: Readonly<Record<Exclude<DataType, "int64" | "uint64">, (value: number) => number>> =
	{
		float32: (value) => value,
		float16: (value) => value,
		bfloat16: (value) => value,
		float64: (value) => value,
		int8: (value) => (value << 24) >> 24,
		int16: (value) => (value << 16) >> 16,
		int32: (value) => value | 0,
		uint8: (value) => value & 0xff,
		uint16: (value) => value & 0xffff,
		uint32: (value) => value >>> 0,
		bool: (value) => (value === 0 ? 0 : 1),
	};
