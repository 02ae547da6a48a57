// Tensors whose bytes lie in a file beside the model.

import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { codeOfDataType } from "./element-type.ts";
import { wire } from "./wire.ts";

/** Element type and shape. */
export type TensorType = readonly [dataType: DataType, shape: Shape];

/** Where bytes lie in the file beside the model. */
export interface Extent {
	readonly offsetBytes: number;
	readonly lengthBytes: number;
}

export interface StoredTensor extends Extent {
	readonly name: string;
	readonly type: TensorType;
}

/** GraphProto's field of initializers. */
const initializerField = 5;
/** TensorProto.DataLocation. */
const externalLocation = 1;

/** An initializer of a GraphProto, its bytes in the file at `location`. */
export function writeStored(writer: BinaryWriter, tensor: StoredTensor, location: string): void {
	const [elementType, shape] = tensor.type;
	writer.tag(initializerField, wire.bytes).fork();
	for (const extent of shape) writer.tag(1, wire.varint).int64(extent);
	writer.tag(2, wire.varint).int32(codeOfDataType(elementType));
	writer.tag(8, wire.bytes).string(tensor.name);
	writeLocation(writer, tensor, location);
	writer.join();
}

/** TensorProto: external_data and data_location. */
export function writeLocation(
	writer: BinaryWriter,
	{ offsetBytes, lengthBytes }: Extent,
	location: string,
): void {
	const entries = { location, offset: String(offsetBytes), length: String(lengthBytes) };
	for (const [key, value] of Object.entries(entries)) {
		writer.tag(13, wire.bytes).fork();
		writer.tag(1, wire.bytes).string(key);
		writer.tag(2, wire.bytes).string(value).join();
	}
	writer.tag(14, wire.varint).int32(externalLocation);
}
