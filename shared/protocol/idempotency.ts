// `idempotency/<namespace>/<caller>/<sha256 of the key>.json`: what a repeated request is answered with. It is written before the
// work begins (job null: in progress) and completed after it.

import { z } from "zod";
import { digestSchema } from "./digest.ts";

/** How long a key is remembered. */
export const idempotencyHours = 24;
/** A request that has not completed its record by then has died; the key is free again. */
export const idempotencyProgressSecondsMax = 120;

export const idempotencyRecordSchema = z.object({
	schema: z.literal("kiln.idempotency/1"),
	/** SHA-256 of the canonical JSON of the request. */
	request: digestSchema,
	createdAt: z.iso.datetime(),
	/** The job that answers it, or null while it is being made. */
	job: z.string().nullable(),
});
export type IdempotencyRecord = z.infer<typeof idempotencyRecordSchema>;
