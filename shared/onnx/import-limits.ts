// What one import may cost. Every limit that a file meets ends in `model.limits_exceeded`.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { type BuilderLimits, defaultBuilderLimits } from "./graph-builder.ts";

export interface ImportLimits extends BuilderLimits {
	/** Bytes of the model file. */
	readonly fileBytesMax: number;
	/** ONNX nodes after local functions are written out. */
	readonly onnxNodesMax: number;
	/** Local functions within local functions. */
	readonly functionDepthMax: number;
	/** Attributes in the file, of all nodes together. */
	readonly attributesMax: number;
	/** Tensors in the file: initializers and those in attributes. */
	readonly tensorsMax: number;
	/** Declared inputs, outputs, inner values, opset imports, functions and metadata entries, each. */
	readonly entriesMax: number;
	/** Repeated scalars (names, integers, floats) that the file writes one by one. */
	readonly scalarsMax: number;
	/** Bytes of one name. */
	readonly nameBytesMax: number;
}

export const defaultImportLimits: ImportLimits = {
	...defaultBuilderLimits,
	// Protobuf's own limit for one message.
	fileBytesMax: 2 ** 31 - 1,
	onnxNodesMax: 50_000,
	functionDepthMax: 32,
	attributesMax: 200_000,
	tensorsMax: 100_000,
	entriesMax: 100_000,
	scalarsMax: 2 ** 20,
	nameBytesMax: 4096,
};

export function limitExceeded(what: string, limit: number): never {
	throw new OptimizeError("model.limits_exceeded", `the model has more than ${limit} ${what}`, {
		what,
		limit,
	});
}
