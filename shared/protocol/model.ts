// A model as Kiln knows it: `models/<digest>.json`, and the answer of `POST` and `GET /v1/models`.

import { z } from "zod";
import { canonicalJson } from "#shared/artefact/canonical-json.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { digestSchema } from "./digest.ts";
import { modelIdSchema } from "./identifier.ts";

const dimensionNamesMax = 64;
const weightNamesMax = 4096;

/** Extents for the model's named dimensions, by name: `{"batch": 8}`. */
export const shapeBindingsSchema = z
	.record(
		z.string().min(1).max(256),
		z
			.int()
			.min(1)
			.max(2 ** 31 - 1),
	)
	.refine((bindings) => Object.keys(bindings).length <= dimensionNamesMax, {
		message: `at most ${dimensionNamesMax} dimension names`,
	});
export type ShapeBindings = z.infer<typeof shapeBindingsSchema>;

/** Graph inputs that keep their value between calls, by name. */
const weightNamesSchema = z.array(z.string().min(1).max(1024)).max(weightNamesMax);
/** Which graph inputs are weights: those named, `none`, or `auto`: found by how they are used. */
export const weightsSchema = z.union([z.enum(["auto", "none"]), weightNamesSchema]);
export type Weights = z.infer<typeof weightsSchema>;

/** `POST /v1/models` with JSON: a model whose bytes were uploaded before. */
export const modelRequestSchema = z.strictObject({
	blob: digestSchema,
	shapes: shapeBindingsSchema.default({}),
	weights: weightsSchema.default("auto"),
});

/** An ONNX node, as its author named it. Untrusted text: escape it wherever it is shown. */
export const sourceNodeSchema = z.object({
	index: z.int(),
	name: z.string(),
	operator: z.string(),
	domain: z.string(),
});

export const refusalSchema = z.object({
	node: z.string(),
	operator: z.string(),
	/** "" for ONNX's own operators. */
	domain: z.string(),
	/** Position in the file's node list. */
	index: z.int(),
	code: z.string(),
	reason: z.string(),
});

/** How much of the model its islands hold. */
export const coverageSchema = z.object({
	/** ONNX nodes. */
	sourcesInIslands: z.int(),
	/** ONNX nodes with work left after constants were folded; refused nodes are not among them. */
	sourcesTotal: z.int(),
	/** Arithmetic operations in islands over all that were imported, 0 to 1. */
	flopsShare: z.number(),
});

export const islandSchema = z.object({
	index: z.int().min(0),
	/** Fingerprint of its canonical program: islands that share it share their kernel. */
	program: digestSchema,
	nodes: z.array(sourceNodeSchema),
});

export const modelRecordSchema = z.object({
	schema: z.literal("kiln.model/1"),
	id: modelIdSchema,
	namespace: z.string(),
	/** SHA-256 of the bytes. */
	blob: digestSchema,
	bytesCount: z.int(),
	name: z.string(),
	shapes: shapeBindingsSchema,
	weights: weightsSchema,
	/** ONNX nodes in the file's main graph. */
	nodesCount: z.int(),
	islands: z.array(islandSchema),
	/** Nodes that stay with the general runtime though nothing is wrong with them, and why. */
	keptAsIs: z.array(z.object({ node: sourceNodeSchema, reason: z.string() })),
	refusals: z.array(refusalSchema),
	coverage: coverageSchema,
	version: z.string(),
	createdAt: z.iso.datetime(),
});
export type ModelRecord = z.infer<typeof modelRecordSchema>;

export interface ModelIdentity {
	readonly blob: string;
	readonly namespace: string;
	readonly shapes: ShapeBindings;
	readonly weights: Weights;
	readonly version: string;
}

/** Names a model by everything its record follows from. The namespace is part of it: no id tells of another's models. */
export function modelId(identity: ModelIdentity): string {
	const { blob, namespace, shapes, version } = identity;
	const weights = sortedWeights(identity.weights);
	return `mdl_${sha256Hex(canonicalJson({ blob, namespace, shapes, version, weights }))}`;
}

/** The order of names means nothing. */
export const sortedWeights = (weights: Weights): Weights =>
	typeof weights === "string" ? weights : [...weights].sort();

/** The digest under which a model's record lies. */
export const modelDigest = (id: string): string => id.slice("mdl_".length);
