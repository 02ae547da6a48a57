// Models as files: reading, importing and cutting them into islands on this machine, with no service.

import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { externalLocations } from "#shared/onnx/external-tensors.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import type { ImportedModel } from "#shared/onnx/import-options.ts";
import { inlineConstants } from "#shared/onnx/inline-constants.ts";
import { stripWeights } from "#shared/onnx/strip-weights.ts";
import { type Partition, partitionGraph } from "#shared/partition/partition.ts";
import { readConstants } from "./external-files.ts";
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
		const bytes = await readFile(file);
		const constants = await readConstants(bytes, dirname(file));
		return constants.size === 0 ? bytes : inlineConstants(bytes, constants);
	} catch (error) {
		if (error instanceof OptimizeError) throw error;
		const reason = error instanceof Error ? error.message : String(error);
		throw new OptimizeError("request.invalid", `model '${path}': ${reason}`, { model: path }, error);
	}
}
