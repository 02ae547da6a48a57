// `plans/…json`: a plan as the edge writes it and the runner reads it.

import { z } from "zod";
import { efforts, type Plan } from "#shared/pipeline/plan.ts";
import { certificateSchema } from "./certificate-schema.ts";
import { digestSchema } from "./digest.ts";
import { parseExactJson, stringifyExactJson } from "./exact-json.ts";
import { muGraphSchema } from "./mugraph-schema.ts";
import { plannedBaselineSchema, programSchema } from "./program-document.ts";
import { targetIdSchema } from "./target.ts";
import { toleranceSchema } from "./tolerance.ts";

const kernelScheduleSchema = z.object({
	gridTiles: z.array(z.int().min(1)),
	loopTile: z.int().min(0),
	vectorLanes: z.int().min(1),
	registerRows: z.int().min(0),
	registerVectors: z.int().min(0),
	weightLayout: z.enum(["asGiven", "panels", "interleaved", "streams"]),
	/** Absent in documents of before there was a choice. */
	productType: z.enum(["float32", "bfloat16"]).default("float32"),
	prefetchBytes: z.int().min(0),
	prefetchLevel: z.literal([1, 2]),
	unroll: z.int().min(0),
	vectorAxis: z.int().min(0).nullable(),
	nonTemporalStores: z.boolean(),
});

export const scheduleSchema = z.object({ kernels: z.array(kernelScheduleSchema) });

const planSchema = z.object({
	schema: z.literal("kiln.plan/1"),
	programDigest: digestSchema,
	program: programSchema,
	target: targetIdSchema,
	threads: z.int().min(1),
	effort: z.enum(efforts),
	tolerance: toleranceSchema,
	muGraphs: z.array(z.object({ digest: z.string(), muGraph: muGraphSchema, certificate: certificateSchema })),
	candidates: z.array(
		z.object({
			muGraph: z.int().min(0),
			schedule: scheduleSchema,
			predictedNanoseconds: z.number(),
		}),
	),
	search: z.object({
		statesVisited: z.number(),
		statesPruned: z.record(z.string(), z.number()),
		stop: z.enum(["saturated", "stateLimit"]),
		cursor: z.string().nullable(),
	}),
	rankedBy: z.string(),
	baselines: z.array(plannedBaselineSchema),
});

/** Members in the order of the schema: equal plans have equal texts, wherever their parts come from. */
export const encodePlan = (plan: Plan): string => stringifyExactJson(planSchema.parse(plan));
/** Throws ZodError or SyntaxError for what is no plan. */
export const decodePlan = (text: string): Plan => planSchema.parse(parseExactJson(text));
