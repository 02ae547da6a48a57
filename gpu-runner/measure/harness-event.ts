// The lines the measuring process writes (gpu-runner/harness/report.h).

import { z } from "zod";

const participant = z.string();
const digest = z.string().length(16);

export const harnessEventSchema = z.discriminatedUnion("event", [
	z.object({ event: z.literal("ready"), runtime: z.string(), sandboxed: z.boolean() }),
	z.object({
		event: z.literal("begin"),
		participant,
		stage: z.enum(["check", "prepare", "time", "recheck"]),
		dataset: z.int(),
	}),
	z.object({
		event: z.literal("fault"),
		participant,
		kind: z.enum(["refused", "outOfBounds", "unrepeatable"]),
		message: z.string(),
	}),
	z.object({ event: z.literal("packed"), participant, bytes: z.int(), digest }),
	z.object({
		event: z.literal("checked"),
		participant,
		dataset: z.int(),
		output: z.int(),
		/** Largest error over the largest expected magnitude, both over the finite elements. */
		errorMax: z.number(),
		worst: z.int(),
		/** Elements finite on one side only. */
		mismatches: z.int(),
		digest,
	}),
	z.object({
		event: z.literal("burst"),
		participant,
		round: z.int(),
		runsPerSample: z.int(),
		nanoseconds: z.array(z.number()),
		clean: z.array(z.boolean()),
	}),
	z.object({ event: z.literal("done") }),
]);
export type HarnessEvent = z.infer<typeof harnessEventSchema>;
export type HarnessEventOf<K extends HarnessEvent["event"]> = Extract<HarnessEvent, { event: K }>;
