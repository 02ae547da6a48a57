// Tensors as numbers to compute with: bytes <-> arrays of values. Typed-array views are little-endian on every
// platform that V8 supports, which is the byte order of `TensorData`.

import { assert } from "#shared/fault/assert.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import {
	bfloat16ToNumber,
	float16ToNumber,
	numberToBfloat16,
	numberToFloat16,
} from "#shared/tensor/float16.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

/** Values of every type but the 64-bit integers are exact in float64 (bool: 0 or 1); those are bigints. */
export type ElementValues = Float64Array | BigInt64Array | BigUint64Array;

/** A tensor to compute with. Row-major; `values` must not be written to by whoever did not make it. */
export interface TensorValues {
	readonly dataType: DataType;
	readonly shape: Shape;
	readonly values: ElementValues;
}

/** Zeros of the array type that holds `dataType`. */
export function allocateValues(dataType: DataType, count: number): ElementValues {
	if (dataType === "int64") return new BigInt64Array(count);
	if (dataType === "uint64") return new BigUint64Array(count);
	return new Float64Array(count);
}

/** The values as float64. Asserts that the tensor is not of a 64-bit integer type. */
export function numberValues(tensor: TensorValues): Float64Array {
	assert(tensor.values instanceof Float64Array, `a ${tensor.dataType} tensor is not held as float64`);
	return tensor.values;
}

/** Any tensor's values as float64; 64-bit integers beyond 2^53 lose precision. */
export function toNumbers(values: ElementValues): Float64Array {
	if (values instanceof Float64Array) return values;
	const numbers = new Float64Array(values.length);
	for (let index = 0; index < values.length; index++) numbers[index] = Number(values[index]);
	return numbers;
}

/** Reads the bytes of a tensor. Exact. */
export function decodeTensor(tensor: TensorData): TensorValues {
	const count = elementCount(tensor.shape);
	const bytes = alignedBytes(tensor.bytes, elementBytes(tensor.dataType));
	assert(
		bytes.byteLength === count * elementBytes(tensor.dataType),
		`a ${tensor.dataType} tensor of ${count} elements has ${bytes.byteLength} bytes`,
	);
	const values = decoders[tensor.dataType](bytes.buffer, bytes.byteOffset, count);
	return { dataType: tensor.dataType, shape: tensor.shape, values };
}

/** Writes a tensor's bytes: floats are rounded once to the type (nearest even), integers wrap, bool is 0 or 1. */
export function encodeTensor(tensor: TensorValues): TensorData {
	const encoded = encoders[tensor.dataType](tensor);
	assert(
		encoded.length === elementCount(tensor.shape),
		`${encoded.length} values for a shape of ${elementCount(tensor.shape)}`,
	);
	const bytes = new Uint8Array(encoded.buffer, encoded.byteOffset, encoded.byteLength);
	return { dataType: tensor.dataType, shape: tensor.shape, bytes };
}

type Decoder = (buffer: ArrayBufferLike, offset: number, count: number) => ElementValues;

const decoders: Readonly<Record<DataType, Decoder>> = {
	float32: (buffer, offset, count) => new Float64Array(new Float32Array(buffer, offset, count)),
	float16: (buffer, offset, count) =>
		Float64Array.from(new Uint16Array(buffer, offset, count), float16ToNumber),
	bfloat16: (buffer, offset, count) =>
		Float64Array.from(new Uint16Array(buffer, offset, count), bfloat16ToNumber),
	float64: (buffer, offset, count) => new Float64Array(buffer, offset, count),
	int8: (buffer, offset, count) => new Float64Array(new Int8Array(buffer, offset, count)),
	int16: (buffer, offset, count) => new Float64Array(new Int16Array(buffer, offset, count)),
	int32: (buffer, offset, count) => new Float64Array(new Int32Array(buffer, offset, count)),
	int64: (buffer, offset, count) => new BigInt64Array(buffer, offset, count),
	uint8: (buffer, offset, count) => new Float64Array(new Uint8Array(buffer, offset, count)),
	uint16: (buffer, offset, count) => new Float64Array(new Uint16Array(buffer, offset, count)),
	uint32: (buffer, offset, count) => new Float64Array(new Uint32Array(buffer, offset, count)),
	uint64: (buffer, offset, count) => new BigUint64Array(buffer, offset, count),
	bool: (buffer, offset, count) =>
		Float64Array.from(new Uint8Array(buffer, offset, count), (byte) => (byte === 0 ? 0 : 1)),
};

type EncodedArray = ElementValues | Float32Array | Int8Array | Int16Array | Int32Array | UnsignedArray;
type UnsignedArray = Uint8Array | Uint16Array | Uint32Array;

const encoders: Readonly<Record<DataType, (tensor: TensorValues) => EncodedArray>> = {
	float32: (tensor) => new Float32Array(numberValues(tensor)),
	float16: (tensor) => Uint16Array.from(numberValues(tensor), numberToFloat16),
	bfloat16: (tensor) => Uint16Array.from(numberValues(tensor), numberToBfloat16),
	float64: numberValues,
	int8: (tensor) => new Int8Array(numberValues(tensor)),
	int16: (tensor) => new Int16Array(numberValues(tensor)),
	int32: (tensor) => new Int32Array(numberValues(tensor)),
	int64: (tensor) => tensor.values,
	uint8: (tensor) => new Uint8Array(numberValues(tensor)),
	uint16: (tensor) => new Uint16Array(numberValues(tensor)),
	uint32: (tensor) => new Uint32Array(numberValues(tensor)),
	uint64: (tensor) => tensor.values,
	bool: (tensor) => Uint8Array.from(numberValues(tensor), (value) => (value === 0 ? 0 : 1)),
};

/** The same bytes at an offset that typed-array views accept; copied only when they lie askew. */
function alignedBytes(bytes: Uint8Array, alignment: number): Uint8Array {
	return bytes.byteOffset % alignment === 0 ? bytes : new Uint8Array(bytes);
}
