// Direct upload: the client says what it will send, gets a presigned PUT, and asks us to check what arrived.

import { z } from "zod";
import { digestSchema } from "./digest.ts";

/** Largest model taken, by either way: an isolate of 128 MB holds it twice and the graph beside it. */
export const modelBytesMax = 32 * 1024 * 1024;
/** How long a presigned PUT is good for. */
export const uploadSecondsMax = 900;

export const uploadRequestSchema = z.strictObject({
	sha256: digestSchema,
	/** Bytes. */
	size: z.int().min(1),
});

/** `uploads/<id>.json`. The bytes wait under `uploads/<id>.bin` until they are checked. */
export const uploadRecordSchema = z.object({
	schema: z.literal("kiln.upload/1"),
	id: z.string(),
	namespace: z.string(),
	sha256: digestSchema,
	bytesCount: z.int(),
	createdAt: z.iso.datetime(),
	expiresAt: z.iso.datetime(),
});
export type UploadRecord = z.infer<typeof uploadRecordSchema>;

export const uploadResponseSchema = z.object({
	upload: z.string(),
	put_url: z.url(),
	/** Headers that the PUT must send exactly so. */
	headers: z.record(z.string(), z.string()),
	expires_at: z.iso.datetime(),
});
export const uploadExistsResponseSchema = z.object({ exists: z.literal(true), blob: digestSchema });
export const uploadCompleteResponseSchema = z.object({ blob: digestSchema });
