// `training/…jsonl`: what a cost model learns from, one line for each measurement of a candidate (docs/training-rows.md).

import { z } from "zod";
import { efforts } from "#shared/pipeline/plan.ts";
import { digestSchema } from "./digest.ts";
import { parseExactJson, stringifyExactJson } from "./exact-json.ts";
import { machineSchema } from "./machine-schema.ts";
import { muGraphSchema } from "./mugraph-schema.ts";
import { scheduleSchema } from "./plan-document.ts";
import { targetIdSchema } from "./target.ts";
import { toleranceSchema } from "./tolerance.ts";

/** Clean samples of one participant in one stage, in nanoseconds a run. */
const clockedSchema = z.object({
	/** Median over rounds of each burst's 20th percentile: the score that verdicts stand on. */
	scoreNanoseconds: z.number().positive(),
	p20Nanoseconds: z.number().positive(),
	medianNanoseconds: z.number().positive(),
	cleanCount: z.int().min(0),
	/** Clean or not. */
	samplesCount: z.int().min(1),
});

const timingSchema = z.object({
	stage: z.enum(["screen", "contest", "refine", "confirm"]),
	/** Position among the task's stages: a screen of many groups and a repeated confirmation are several. */
	stageIndex: z.int().min(0),
	rounds: z.int().min(1),
	kernel: z.object({
		...clockedSchema.shape,
		/** Clean ones in the order taken (all, when none is clean); evenly thinned beyond `trainingSamplesMax`. */
		samplesNanoseconds: z.array(z.number().positive()),
	}),
	/** The fastest form of the baseline in the same rounds; null where none took part. */
	baseline: z
		.object({
			...clockedSchema.shape,
			form: z.string(),
			/** Median over rounds of baseline / kernel. */
			ratio: z.number().positive(),
		})
		.nullable(),
});

export const trainingRowSchema = z.object({
	schema: z.literal("kiln.training/1"),
	/** `<job>-<task>/<candidate>` and, of a timing, `/<stage index>`: names a row for ever. */
	id: z.string(),
	/** `kilnVersion`: another one may lower the same schedule to other code. */
	version: z.string(),
	measuredAt: z.string(),
	/** `document`: store key of the program's document. */
	program: z.object({ digest: digestSchema, document: z.string() }),
	target: targetIdSchema,
	threads: z.int().min(1),
	effort: z.enum(efforts),
	/** That the outcome was judged by, and the schedule made for. */
	tolerance: toleranceSchema,
	/** Of the inputs' data. */
	seed: z.int().min(0),
	machine: machineSchema,
	candidate: z.int().min(0),
	muGraph: z.object({ digest: z.string(), graph: muGraphSchema }),
	schedule: scheduleSchema,
	/** `values`: of shared/cost-model/schedule-features.ts, of the version named. */
	features: z.object({ version: z.string(), values: z.record(z.string(), z.number()) }),
	predicted: z.object({ model: z.string(), nanoseconds: z.number() }),
	/** What became of the candidate in the end, whatever this row's timing says. */
	outcome: z.object({
		kind: z.enum(["timed", "compileFailed", "wrongResult", "crashed", "hung", "unstable"]),
		/** Largest error against float64 relative to the largest magnitude; null where no finite result was compared. */
		errorMax: z.number().nullable(),
		/** Why it is no kernel; empty for `timed`. */
		reason: z.string(),
	}),
	/** Null for a candidate that was never timed. */
	timing: timingSchema.nullable(),
});

export type TrainingRow = z.infer<typeof trainingRowSchema>;
export type TrainingTiming = z.infer<typeof timingSchema>;

/** Raw samples kept of one timing. */
export const trainingSamplesMax = 256;
/** Characters kept of a reason: compilers can say a lot. */
export const trainingReasonMax = 400;
/** Of one task's rows, newline included; rows of the worst predicted candidates are left out beyond. */
export const trainingBytesMax = 8 * 2 ** 20;

/** One line, without its end. */
export const encodeTrainingRow = (row: TrainingRow): string =>
	stringifyExactJson(trainingRowSchema.parse(row));
/** Throws ZodError or SyntaxError for what is no row. */
export const decodeTrainingRow = (line: string): TrainingRow => trainingRowSchema.parse(parseExactJson(line));
