// Models as files: reading, importing and cutting them into islands on this machine, with no service.

import { open, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { externalLocations } from "#shared/onnx/external-tensors.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import type { ImportedModel } from "#shared/onnx/import-options.ts";
import { externalConstants, inlineConstants } from "#shared/onnx/inline-constants.ts";
import { stripWeights } from "#shared/onnx/strip-weights.ts";
import { type Partition, partitionGraph } from "#shared/partition/partition.ts";
import { parseShape, parseWeights, type Weights } from "./parse-options.ts";
import { userPath } from "./user-path.ts";

/** How a model's open ends are bound. */
export interface BindingOptions {
	readonly shape: Readonly<Record<string, number>>;
	readonly weights: Weights;
}

/** `--shape` and `--weights`, which every command that reads a model has. */
export function addBindingOptions(command: Command): Command {
	return command
		.option("--shape <name=extent>", "binds a dynamic dimension; may be repeated", parseShape, {})
		.option(
			"--weights <auto|none|names>",
			"graph inputs that keep their value between calls",
			parseWeights,
			"auto",
		);
}

export interface LocalModel extends ImportedModel {
	/** What was imported: without the values of weights that lie beside the model. */
	readonly bytes: Uint8Array;
	readonly partition: Partition;
}

/** Throws `OptimizeError` request.invalid for a file that cannot be read and model.* for one that is no model. */
export async function readLocalModel(path: string, bindings: BindingOptions): Promise<LocalModel> {
	const file = await readModelFile(path);
	const bytes = externalLocations(file).length > 0 ? stripWeights(file).bytes : file;
	const imported = importModel(bytes, { shapes: bindings.shape, weights: bindings.weights });
	return { ...imported, bytes, partition: partitionGraph(imported.graph) };
}

/** The model as it lies there, but with what belongs to its program inside it where that lay in a file beside it. */
export async function readModelFile(path: string): Promise<Uint8Array> {
	try {
		const file = userPath(path);
		const bytes = new Uint8Array(await readFile(file));
		return inlineConstants(bytes, await readConstants(bytes, dirname(file)));
	} catch (error) {
		if (error instanceof OptimizeError) throw error;
		const reason = error instanceof Error ? error.message : String(error);
		throw new OptimizeError("request.invalid", `model '${path}': ${reason}`, { model: path }, error);
	}
}

/** Constants that belong to a program are small. */
const constantBytesMax = 64 << 20;

async function readConstants(model: Uint8Array, folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
	const constants = externalConstants(model);
	const total = constants.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
	if (total > constantBytesMax) {
		throw new OptimizeError(
			"model.limits_exceeded",
			`constants of ${total} bytes beside the model: at most ${constantBytesMax}`,
			{ bytes: total, limit: constantBytesMax },
		);
	}
	const values = new Map<string, Uint8Array>();
	for (const { name, location, offsetBytes, lengthBytes } of constants) {
		const file = await open(join(folder, location));
		try {
			const value = new Uint8Array(lengthBytes);
			const { bytesRead } = await file.read(value, 0, lengthBytes, offsetBytes);
			if (bytesRead < lengthBytes) throw new Error(`${location} ends before tensor '${name}' does`);
			values.set(name, value);
		} finally {
			await file.close();
		}
	}
	return values;
}
