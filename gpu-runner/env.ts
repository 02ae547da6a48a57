// The runner's environment, parsed once. The same names serve AWS, R2 and the local stack.

import { hostname } from "node:os";
import { z } from "zod";

const seconds = (preset: number) => z.coerce.number().min(1).max(43_200).default(preset);

const runnerEnvironmentSchema = z.object({
	/** Absent: AWS's own endpoints for the region. */
	KILN_S3_ENDPOINT: z.url().optional(),
	KILN_S3_BUCKET: z.string().min(3).max(63),
	KILN_S3_REGION: z.string().default("us-east-1"),
	KILN_S3_ACCESS_KEY_ID: z.string().min(1),
	KILN_S3_SECRET_ACCESS_KEY: z.string().min(1),
	KILN_SQS_ENDPOINT: z.url().optional(),
	KILN_SQS_REGION: z.string().default("us-east-1"),
	/** Default: the store's credentials. */
	KILN_SQS_ACCESS_KEY_ID: z.string().min(1).optional(),
	KILN_SQS_SECRET_ACCESS_KEY: z.string().min(1).optional(),
	KILN_SQS_QUEUE_CPU: z.url(),
	/** Ed25519 private key, PKCS #8, base64. Secret. */
	KILN_SIGNING_KEY: z.base64(),
	KILN_SIGNING_KEY_ID: z.string().min(1).max(100),
	/** Scratch and the compiled measuring process. */
	KILN_WORK_FOLDER: z.string().min(1),
	KILN_RUNNER_ID: z
		.string()
		.regex(/^[A-Za-z0-9._-]{1,100}$/)
		.default(`${hostname().replaceAll(/[^A-Za-z0-9._-]/g, "-")}-${process.pid}`),
	/** A compiler to try before gcc, clang and cc. */
	CC: z.string().optional(),
	PATH: z.string().default("/usr/local/bin:/usr/bin:/bin"),
	/** How long a message stays hidden without a sign of life; extended every third of it. */
	KILN_VISIBILITY_SECONDS: seconds(24),
	/** Longest wait of one poll. Short: a poll under way when the runner ends may still take a message. */
	KILN_POLL_SECONDS: z.coerce.number().min(0).max(20).default(2),
	/** After SIGTERM the task at hand may go on for this long before it is handed back. */
	KILN_DRAIN_SECONDS: z.coerce.number().min(0).max(3600).default(2),
	/** Scales the time for measuring that each effort has. */
	KILN_MEASURE_SHARE: z.coerce.number().min(0.001).max(100).default(1),
	/** A candidate that reports nothing for this long hangs. */
	KILN_HANG_MILLISECONDS: z.coerce.number().min(100).max(600_000).default(10_000),
	/** Of one request to the store or the queue. */
	KILN_TRY_MILLISECONDS: z.coerce.number().min(100).max(120_000).default(10_000),
});

export type RunnerEnvironment = z.infer<typeof runnerEnvironmentSchema>;

/** Throws an error that names every wrong variable, never its value. */
export function parseRunnerEnvironment(
	variables: Readonly<Record<string, string | undefined>>,
): RunnerEnvironment {
	const parsed = runnerEnvironmentSchema.safeParse(variables);
	if (parsed.success) return parsed.data;
	const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
	throw new Error(`environment: ${faults.join("; ")}`);
}
