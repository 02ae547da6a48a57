// The object store through AWS SDK v3: AWS, R2 and the local stack alike.

import {
	DeleteObjectCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
	S3ServiceException,
} from "@aws-sdk/client-s3";
import { defaultRetryPolicy, done, type RetryPolicy, type TryOutcome, withRetries } from "#adapters/retry.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ArtefactStore, PutCondition, PutOutcome } from "#shared/pipeline/ports.ts";

export interface SdkStoreOptions {
	/** Absent: AWS's own for the region. */
	readonly endpoint?: string;
	readonly bucket: string;
	readonly region: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly retry?: Partial<RetryPolicy>;
}

/** `tried`: tries that went before. */
type Send<T> = (signal: AbortSignal, tried: number) => Promise<TryOutcome<T>>;

const listPageMax = 1000;

export function createSdkStore(options: SdkStoreOptions): ArtefactStore & { close(): void } {
	const { bucket: Bucket, region, accessKeyId, secretAccessKey } = options;
	const client = new S3Client({
		region,
		...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
		credentials: { accessKeyId, secretAccessKey },
		forcePathStyle: true,
		maxAttempts: 1,
		// The local endpoint and R2 refuse the trailing checksums that newer SDKs add unasked.
		requestChecksumCalculation: "WHEN_REQUIRED",
		responseChecksumValidation: "WHEN_REQUIRED",
	});
	const policy = { ...defaultRetryPolicy, ...options.retry };
	const retried = <T>(what: string, send: Send<T>): Promise<T> =>
		withRetries(
			policy,
			async (signal, tried) => {
				try {
					return await send(signal, tried);
				} catch (fault) {
					return classify<T>(fault, what);
				}
			},
			(reason, cause) =>
				new OptimizeError("infra.storage", `the object store did not answer: ${reason}`, { what }, cause),
		);

	const get: ArtefactStore["get"] = (Key) =>
		retried("get", async (abortSignal) => {
			const answer = await orNull(client.send(new GetObjectCommand({ Bucket, Key }), { abortSignal }));
			if (answer === null) return done(null);
			const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
			if (answer.ContentLength !== undefined && answer.ContentLength !== bytes.length)
				return {
					kind: "again",
					reason: `body cut off at ${bytes.length} of ${answer.ContentLength} bytes`,
				};
			return done({ bytes, etag: answer.ETag ?? "" });
		});

	return {
		get,
		head: (Key) =>
			retried("head", async (abortSignal) => {
				const answer = await orNull(client.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal }));
				return done(
					answer === null ? null : { bytesCount: answer.ContentLength ?? 0, etag: answer.ETag ?? "" },
				);
			}),
		put: (Key, Body, condition, ContentType = "application/octet-stream") =>
			retried("put", async (abortSignal, tried): Promise<TryOutcome<PutOutcome>> => {
				const input = {
					Bucket,
					Key,
					Body,
					ContentType,
					ContentLength: Body.length,
					...conditionOf(condition),
				};
				try {
					const answer = await client.send(new PutObjectCommand(input), { abortSignal });
					return done({ kind: "stored", etag: answer.ETag ?? "" });
				} catch (fault) {
					if (!isConditionFailed(fault, condition)) throw fault;
					// An earlier try may have been stored and its answer lost: then the condition fails because of ourselves.
					const current = tried === 0 ? null : await get(Key);
					if (current !== null && Buffer.compare(current.bytes, Body) === 0)
						return done({ kind: "stored", etag: current.etag });
					return done({ kind: condition.kind === "absent" ? "exists" : "changed" });
				}
			}),
		list: async (Prefix, limit, after) => {
			const keys: string[] = [];
			for (let StartAfter = after; keys.length < limit; ) {
				const MaxKeys = Math.min(limit - keys.length, listPageMax);
				const input = { Bucket, Prefix, MaxKeys, ...(StartAfter === undefined ? {} : { StartAfter }) };
				const page = await retried("list", async (abortSignal) =>
					done(await client.send(new ListObjectsV2Command(input), { abortSignal })),
				);
				for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key);
				StartAfter = keys.at(-1);
				if (page.IsTruncated !== true || StartAfter === undefined) break;
			}
			return keys.slice(0, limit);
		},
		remove: (Key) =>
			retried("remove", async (abortSignal) => {
				await orNull(client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal }));
				return done(undefined);
			}),
		close: () => client.destroy(),
	};
}

function conditionOf(condition: PutCondition): { IfNoneMatch?: string; IfMatch?: string } {
	if (condition.kind === "absent") return { IfNoneMatch: "*" };
	return condition.kind === "matches" ? { IfMatch: condition.etag } : {};
}

const statusOf = (fault: unknown): number | undefined =>
	fault instanceof S3ServiceException ? fault.$metadata.httpStatusCode : undefined;

/** If-Match on a key that is not there: 404 from S3, 412 from others. */
function isConditionFailed(fault: unknown, condition: PutCondition): boolean {
	const status = statusOf(fault);
	return status === 412 || (status === 404 && condition.kind === "matches");
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
	try {
		return await answer;
	} catch (fault) {
		if (statusOf(fault) === 404) return null;
		throw fault;
	}
}

/** No answer, 408, 409 (another conditional write under way), 429 and 5xx are worth another try; the rest is a refusal. */
function classify<T>(fault: unknown, what: string): TryOutcome<T> {
	const status = statusOf(fault);
	const reason = fault instanceof Error ? `${fault.name}: ${fault.message}` : String(fault);
	if (status === undefined || status === 408 || status === 409 || status === 429 || status >= 500)
		return { kind: "again", reason };
	const error = new OptimizeError(
		"infra.storage",
		`the object store refused: ${reason}`,
		{ what, status },
		fault,
	);
	return { kind: "failed", error };
}
