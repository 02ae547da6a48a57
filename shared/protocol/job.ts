// The job object in the store (`jobs/<id>.json`) and on the wire. Changed only by compare-and-swap.

import { z } from "zod";
import { toleranceSchema } from "./tolerance.ts";

const jobStates = [
	"validating",
	"queued",
	"running",
	"finalizing",
	"succeeded",
	"failed",
	"canceled",
	"expired",
] as const;
export type JobState = (typeof jobStates)[number];
export const terminalJobStates: ReadonlySet<JobState> = new Set<JobState>([
	"succeeded",
	"failed",
	"canceled",
	"expired",
]);

export const dispositionSchema = z.enum(["executed", "cache_hit", "coalesced", "negative_hit"]);

export const attemptSchema = z.object({
	attempt: z.int().min(1),
	runner: z.string(),
	startedAt: z.iso.datetime(),
	endedAt: z.iso.datetime().nullable(),
	/** `class.code` of why it ended without a result, or null. */
	reason: z.string().nullable(),
	phase: z.string(),
});

export const taskSchema = z.object({
	/** Island indices of the model that share this program. */
	islands: z.array(z.int()),
	program: z.string(),
	key: z.string(),
	plan: z.string().nullable(),
	state: z.enum(["queued", "running", "succeeded", "failed"]),
	disposition: dispositionSchema,
	/** Fencing token of the attempt that may finish the task. */
	fence: z.int().min(0),
	attempts: z.array(attemptSchema),
	/** Progress of the running attempt. */
	phase: z.string(),
	error: z.object({ code: z.string(), message: z.string() }).nullable(),
	/**
	 * Entity tag of a manifest that lay under `key` and is to be measured again (a refresh, its files are missing, or it
	 * is not believed): that one does not finish the task, a later one does. Else null.
	 */
	replaces: z.string().nullable().default(null),
});
export type Task = z.infer<typeof taskSchema>;

export const jobSchema = z.object({
	schema: z.literal("kiln.job/1"),
	id: z.string(),
	model: z.string(),
	target: z.string(),
	threads: z.int().min(1),
	effort: z.enum(["quick", "standard", "max"]),
	tolerance: toleranceSchema,
	namespace: z.string(),
	state: z.enum(jobStates),
	terminal: z.boolean(),
	outcome: z.enum(["improved", "baseline", "partial", "failed"]).nullable(),
	disposition: dispositionSchema,
	createdAt: z.iso.datetime(),
	updatedAt: z.iso.datetime(),
	deadline: z.iso.datetime(),
	/** When a message for it was last sent; the sweeper re-sends what has been queued too long. */
	enqueuedAt: z.iso.datetime().nullable(),
	tasks: z.array(taskSchema),
	version: z.int().min(1),
});
export type Job = z.infer<typeof jobSchema>;
