// Makes weights constants of an ONNX model without holding them: the graph input of a weight is replaced by an
// initializer whose bytes lie in a file beside the model. ONNX Runtime then folds and pre-packs it as it would in use.
// Works on the wire format: everything it does not know is copied as it stands.

import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

/** Field numbers of onnx.proto. */
const modelGraph = 7;
const graphInitializer = 5;
const graphInput = 11;
const valueInfo = { name: 1, type: 2 } as const;
const typeTensor = 1;
const tensorType = { element: 1, shape: 2 } as const;
const shapeDimension = 1;
const dimensionValue = 1;
const tensor = { dims: 1, dataType: 2, name: 8, externalData: 13, dataLocation: 14 } as const;
const entry = { key: 1, value: 2 } as const;
const locationExternal = 1;

/** Calls `each` with every field of a message; `payload` is null unless the field is length-delimited. */
function forEachField(
	bytes: Uint8Array,
	each: (field: number, type: WireType, payload: Uint8Array | null, raw: Uint8Array) => void,
): void {
	const reader = new BinaryReader(bytes);
	while (reader.pos < reader.len) {
		const start = reader.pos;
		const [field, type] = reader.tag();
		const payload = type === WireType.LengthDelimited ? reader.bytes() : null;
		if (payload === null) reader.skip(type, field);
		each(field, type, payload, bytes.subarray(start, reader.pos));
	}
}

function messageField(bytes: Uint8Array, wanted: number): Uint8Array | null {
	let found: Uint8Array | null = null;
	forEachField(bytes, (field, _, payload) => {
		if (field === wanted && payload !== null) found = payload;
	});
	return found;
}

function numberField(bytes: Uint8Array, wanted: number): number {
	const reader = new BinaryReader(bytes);
	while (reader.pos < reader.len) {
		const [field, type] = reader.tag();
		if (field === wanted && type === WireType.Varint) return Number(reader.int64());
		reader.skip(type, field);
	}
	return 0;
}

interface DeclaredInput {
	readonly name: string;
	readonly elementType: number;
	readonly dimensions: readonly number[];
}

function readDeclaredInput(bytes: Uint8Array): DeclaredInput {
	const name = new TextDecoder().decode(messageField(bytes, valueInfo.name) ?? new Uint8Array());
	const type = messageField(messageField(bytes, valueInfo.type) ?? new Uint8Array(), typeTensor);
	if (type === null)
		throw new OptimizeError("measure.baseline_failed", `baseline input '${name}' is no tensor`);
	const dimensions: number[] = [];
	forEachField(messageField(type, tensorType.shape) ?? new Uint8Array(), (field, _, payload) => {
		if (field === shapeDimension && payload !== null) dimensions.push(numberField(payload, dimensionValue));
	});
	return { name, elementType: numberField(type, tensorType.element), dimensions };
}

function externalInitializer(input: DeclaredInput, file: string): Uint8Array {
	const writer = new BinaryWriter();
	for (const extent of input.dimensions) writer.tag(tensor.dims, WireType.Varint).int64(extent);
	writer.tag(tensor.dataType, WireType.Varint).int32(input.elementType);
	writer.tag(tensor.name, WireType.LengthDelimited).string(input.name);
	writer.tag(tensor.externalData, WireType.LengthDelimited).fork();
	writer.tag(entry.key, WireType.LengthDelimited).string("location");
	writer.tag(entry.value, WireType.LengthDelimited).string(file);
	writer.join();
	writer.tag(tensor.dataLocation, WireType.Varint).int32(locationExternal);
	return writer.finish();
}

function rewriteGraph(graph: Uint8Array, files: ReadonlyMap<string, string>): Uint8Array {
	const writer = new BinaryWriter();
	forEachField(graph, (field, _, payload, raw) => {
		const input = field === graphInput && payload !== null ? readDeclaredInput(payload) : null;
		const file = input === null ? undefined : files.get(input.name);
		if (input === null || file === undefined) writer.raw(raw);
		else writer.tag(graphInitializer, WireType.LengthDelimited).bytes(externalInitializer(input, file));
	});
	return writer.finish();
}

/**
 * The model with each graph input named in `files` turned into an initializer that reads the whole of that file
 * (a path relative to where the model will lie).
 */
export function bindWeights(model: Uint8Array, files: ReadonlyMap<string, string>): Uint8Array {
	const writer = new BinaryWriter();
	forEachField(model, (field, _, payload, raw) => {
		if (field !== modelGraph || payload === null) writer.raw(raw);
		else writer.tag(modelGraph, WireType.LengthDelimited).bytes(rewriteGraph(payload, files));
	});
	return writer.finish();
}
