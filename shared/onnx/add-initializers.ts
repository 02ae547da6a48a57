// Makes inputs of a model constants: initializers of the inputs' names, whose bytes lie in a file beside it. The inputs go:
// a runtime takes an initializer that is an input too for a default value, and neither folds nor packs it.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { defaultImportLimits } from "./import-limits.ts";
import { createProtoReader } from "./read-proto.ts";
import { type StoredTensor, writeStored } from "./stored-tensor.ts";
import { listFields, wire } from "./wire.ts";

/** ModelProto's field of its graph, and GraphProto's of its inputs. */
const graphField = 7;
const inputField = 11;

/**
 * ModelProto bytes with these initializers behind its own, and without inputs of their names; all else as it was.
 * `location`: the file's name, relative to the model's folder. Throws `model.malformed`.
 */
export function addInitializers(
	model: Uint8Array,
	tensors: readonly StoredTensor[],
	location: string,
): Uint8Array {
	const names = new Set(tensors.map(({ name }) => name));
	const writer = new BinaryWriter();
	for (const { field, whole, content } of listFields(model, "model")) {
		if (field !== graphField || content === null) {
			writer.raw(whole);
			continue;
		}
		writer.tag(graphField, wire.bytes).fork();
		for (const { field: own, whole: input, content: info } of listFields(content, "graph"))
			if (own !== inputField || info === null || !names.has(nameOf(info))) writer.raw(input);
		for (const tensor of tensors) writeStored(writer, tensor, location);
		writer.join();
	}
	return writer.finish();
}

function nameOf(info: Uint8Array): string {
	return createProtoReader(defaultImportLimits).valueInfo(info, "input").name;
}
