// Elements of a tensor as float64 numbers, whatever they are stored as, and the way back.

import type { DataType } from "./data-type.ts";
import { elementBytes } from "./data-type.ts";
import { brainToNumber, halfToNumber, numberToBrain, numberToHalf } from "./half.ts";
import { elementCount, type Shape } from "./shape.ts";
import type { TensorData } from "./tensor-data.ts";

type Reader = (view: DataView, offset: number) => number;
type Writer = (view: DataView, offset: number, value: number) => void;

const readers: Readonly<Record<DataType, Reader>> = {
	float32: (view, offset) => view.getFloat32(offset, true),
	float16: (view, offset) => halfToNumber(view.getUint16(offset, true)),
	bfloat16: (view, offset) => brainToNumber(view.getUint16(offset, true)),
	float64: (view, offset) => view.getFloat64(offset, true),
	int8: (view, offset) => view.getInt8(offset),
	int16: (view, offset) => view.getInt16(offset, true),
	int32: (view, offset) => view.getInt32(offset, true),
	int64: (view, offset) => Number(view.getBigInt64(offset, true)),
	uint8: (view, offset) => view.getUint8(offset),
	uint16: (view, offset) => view.getUint16(offset, true),
	uint32: (view, offset) => view.getUint32(offset, true),
	uint64: (view, offset) => Number(view.getBigUint64(offset, true)),
	bool: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1),
};

const writers: Readonly<Record<DataType, Writer>> = {
	float32: (view, offset, value) => view.setFloat32(offset, value, true),
	float16: (view, offset, value) => view.setUint16(offset, numberToHalf(value), true),
	bfloat16: (view, offset, value) => view.setUint16(offset, numberToBrain(value), true),
	float64: (view, offset, value) => view.setFloat64(offset, value, true),
	int8: (view, offset, value) => view.setInt8(offset, value),
	int16: (view, offset, value) => view.setInt16(offset, value, true),
	int32: (view, offset, value) => view.setInt32(offset, value, true),
	int64: (view, offset, value) => view.setBigInt64(offset, toBigInt(value), true),
	uint8: (view, offset, value) => view.setUint8(offset, value),
	uint16: (view, offset, value) => view.setUint16(offset, value, true),
	uint32: (view, offset, value) => view.setUint32(offset, value, true),
	uint64: (view, offset, value) => view.setBigUint64(offset, toBigInt(value), true),
	bool: (view, offset, value) => view.setUint8(offset, value === 0 ? 0 : 1),
};

/** All elements in row-major order. 64-bit integers beyond 2^53 are rounded. Bytes need not be aligned. */
export function readElements(tensor: TensorData): Float64Array {
	const { bytes, dataType } = tensor;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const read = readers[dataType];
	const stride = elementBytes(dataType);
	const elements = new Float64Array(elementCount(tensor.shape));
	for (let index = 0; index < elements.length; index++) elements[index] = read(view, index * stride);
	return elements;
}

/** Stores numbers as `dataType`: floats round to nearest even, integers wrap, bool is `!= 0`. */
export function writeElements(dataType: DataType, shape: Shape, elements: ArrayLike<number>): TensorData {
	const stride = elementBytes(dataType);
	const bytes = new Uint8Array(elements.length * stride);
	const view = new DataView(bytes.buffer);
	const write = writers[dataType];
	for (let index = 0; index < elements.length; index++) write(view, index * stride, elements[index] ?? 0);
	return { dataType, shape, bytes };
}

/** Integers stored in a float64: not-a-number and infinities have none, so they become 0. */
function toBigInt(value: number): bigint {
	return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}
