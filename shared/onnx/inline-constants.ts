// Tensors beside a model that are part of the program and not its weights (a gain of 64 numbers, an index): an exporter may
// put all tensors into one file. They are written into the model, so that it can be read and sent without the file.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { type ExternalExtent, externalExtent } from "./external-data.ts";
import { defaultImportLimits } from "./import-limits.ts";
import { readModel } from "./read-model.ts";
import { declaredTensor, readTensorName } from "./tensor-proto.ts";
import { isWeight } from "./weights.ts";
import { listFields, wire } from "./wire.ts";

export interface ExternalConstant extends ExternalExtent {
	/** Of the initializer. */
	readonly name: string;
}

/** Throws what `readModel` throws, and `model.external_data_forbidden` for locations that are no plain names. */
export function externalConstants(model: Uint8Array): readonly ExternalConstant[] {
	return readModel(model, defaultImportLimits).graph.initializers.flatMap((tensor) => {
		if (tensor.external === null) return [];
		const { dataType, shape } = declaredTensor(tensor, defaultImportLimits);
		if (dataType === null || isWeight(dataType, shape)) return [];
		const bytes = elementCount(shape) * elementBytes(dataType);
		const extent = externalExtent(tensor.external, bytes, `tensor '${tensor.name}'`);
		return [{ name: tensor.name, ...extent }];
	});
}

/** ModelProto's graph, its initializers; TensorProto's raw_data, external_data and data_location. */
const field = { graph: 7, initializer: 5, rawData: 9, externalData: 13, dataLocation: 14 } as const;

/** ModelProto bytes with these initializers' values in the model, by name; all else as it was. */
export function inlineConstants(model: Uint8Array, values: ReadonlyMap<string, Uint8Array>): Uint8Array {
	const writer = new BinaryWriter();
	for (const outer of listFields(model, "model")) {
		if (outer.field !== field.graph || outer.content === null) {
			writer.raw(outer.whole);
			continue;
		}
		writer.tag(field.graph, wire.bytes).fork();
		for (const { field: own, whole, content } of listFields(outer.content, "graph")) {
			const value =
				own === field.initializer && content !== null ? values.get(readTensorName(content)) : undefined;
			if (content === null || value === undefined) writer.raw(whole);
			else writeInline(writer, content, value);
		}
		writer.join();
	}
	return writer.finish();
}

function writeInline(writer: BinaryWriter, tensor: Uint8Array, value: Uint8Array): void {
	writer.tag(field.initializer, wire.bytes).fork();
	for (const { field: own, whole } of listFields(tensor, "tensor"))
		if (own !== field.externalData && own !== field.dataLocation && own !== field.rawData) writer.raw(whole);
	writer.tag(field.rawData, wire.bytes).bytes(value).join();
}
