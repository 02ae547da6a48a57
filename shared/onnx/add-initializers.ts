// Gives a model values for inputs that it has: initializers of the inputs' names, whose bytes lie in a file beside it.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { type StoredTensor, writeStored } from "./stored-tensor.ts";
import { listFields, wire } from "./wire.ts";

/** ModelProto's field of its graph. */
const graphField = 7;

/**
 * ModelProto bytes with these initializers behind its own; all else as it was. `location`: the file's name, relative to the
 * model's folder. Throws `model.malformed`.
 */
export function addInitializers(
	model: Uint8Array,
	tensors: readonly StoredTensor[],
	location: string,
): Uint8Array {
	const writer = new BinaryWriter();
	for (const { field, whole, content } of listFields(model, "model")) {
		if (field !== graphField || content === null) {
			writer.raw(whole);
			continue;
		}
		writer.tag(graphField, wire.bytes).fork();
		writer.raw(content);
		for (const tensor of tensors) writeStored(writer, tensor, location);
		writer.join();
	}
	return writer.finish();
}
