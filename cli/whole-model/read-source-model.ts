// The user's own model with everything that belongs to it: weights never leave this machine, so they are read here.

import { open, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { externalLocations } from "#shared/onnx/external-tensors.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import type { ImportedModel } from "#shared/onnx/import-options.ts";
import { type NodeNames, nodeNames } from "#shared/onnx/node-names.ts";
import { type Partition, partitionGraph } from "#shared/partition/partition.ts";
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

/** One read of a large file takes at most this much. */
const readBytesMax = 2 ** 30;

/** A location is a file of the model's own folder, by its bare name; anything else the importer refuses. */
const plainFileName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/;

/** Throws `OptimizeError` request.invalid for files that cannot be read and model.* as `importModel` does. */
export async function readSourceModel(model: string, bindings: BindingOptions): Promise<SourceModel> {
	const path = userPath(model);
	const bytes = await readModelFile(model);
	const files = new Map<string, Uint8Array>();
	for (const location of externalLocations(bytes)) {
		if (plainFileName.test(location)) files.set(location, await readWhole(join(dirname(path), location)));
	}
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

/** In pieces: one call reads no more than 2 GiB. */
async function readWhole(path: string): Promise<Uint8Array> {
	try {
		const bytes = new Uint8Array((await stat(path)).size);
		const file = await open(path);
		try {
			for (let at = 0; at < bytes.length; ) {
				const length = Math.min(readBytesMax, bytes.length - at);
				const { bytesRead } = await file.read(bytes, at, length, at);
				if (bytesRead === 0) throw new Error("the file became shorter");
				at += bytesRead;
			}
		} finally {
			await file.close();
		}
		return bytes;
	} catch (fault) {
		const reason = fault instanceof Error ? fault.message : String(fault);
		throw new OptimizeError("request.invalid", `model data '${path}': ${reason}`, { path }, fault);
	}
}
