import { z } from "zod";
import type { SignedManifest } from "#shared/artefact/manifest.ts";
import { efforts } from "#shared/pipeline/plan.ts";
import { certificateSchema } from "./certificate-schema.ts";
import { digestSchema } from "./digest.ts";
import { machineSchema } from "./machine-schema.ts";
import { targetIdSchema } from "./target.ts";
import { toleranceIdSchema } from "./tolerance.ts";

const intervalSchema = z.object({ median: z.number(), low: z.number(), high: z.number() });
const blobReferenceSchema = z.object({ sha256: digestSchema, bytesCount: z.int().min(0) });

const tensorSchema = z.object({ shape: z.array(z.int().min(0)), dataType: z.string() });

/**
 * Wire form of a `SignedManifest`. Loose: a member that a newer runner added is kept, so that the signature over the
 * whole manifest can still be checked.
 */
export const signedManifestSchema = z.looseObject({
	manifest: z.looseObject({
		schema: z.literal("kiln.kernel/1"),
		key: digestSchema,
		components: z.looseObject({
			program: digestSchema,
			target: targetIdSchema,
			threads: z.int().min(1),
			tolerance: toleranceIdSchema,
			version: z.string(),
		}),
		namespace: z.string(),
		effort: z.enum(efforts),
		provisional: z.boolean(),
		verdict: z.enum(["faster", "tie", "baseline", "inconclusive"]),
		speedup: intervalSchema,
		latencyNanoseconds: z.object({ baseline: z.number(), kernel: z.number() }),
		baselineForm: z.string(),
		errorMax: z.number(),
		certificate: certificateSchema.nullable(),
		muGraphDigest: z.string().nullable(),
		machine: z.looseObject(machineSchema.shape),
		runner: z.string(),
		createdAt: z.string(),
		inputs: z.array(z.looseObject({ ...tensorSchema.shape, role: z.enum(["activation", "weight"]) })),
		outputs: z.array(z.looseObject(tensorSchema.shape)),
		files: z.record(z.string(), blobReferenceSchema),
		evidence: z.looseObject({
			samples: blobReferenceSchema,
			candidatesTried: z.int(),
			candidatesRejected: z.int(),
		}),
	}),
	keyId: z.string(),
	signature: z.base64(),
});

export type SignedManifestDocument = z.infer<typeof signedManifestSchema>;

/** Throws ZodError or SyntaxError for what is no signed manifest. The signature is not checked here. */
export const decodeSignedManifest = (text: string): SignedManifest =>
	signedManifestSchema.parse(JSON.parse(text));
