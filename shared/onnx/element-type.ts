// TensorProto.DataType <-> Kiln's element types.

import type { DataType } from "#shared/tensor/data-type.ts";

const codes: Readonly<Record<DataType, number>> = {
	float32: 1,
	uint8: 2,
	int8: 3,
	uint16: 4,
	int16: 5,
	int32: 6,
	int64: 7,
	bool: 9,
	float16: 10,
	float64: 11,
	uint32: 12,
	uint64: 13,
	bfloat16: 16,
};

const dataTypeByCode: ReadonlyMap<number, DataType> = new Map(
	(Object.keys(codes) as DataType[]).map((dataType) => [codes[dataType], dataType]),
);

/** Names of the types that Kiln's graphs cannot hold, for refusals. */
const otherNames: Readonly<Record<number, string>> = {
	8: "string",
	14: "complex64",
	15: "complex128",
	17: "float8e4m3fn",
	18: "float8e4m3fnuz",
	19: "float8e5m2",
	20: "float8e5m2fnuz",
	21: "uint4",
	22: "int4",
	23: "float4e2m1",
	24: "float8e8m0",
	25: "uint2",
	26: "int2",
};

/** The element type of a TensorProto.DataType number, or null for one that Kiln does not hold. */
export function dataTypeOfCode(code: number): DataType | null {
	return dataTypeByCode.get(code) ?? null;
}

export function codeOfDataType(dataType: DataType): number {
	return codes[dataType];
}

/** What the type is called, Kiln's or not. */
export function elementTypeName(code: number): string {
	return dataTypeByCode.get(code) ?? otherNames[code] ?? `element type ${code}`;
}

/** Whether the number is any type that ONNX defines. */
export function isElementType(code: number): boolean {
	return dataTypeByCode.has(code) || code in otherNames;
}
