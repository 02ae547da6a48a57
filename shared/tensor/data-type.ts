/** Element types that Kiln's graphs can hold. Computation is in float32 or float16; the rest are indices and masks. */
export const dataTypes = [
	"float32",
	"float16",
	"bfloat16",
	"float64",
	"int8",
	"int16",
	"int32",
	"int64",
	"uint8",
	"uint16",
	"uint32",
	"uint64",
	"bool",
] as const;

export type DataType = (typeof dataTypes)[number];

const bytesPerElement: Readonly<Record<DataType, number>> = {
	float32: 4,
	float16: 2,
	bfloat16: 2,
	float64: 8,
	int8: 1,
	int16: 2,
	int32: 4,
	int64: 8,
	uint8: 1,
	uint16: 2,
	uint32: 4,
	uint64: 8,
	bool: 1,
};

/** Bytes of one element. */
export function elementBytes(dataType: DataType): number {
	return bytesPerElement[dataType];
}

export function isFloat(dataType: DataType): boolean {
	return (
		dataType === "float32" || dataType === "float16" || dataType === "bfloat16" || dataType === "float64"
	);
}
