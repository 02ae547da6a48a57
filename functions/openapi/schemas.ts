// The wire schemas under the names they have in openapi.json. shared/ knows nothing of OpenAPI.

import { z } from "@hono/zod-openapi";
import { jobSchema } from "#shared/protocol/job.ts";
import { modelRecordSchema, modelRequestSchema } from "#shared/protocol/model.ts";
import {
	analysisRequestSchema,
	analysisResponseSchema,
	attemptsResponseSchema,
	optimizationRequestSchema,
	resultResponseSchema,
} from "#shared/protocol/optimization.ts";
import { problemSchema } from "#shared/protocol/problem.ts";
import { signedManifestSchema } from "#shared/protocol/signed-manifest.ts";
import { targetViewSchema } from "#shared/protocol/target.ts";
import {
	uploadCompleteResponseSchema,
	uploadExistsResponseSchema,
	uploadRequestSchema,
	uploadResponseSchema,
} from "#shared/protocol/upload.ts";

/**
 * A schema under a name. A fresh instance: zod gives an instance its methods when it is made, and those of shared/ are
 * made before zod-openapi has added `openapi`.
 */
function named<S extends z.ZodType>(schema: S, name: string): S {
	return schema.clone().openapi(name);
}

export const Problem = named(problemSchema, "Problem");
export const Job = named(jobSchema, "Job");
export const Model = named(modelRecordSchema, "Model");
export const ModelRequest = named(modelRequestSchema, "ModelRequest");
export const OptimizationRequest = named(optimizationRequestSchema, "OptimizationRequest");
export const AnalysisRequest = named(analysisRequestSchema, "AnalysisRequest");
export const Analysis = named(analysisResponseSchema, "Analysis");
export const Attempts = named(attemptsResponseSchema, "Attempts");
export const SignedManifest = named(signedManifestSchema, "SignedManifest");
export const OptimizationResult = named(
	resultResponseSchema.extend({
		kernels: z.array(
			resultResponseSchema.shape.kernels.element.extend({ manifest: SignedManifest.nullable() }),
		),
	}),
	"OptimizationResult",
);
export const Target = named(targetViewSchema, "Target");
export const UploadRequest = named(uploadRequestSchema, "UploadRequest");
export const Upload = named(uploadResponseSchema, "Upload");
export const UploadExists = named(uploadExistsResponseSchema, "UploadExists");
export const UploadComplete = named(uploadCompleteResponseSchema, "UploadComplete");

/** `content` of a JSON body. */
export const json = <S extends z.ZodType>(schema: S) => ({ "application/json": { schema } }) as const;

/** The answer to whatever goes wrong, for `responses` of every route. */
export const problems = {
	default: {
		description: "What went wrong (RFC 9457)",
		content: { "application/problem+json": { schema: Problem } },
	},
} as const;

export const bearer = [{ bearer: [] as string[] }];
