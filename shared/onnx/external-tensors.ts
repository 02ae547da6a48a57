// Which files a model's tensors lie in, and their bytes: for whoever moves them elsewhere.

import { elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { type ExternalData, readExternalData } from "./external-data.ts";
import { defaultImportLimits } from "./import-limits.ts";
import { readModel } from "./read-model.ts";
import { declaredTensor } from "./tensor-proto.ts";

/** Locations as the file has them, each once. Untrusted text: not yet known to be plain names. */
export function externalLocations(model: Uint8Array): readonly string[] {
	const { initializers } = readModel(model, defaultImportLimits).graph;
	const entries = initializers.flatMap(({ external }) => external ?? []);
	return [...new Set(entries.flatMap(([key, value]) => (key === "location" ? [value] : [])))];
}

/**
 * Bytes of the initializers that lie in `files`, by name; none for element types whose size Kiln does not know.
 * Throws `model.external_data_forbidden` as the importer does.
 */
export function readExternalTensors(model: Uint8Array, files: ExternalData): ReadonlyMap<string, Uint8Array> {
	const tensors = new Map<string, Uint8Array>();
	for (const tensor of readModel(model, defaultImportLimits).graph.initializers) {
		const { dataType, shape } = declaredTensor(tensor, defaultImportLimits);
		if (tensor.external === null || dataType === null) continue;
		const bytes = elementCount(shape) * elementBytes(dataType);
		tensors.set(tensor.name, readExternalData(tensor.external, bytes, `tensor '${tensor.name}'`, files));
	}
	return tensors;
}
