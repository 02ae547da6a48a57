// The body of a queue message: a claim check. Everything large lies in the store. Under 2 kB.

import { z } from "zod";

export const measureMessageSchema = z.object({
	schema: z.literal("kiln.measure/1"),
	jobId: z.string().regex(/^job_[0-9A-HJKMNP-TV-Z]{26}$/),
	/** Index into the job's tasks. */
	task: z.int().min(0).max(4095),
	/** Cache key of the kernel wanted (64 hex digits). */
	key: z.string().regex(/^[0-9a-f]{64}$/),
	/** Store key of the plan. */
	plan: z
		.string()
		.max(400)
		.regex(/^plans\/[0-9a-z/.-]+$/),
	target: z.string().max(64),
	attempt: z.int().min(1).max(100),
	/** Milliseconds since the epoch after which the task is not started any more. */
	deadline: z.int(),
	traceparent: z.string().max(64),
});

export type MeasureMessage = z.infer<typeof measureMessageSchema>;
export const measureMessageBytesMax = 2048;
