// The edge's environment, parsed once an isolate. Names are the same in wrangler.toml, in the local stack and in tests.

import { z } from "zod";
import { shardsMax } from "#shared/protocol/search-call.ts";

/** `{"key-id": "base64 of the raw 32 bytes"}` as one JSON text. */
const publicKeysSchema = z
	.string()
	.transform((text, context): unknown => {
		try {
			return JSON.parse(text);
		} catch {
			context.addIssue({ code: "custom", message: "not JSON" });
			return z.NEVER;
		}
	})
	.pipe(z.record(z.string().max(100), z.base64().length(44)));

const seconds = (preset: number) => z.coerce.number().int().min(1).max(604_800).default(preset);

const edgeEnvironmentSchema = z
	.object({
		/** Origin and path in front of the bucket's name: `https://s3.eu-central-1.amazonaws.com`, or the local stack's. */
		KILN_S3_ENDPOINT: z.url(),
		/** What presigned URLs point to, when clients reach the store by another name. */
		KILN_S3_PUBLIC_ENDPOINT: z.url().optional(),
		KILN_S3_BUCKET: z.string().min(3).max(63),
		KILN_S3_REGION: z.string().default("us-east-1"),
		KILN_S3_ACCESS_KEY_ID: z.string().min(1),
		KILN_S3_SECRET_ACCESS_KEY: z.string().min(1),
		KILN_SQS_ENDPOINT: z.url(),
		KILN_SQS_REGION: z.string().default("us-east-1"),
		/** Default: the store's credentials. */
		KILN_SQS_ACCESS_KEY_ID: z.string().min(1).optional(),
		KILN_SQS_SECRET_ACCESS_KEY: z.string().min(1).optional(),
		/** URL of the queue for CPU targets: sent as an identifier, requests go to KILN_SQS_ENDPOINT. */
		KILN_SQS_QUEUE_CPU: z.url(),
		/** Ed25519 keys of runners whose manifests are served; empty: signatures are left to the client to check. */
		KILN_SIGNING_PUBLIC_KEYS: publicKeysSchema.default({}),
		/** A job not begun by then expires. */
		KILN_JOB_DEADLINE_SECONDS: seconds(3600),
		/** The sweeper sends a new message for a task that has been queued this long without being taken up. */
		KILN_SWEEP_QUEUED_SECONDS: seconds(60),
		/** ... and for a running one whose attempt has not reported for this long. */
		KILN_SWEEP_RUNNING_SECONDS: seconds(180),
		/**
		 * States the search of one program may visit at the edge; the runner continues from the cursor. The same for every
		 * request, so that equal requests give equal plans.
		 */
		KILN_SEARCH_STATES_MAX: z.coerce.number().int().min(0).max(10_000_000).default(20_000),
		/** Parts that the search of one program may be divided into, where the SEARCH binding is there; 1: none. */
		KILN_SEARCH_WIDTH_MAX: z.coerce.number().int().min(1).max(shardsMax).default(8),
		/** A part that was not answered by then is asked for again, and then computed in the request itself. */
		KILN_SEARCH_CALL_SECONDS: seconds(120),
	})
	.readonly();

export type EdgeEnvironment = z.infer<typeof edgeEnvironmentSchema>;

/** Throws an error that names every wrong variable, never its value: a wrong deployment should not start. */
export function parseEnvironment(bindings: Readonly<Record<string, unknown>>): EdgeEnvironment {
	const parsed = edgeEnvironmentSchema.safeParse(bindings);
	if (parsed.success) return parsed.data;
	const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
	throw new Error(`environment: ${faults.join("; ")}`);
}
