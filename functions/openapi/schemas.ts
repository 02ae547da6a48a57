// The wire schemas under the names they have in openapi.json. shared/ knows nothing of OpenAPI.

import "@hono/zod-openapi";
import type { z } from "zod";
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

export const Problem = problemSchema.openapi("Problem");
export const Job = jobSchema.openapi("Job");
export const Model = modelRecordSchema.openapi("Model");
export const ModelRequest = modelRequestSchema.openapi("ModelRequest");
export const OptimizationRequest = optimizationRequestSchema.openapi("OptimizationRequest");
export const AnalysisRequest = analysisRequestSchema.openapi("AnalysisRequest");
export const Analysis = analysisResponseSchema.openapi("Analysis");
export const Attempts = attemptsResponseSchema.openapi("Attempts");
export const SignedManifest = signedManifestSchema.openapi("SignedManifest");
export const OptimizationResult = resultResponseSchema
	.extend({
		kernels: resultResponseSchema.shape.kernels.element
			.extend({ manifest: SignedManifest.nullable() })
			.array(),
	})
	.openapi("OptimizationResult");
export const Target = targetViewSchema.openapi("Target");
export const UploadRequest = uploadRequestSchema.openapi("UploadRequest");
export const Upload = uploadResponseSchema.openapi("Upload");
export const UploadExists = uploadExistsResponseSchema.openapi("UploadExists");
export const UploadComplete = uploadCompleteResponseSchema.openapi("UploadComplete");

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
