// TensorProto <-> TensorData. Raw bytes and packed floats are taken as views of the file; only varint fields, and runs
// that the file splits, are written out anew. Sizes are compared with the bytes present before anything is allocated.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { type DataType, elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { briefList } from "./brief-text.ts";
import { codeOfDataType, dataTypeOfCode, elementTypeName, isElementType } from "./element-type.ts";
import { type ExternalData, readExternalData } from "./external-data.ts";
import { defaultImportLimits, type ImportLimits } from "./import-limits.ts";
import type { OnnxTensor, TensorField } from "./model.ts";
import { createProtoReader } from "./read-proto.ts";
import { malformed, plainView, readVarints, wire } from "./wire.ts";

/** Reads a lone TensorProto, such as ONNX's `input_0.pb`. Throws `model.malformed` or `model.type_unsupported`. */
export function readTensorProto(bytes: Uint8Array): TensorData {
	const tensor = createProtoReader(defaultImportLimits).tensor(plainView(bytes), "tensor");
	return tensorData(tensor, defaultImportLimits, new Map());
}

/** The name that a lone TensorProto carries; may be empty. */
export function readTensorName(bytes: Uint8Array): string {
	return createProtoReader(defaultImportLimits).tensor(bytes, "tensor").name;
}

/** A TensorProto with raw bytes. */
export function writeTensorProto(name: string, tensor: TensorData): Uint8Array {
	const writer = new BinaryWriter();
	writeTensor(writer, name, tensor);
	return writer.finish();
}

/** Writes a TensorProto's fields: dims, data_type, name, raw_data. */
export function writeTensor(writer: BinaryWriter, name: string, tensor: TensorData): void {
	for (const extent of tensor.shape) writer.tag(1, wire.varint).int64(extent);
	writer.tag(2, wire.varint).int32(codeOfDataType(tensor.dataType));
	writer.tag(8, wire.bytes).string(name);
	writer.tag(9, wire.bytes).bytes(tensor.bytes);
}

/** The element type and shape that a tensor declares. Null type: ONNX knows it, Kiln's graphs do not hold it. */
export function declaredTensor(
	tensor: OnnxTensor,
	limits: ImportLimits,
): { readonly dataType: DataType | null; readonly shape: readonly number[] } {
	const what = `tensor '${tensor.name}'`;
	if (!isElementType(tensor.elementType)) {
		malformed(`${what}: unknown element type ${tensor.elementType}`, { tensor: tensor.name });
	}
	const shape = tensor.dimensions;
	if (shape.some((extent) => extent < 0)) {
		malformed(`${what}: dimensions ${briefList(shape)}: expected 0 or more`, { tensor: tensor.name });
	}
	if (shape.length > limits.rankMax || elementCount(shape) > limits.elementsMax) {
		throw new OptimizeError(
			"model.limits_exceeded",
			`${what}: dimensions ${briefList(shape)}: at most ${limits.rankMax} of them and ${limits.elementsMax} elements`,
			{ tensor: tensor.name },
		);
	}
	return { dataType: dataTypeOfCode(tensor.elementType), shape };
}

/** A tensor's values. Throws `model.type_unsupported` for types that Kiln's graphs do not hold. */
export function tensorData(tensor: OnnxTensor, limits: ImportLimits, external: ExternalData): TensorData {
	const { dataType, shape } = declaredTensor(tensor, limits);
	const what = `tensor '${tensor.name}'`;
	if (dataType === null) {
		throw new OptimizeError(
			"model.type_unsupported",
			`${what}: elements of type ${elementTypeName(tensor.elementType)}`,
			{ tensor: tensor.name, elementType: elementTypeName(tensor.elementType) },
		);
	}
	const bytesExpected = elementCount(shape) * elementBytes(dataType);
	return { dataType, shape, bytes: valueBytes(tensor, dataType, bytesExpected, what, external) };
}

function valueBytes(
	tensor: OnnxTensor,
	dataType: DataType,
	bytesExpected: number,
	what: string,
	external: ExternalData,
): Uint8Array {
	const filled = (Object.keys(tensor.runs) as TensorField[]).filter((field) => tensor.runs[field].length > 0);
	const forms = filled.length + (tensor.raw === null ? 0 : 1) + (tensor.external === null ? 0 : 1);
	if (forms > 1) malformed(`${what}: holds its data in ${forms} forms`, { tensor: tensor.name });
	if (tensor.external !== null) return readExternalData(tensor.external, bytesExpected, what, external);
	if (tensor.raw !== null) return checkLength(tensor.raw, bytesExpected, what);
	const field = typedFields[dataType];
	if (filled[0] !== undefined && filled[0] !== field) {
		malformed(`${what}: of type ${dataType} but holds ${filled[0]}_data`, { tensor: tensor.name });
	}
	const runs = tensor.runs[field];
	if (field === "float" || field === "double") return checkLength(join(runs), bytesExpected, what);
	return decodeVarints(runs, dataType, bytesExpected, what);
}

/** The field that holds each type when the data is not raw (onnx.proto, TensorProto). */
const typedFields: Readonly<Record<DataType, TensorField>> = {
	float32: "float",
	float64: "double",
	float16: "int32",
	bfloat16: "int32",
	int8: "int32",
	int16: "int32",
	int32: "int32",
	uint8: "int32",
	uint16: "int32",
	bool: "int32",
	int64: "int64",
	uint32: "uint64",
	uint64: "uint64",
};

function checkLength(bytes: Uint8Array, expected: number, what: string): Uint8Array {
	if (bytes.length !== expected) {
		malformed(`${what}: has ${bytes.length} bytes of data, its type and dimensions ask for ${expected}`, {
			found: bytes.length,
			expected,
		});
	}
	return bytes;
}

function join(runs: readonly Uint8Array[]): Uint8Array {
	if (runs.length === 1 && runs[0] !== undefined) return runs[0];
	const joined = new Uint8Array(runs.reduce((sum, run) => sum + run.length, 0));
	let at = 0;
	for (const run of runs) {
		joined.set(run, at);
		at += run.length;
	}
	return joined;
}

/** Stores the low bytes of each varint: two's complement makes that right for every integer type and bit pattern. */
function decodeVarints(
	runs: readonly Uint8Array[],
	dataType: DataType,
	bytesExpected: number,
	what: string,
): Uint8Array {
	const stride = elementBytes(dataType);
	const count = bytesExpected / stride;
	const packed = join(runs);
	const mismatch = (found: string): never =>
		malformed(`${what}: has ${found} elements of data, its dimensions ask for ${count}`, { expected: count });
	if (count > packed.length) mismatch(`at most ${packed.length}`);
	const bytes = new Uint8Array(bytesExpected);
	const view = new DataView(bytes.buffer);
	let index = 0;
	readVarints(packed, what, (value) => {
		if (index === count) mismatch(`more than ${count}`);
		if (stride === 8) view.setBigInt64(index * 8, value, true);
		else if (stride === 4) view.setInt32(index * 4, Number(BigInt.asIntN(32, value)), true);
		else if (stride === 2) view.setInt16(index * 2, Number(BigInt.asIntN(16, value)), true);
		else view.setInt8(index, Number(BigInt.asIntN(8, value)));
		index++;
	});
	if (index !== count) mismatch(String(index));
	return bytes;
}
