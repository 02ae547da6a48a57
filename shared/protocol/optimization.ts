// Requests about optimisations, and the answers that are not the job itself.

import { z } from "zod";
import { efforts } from "#shared/pipeline/plan.ts";
import { digestSchema } from "./digest.ts";
import { modelIdSchema } from "./identifier.ts";
import { attemptSchema, dispositionSchema, type Job, jobSchema } from "./job.ts";
import { coverageSchema, refusalSchema, shapeBindingsSchema, weightsSchema } from "./model.ts";
import { signedManifestSchema } from "./signed-manifest.ts";
import { targetIdSchema } from "./target.ts";
import { toleranceIdSchema, toleranceSchema } from "./tolerance.ts";

const threadsMax = 256;

export const optimizationRequestSchema = z.strictObject({
	model: modelIdSchema,
	target: targetIdSchema,
	effort: z.enum(efforts).default("standard"),
	threads: z.int().min(1).max(threadsMax).default(1),
	tolerance: toleranceSchema.describe(
		"How far results may be off, relative to an output's largest value. `bfloat16-1e-2`: weights and what they are multiplied with may be rounded to bfloat16 within products.",
	),
	/** Other bindings than the model was sent with: the model is analysed again under them. */
	shapes: shapeBindingsSchema.optional(),
	weights: weightsSchema.optional(),
	/** `prefer`: what is cached is the answer. `only`: never run anything. `refresh`: measure again. */
	cache: z.enum(["prefer", "only", "refresh"]).default("prefer"),
});
export type OptimizationRequest = z.infer<typeof optimizationRequestSchema>;

export const attemptsResponseSchema = z.object({
	job: z.string(),
	attempts: z.array(z.object({ task: z.int(), ...attemptSchema.shape })),
});

export function viewAttempts(job: Job): z.infer<typeof attemptsResponseSchema> {
	return {
		job: job.id,
		attempts: job.tasks.flatMap((task, index) =>
			task.attempts.map((attempt) => ({ task: index, ...attempt })),
		),
	};
}

export const resultResponseSchema = z.object({
	job: z.string(),
	model: modelIdSchema,
	state: jobSchema.shape.state,
	outcome: jobSchema.shape.outcome,
	disposition: dispositionSchema,
	/** One for each distinct program. */
	kernels: z.array(
		z.object({
			/** Islands of the model that this kernel computes. */
			islands: z.array(z.int()),
			program: digestSchema,
			key: digestSchema,
			disposition: dispositionSchema,
			/** Null when the task failed. */
			manifest: signedManifestSchema.nullable(),
			error: z.object({ code: z.string(), message: z.string() }).nullable(),
		}),
	),
	refusals: z.array(refusalSchema),
	coverage: coverageSchema.nullable(),
});
export type OptimizationResult = z.infer<typeof resultResponseSchema>;

export const analysisRequestSchema = optimizationRequestSchema.omit({ cache: true });
export type AnalysisRequest = z.infer<typeof analysisRequestSchema>;

/** What an optimisation would find in the cache; nothing is searched or run. */
export const analysisResponseSchema = z.object({
	model: modelIdSchema,
	target: targetIdSchema,
	effort: z.enum(efforts),
	threads: z.int(),
	tolerance: toleranceIdSchema,
	programs: z.array(
		z.object({
			program: digestSchema,
			islands: z.array(z.int()),
			key: digestSchema,
			/** Effort of the kernel in the cache, or null. */
			cachedEffort: z.enum(efforts).nullable(),
			/** Whether that satisfies the request. */
			isHit: z.boolean(),
		}),
	),
	/** Share of the programs that would be answered at once, 0 to 1; 1 when there are none. */
	cachedShare: z.number(),
	refusals: z.array(refusalSchema),
	coverage: coverageSchema,
});
export type AnalysisResponse = z.infer<typeof analysisResponseSchema>;
