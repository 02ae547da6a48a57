import { z } from "zod";
import { digestSchema } from "./digest.ts";

/** Wire form of a `Certificate`. */
export const certificateSchema = z.object({
	programDigest: digestSchema,
	muGraphDigest: z.string(),
	fieldPairs: z.array(z.object({ p: z.int(), q: z.int() })),
	seeds: z.array(z.int()),
	shrunkExtents: z.array(z.array(z.int())),
	linkedConstants: z.array(z.object({ value: z.number(), axes: z.array(z.int()) })).default([]),
	trials: z.int(),
	degree: z.number(),
	exponentialTerms: z.number(),
	uninterpreted: z.array(z.string()),
	errorProbabilityLog2: z.number(),
});
