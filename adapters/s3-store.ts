// The object store over S3's HTTP interface (AWS, R2, Miniflare), with fetch and WebCrypto only.

import { AwsClient } from "aws4fetch";
import { assert } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ArtefactStore, PutCondition, PutOutcome, StoredObject } from "#shared/pipeline/ports.ts";
import { hexOfBytes } from "./hex.ts";
import { defaultRetryPolicy, done, type RetryPolicy, type TryOutcome, withRetries } from "./retry.ts";
import { parseListedKeys } from "./s3-list.ts";

export interface S3StoreOptions {
	/** In front of the bucket's name, without a slash at the end. Addressing is by path. */
	readonly endpoint: string;
	readonly bucket: string;
	readonly region: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly retry?: Partial<RetryPolicy>;
}

type Headers = Readonly<Record<string, string>>;

type Send = <T>(
	what: string,
	url: string,
	init: { readonly method: string; readonly headers?: Headers; readonly body?: Uint8Array<ArrayBuffer> },
	/** Learns how many tries went before. */
	read: (response: Response, tried: number) => Promise<TryOutcome<T>>,
) => Promise<T>;

export function createS3Store(options: S3StoreOptions): ArtefactStore {
	const request = createSend(options);
	const objectUrl = (key: string): string => s3ObjectUrl(options, key);
	const get = (key: string): Promise<StoredObject | null> =>
		request("get", objectUrl(key), { method: "GET" }, readObject);

	return {
		get,
		head: (key) =>
			request("head", objectUrl(key), { method: "HEAD" }, async (response) => {
				if (response.status === 404) return done(null);
				if (response.status !== 200) return refused(response);
				const bytesCount = Number(response.headers.get("content-length") ?? 0);
				return done({ bytesCount, etag: entityTag(response) });
			}),
		put: async (key, bytes, condition, contentType = "application/octet-stream") => {
			const body = ownBuffer(bytes);
			const headers = {
				"content-type": contentType,
				"x-amz-content-sha256": hexOfBytes(await crypto.subtle.digest("SHA-256", body)),
				...conditionHeaders(condition),
			};
			const init = { method: "PUT", headers, body };
			return request("put", objectUrl(key), init, async (response, tried) => {
				const outcome = await readPut(response, condition);
				if (tried === 0 || outcome.kind !== "done" || outcome.value.kind === "stored") return outcome;
				// An earlier try may have been stored and its answer lost: then the condition fails because of ourselves.
				const current = await get(key);
				if (current === null || !equalBytes(current.bytes, bytes)) return outcome;
				return done({ kind: "stored", etag: current.etag });
			});
		},
		list: async (prefix, limit, after) => {
			const keys: string[] = [];
			let start = after;
			while (keys.length < limit) {
				const url = listUrl(options, prefix, limit - keys.length, start);
				const page = await request("list", url, { method: "GET" }, async (response) => {
					if (response.status !== 200) return refused(response);
					return done(parseListedKeys(await response.text()));
				});
				keys.push(...page.keys);
				start = page.keys.at(-1);
				if (!page.isTruncated || start === undefined) break;
			}
			return keys.slice(0, limit);
		},
		remove: (key) =>
			request("remove", objectUrl(key), { method: "DELETE" }, async (response) =>
				response.ok || response.status === 404 ? skipBody(response, undefined) : refused(response),
			),
	};
}

/** Signs, sends and retries; what is not worth another try is read by `read`. */
function createSend(options: S3StoreOptions): Send {
	const { accessKeyId, secretAccessKey, region } = options;
	const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3", retries: 0 });
	const policy = { ...defaultRetryPolicy, ...options.retry };
	return (what, url, init, read) =>
		withRetries(
			policy,
			async (signal, tried) => {
				const response = await client.fetch(url, { ...init, signal });
				if (isTransient(response.status)) return again(response);
				return read(response, tried);
			},
			(reason, cause) =>
				new OptimizeError("infra.storage", `the object store did not answer: ${reason}`, { what }, cause),
		);
}

/** Path-style address of an object; every segment is escaped. */
export function s3ObjectUrl(
	place: { readonly endpoint: string; readonly bucket: string },
	key: string,
): string {
	return `${place.endpoint}/${place.bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
}

/** 409: another conditional write was under way (S3); 429 and 5xx: SlowDown and outages. */
const isTransient = (status: number): boolean =>
	status === 409 || status === 408 || status === 429 || status >= 500;

async function readObject(response: Response): Promise<TryOutcome<StoredObject | null>> {
	if (response.status === 404) return skipBody(response, null);
	if (response.status !== 200) return refused(response);
	const bytes = new Uint8Array(await response.arrayBuffer());
	const announced = response.headers.get("content-length");
	if (announced !== null && !response.headers.has("content-encoding") && Number(announced) !== bytes.length)
		return { kind: "again", reason: `body cut off at ${bytes.length} of ${announced} bytes` };
	return done({ bytes, etag: entityTag(response) });
}

async function readPut(response: Response, condition: PutCondition): Promise<TryOutcome<PutOutcome>> {
	if (response.ok) return skipBody(response, { kind: "stored", etag: entityTag(response) });
	if (response.status === 412)
		return skipBody(response, { kind: condition.kind === "absent" ? "exists" : "changed" });
	// If-Match on a key that is not there: 404 from S3, 412 from others.
	if (response.status === 404 && condition.kind === "matches") return skipBody(response, { kind: "changed" });
	return refused(response);
}

function conditionHeaders(condition: PutCondition): Headers {
	if (condition.kind === "absent") return { "if-none-match": "*" };
	if (condition.kind === "matches") return { "if-match": condition.etag };
	return {};
}

function listUrl(options: S3StoreOptions, prefix: string, limit: number, after: string | undefined): string {
	const url = new URL(`${options.endpoint}/${options.bucket}`);
	url.searchParams.set("list-type", "2");
	url.searchParams.set("prefix", prefix);
	url.searchParams.set("max-keys", String(Math.min(limit, 1000)));
	if (after !== undefined) url.searchParams.set("start-after", after);
	return url.toString();
}

/** Bodies must be read or cancelled, or the connection is held. */
async function skipBody<T>(response: Response, value: T): Promise<TryOutcome<T>> {
	await response.body?.cancel();
	return done(value);
}

async function again(response: Response): Promise<TryOutcome<never>> {
	await response.body?.cancel();
	return { kind: "again", reason: `status ${response.status}` };
}

const errorTextMax = 300;

/** The store understood and said no (wrong credentials, no such bucket): a wrong deployment, not worth another try. */
async function refused(response: Response): Promise<TryOutcome<never>> {
	const { status } = response;
	const text = (await response.text()).slice(0, errorTextMax);
	const error = new OptimizeError("infra.storage", `the object store refused: status ${status}`, {
		status,
		text,
	});
	return { kind: "failed", error };
}

function entityTag(response: Response): string {
	const etag = response.headers.get("etag");
	assert(etag !== null, "an S3 answer about an object has an ETag");
	return etag;
}

const equalBytes = (left: Uint8Array, right: Uint8Array): boolean =>
	left.length === right.length && left.every((byte, index) => byte === right[index]);

/** WebCrypto and fetch refuse views of shared memory by type; an ordinary view is passed as it is. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
	return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
