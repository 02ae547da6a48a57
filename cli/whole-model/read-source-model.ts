// The user's own model with everything that belongs to it: weights never leave this machine, so they are read here.

import { dirname } from "node:path";
import { importModel } from "#shared/onnx/import-model.ts";
import type { ImportedModel } from "#shared/onnx/import-options.ts";
import { type NodeNames, nodeNames } from "#shared/onnx/node-names.ts";
import { type Partition, partitionGraph } from "#shared/partition/partition.ts";
import { readExternalFiles } from "../external-files.ts";
import { type BindingOptions, readModelFile } from "../read-model.ts";
import { userPath } from "../user-path.ts";

export interface SourceModel extends ImportedModel {
	/** Absolute. */
	readonly path: string;
	readonly bytes: Uint8Array;
	/** Files beside the model that its tensors lie in, by plain name. */
	readonly files: ReadonlyMap<string, Uint8Array>;
	readonly partition: Partition;
	/** By position in the file's node list. */
	readonly nodeNames: readonly NodeNames[];
}

/** Throws `OptimizeError` request.invalid for files that cannot be read and model.* as `importModel` does. */
export async function readSourceModel(model: string, bindings: BindingOptions): Promise<SourceModel> {
	const path = userPath(model);
	const bytes = await readModelFile(model);
	const files = await readExternalFiles(bytes, dirname(path));
	const { shape: shapes, weights } = bindings;
	const imported = importModel(bytes, { shapes, weights, externalData: files });
	return {
		...imported,
		path,
		bytes,
		files,
		partition: partitionGraph(imported.graph),
		nodeNames: nodeNames(bytes),
	};
}
