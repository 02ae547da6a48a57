// The typed HTTP client of the service: what the command line speaks, and what other programs may import.

import { type ErrorCode, OptimizeError } from "#shared/fault/optimize-error.ts";
import { type Job, jobSchema } from "#shared/protocol/job.ts";
import { type ModelRecord, modelRecordSchema, type ShapeBindings } from "#shared/protocol/model.ts";
import {
	type OptimizationRequest,
	type OptimizationResult,
	resultResponseSchema,
} from "#shared/protocol/optimization.ts";
import { problemSchema } from "#shared/protocol/problem.ts";
import { isErrorCode } from "./exit-code.ts";

export interface ClientOptions {
	/** Origin of the service, with or without a path. */
	readonly url: string;
	readonly apiKey: string;
	/** Ends every request under way. */
	readonly signal: AbortSignal;
}

export interface ModelBindings {
	readonly shapes: ShapeBindings;
	/** Graph inputs that keep their value between calls. Empty: the service finds them by their use. */
	readonly weights: readonly string[];
}

export interface Client {
	/** Sends the file's bytes. The same bytes under the same bindings are the same model. */
	uploadModel(bytes: Uint8Array, bindings: ModelBindings): Promise<ModelRecord>;
	/** A job that is terminal at once when the cache has every kernel. Sent again with the same key, the same job. */
	createOptimization(request: OptimizationRequest, idempotencyKey: string): Promise<Job>;
	/** Waits until the job is terminal. Throws `limit.deadline` after `timeoutMilliseconds`. */
	waitForJob(id: string, timeoutMilliseconds: number, onChange: (job: Job) => void): Promise<Job>;
	getResult(id: string): Promise<OptimizationResult>;
	/** The signed manifest under a key, as sent; throws `cache.miss`. */
	getKernel(key: string): Promise<unknown>;
	/** A blob's bytes, checked against its digest. */
	getBlob(sha256: string): Promise<Uint8Array>;
}

/** The service answers a waiting request within this time, changed or not. */
const waitSeconds = 15;
const requestMilliseconds = 120_000;
const triesMax = 4;
const pauseMillisecondsFirst = 250;
/** How long, and how often, a request is asked for that is still being worked on. */
const underWayMillisecondsMax = 900_000;
const underWayPauseMilliseconds = 1_000;

export function createClient(options: ClientOptions): Client {
	const send = (path: string, init: RequestInit = {}) => sendRequest(options, path, init);
	return {
		uploadModel: async (bytes, bindings) => {
			const response = await send(`/v1/models?${bindingsQuery(bindings)}`, {
				method: "POST",
				headers: { "content-type": "application/octet-stream" },
				body: new Uint8Array(bytes),
			});
			return modelRecordSchema.parse(await response.json());
		},
		createOptimization: async (request, idempotencyKey) => {
			const response = await send("/v1/optimizations", {
				method: "POST",
				headers: { "content-type": "application/json", "idempotency-key": `"${idempotencyKey}"` },
				body: JSON.stringify(request),
			});
			return jobSchema.parse(await response.json());
		},
		waitForJob: (id, timeoutMilliseconds, onChange) =>
			waitForJob(send, options.signal, id, timeoutMilliseconds, onChange),
		getResult: async (id) => {
			const response = await send(`/v1/optimizations/${id}/result`);
			return resultResponseSchema.parse(await response.json());
		},
		getKernel: async (key) => (await send(`/v1/kernels/${key}`)).json(),
		getBlob: async (sha256) => {
			const response = await send(`/v1/blobs/${sha256}`);
			const bytes = new Uint8Array(await response.arrayBuffer());
			const found = Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
			if (found !== sha256) {
				throw new OptimizeError("cache.signature_invalid", `blob ${sha256}: its bytes have digest ${found}`, {
					expected: sha256,
					found,
				});
			}
			return bytes;
		},
	};
}

type Send = (path: string, init?: RequestInit) => Promise<Response>;

async function waitForJob(
	send: Send,
	signal: AbortSignal,
	id: string,
	timeoutMilliseconds: number,
	onChange: (job: Job) => void,
): Promise<Job> {
	const limit = performance.now() + timeoutMilliseconds;
	let etag: string | null = null;
	while (performance.now() < limit) {
		const response = await send(`/v1/optimizations/${id}`, {
			headers: { prefer: `wait=${waitSeconds}`, ...(etag === null ? {} : { "if-none-match": etag }) },
		});
		if (response.status === 304) {
			// Something between us and the service may answer without waiting.
			await sleep(pauseMillisecondsFirst, signal);
			continue;
		}
		etag = response.headers.get("etag");
		const job = jobSchema.parse(await response.json());
		onChange(job);
		if (job.terminal) return job;
	}
	const seconds = Math.round(timeoutMilliseconds / 1000);
	throw new OptimizeError(
		"limit.deadline",
		`job ${id}: not finished after ${seconds} s; it goes on without us`,
		{
			job: id,
			limitSeconds: seconds,
		},
	);
}

function bindingsQuery({ shapes, weights }: ModelBindings): URLSearchParams {
	const query = new URLSearchParams();
	for (const [name, extent] of Object.entries(shapes)) query.append("shape", `${name}=${extent}`);
	for (const name of weights) query.append("weight", name);
	return query;
}

/**
 * Sends until there is an answer that is not a passing fault. Every request of ours may be repeated unchanged; one that a
 * first sending of it is still being worked on (a large model is planned) is asked for again until that has ended.
 */
async function sendRequest(options: ClientOptions, path: string, init: RequestInit): Promise<Response> {
	const url = `${options.url.replace(/\/$/, "")}${path}`;
	const limit = performance.now() + underWayMillisecondsMax;
	for (let attempt = 1, pause = pauseMillisecondsFirst; ; ) {
		const outcome = await trySend(url, options, init);
		if (outcome.kind === "answer") return outcome.response;
		const isUnderWay = outcome.error.code === "request.idempotency_in_progress" && performance.now() < limit;
		if (!isUnderWay && (!outcome.isRetryable || attempt === triesMax)) throw outcome.error;
		await sleep(
			Math.max(isUnderWay ? underWayPauseMilliseconds : pause, outcome.retryAfterMilliseconds),
			options.signal,
		);
		if (isUnderWay) continue;
		attempt++;
		pause *= 2;
	}
}

type SendOutcome =
	| { readonly kind: "answer"; readonly response: Response }
	| {
			readonly kind: "fault";
			readonly error: OptimizeError;
			readonly isRetryable: boolean;
			readonly retryAfterMilliseconds: number;
	  };

async function trySend(url: string, options: ClientOptions, init: RequestInit): Promise<SendOutcome> {
	let response: Response;
	try {
		response = await fetch(url, {
			...init,
			headers: { ...init.headers, authorization: `Bearer ${options.apiKey}` },
			signal: AbortSignal.any([options.signal, AbortSignal.timeout(requestMilliseconds)]),
			redirect: "follow",
		});
	} catch (error) {
		if (options.signal.aborted) throw new OptimizeError("limit.deadline", "interrupted", {}, error);
		const reason =
			error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
		const unreachable = new OptimizeError("infra.capacity", `cannot reach ${url}: ${reason}`, { url }, error);
		return { kind: "fault", error: unreachable, isRetryable: true, retryAfterMilliseconds: 0 };
	}
	if (response.ok || response.status === 304) return { kind: "answer", response };
	const seconds = Number(response.headers.get("retry-after") ?? "0");
	return {
		kind: "fault",
		...(await readProblem(url, response)),
		retryAfterMilliseconds: Number.isFinite(seconds) ? seconds * 1000 : 0,
	};
}

async function readProblem(
	url: string,
	response: Response,
): Promise<{ readonly error: OptimizeError; readonly isRetryable: boolean }> {
	const text = await response.text();
	const problem = problemSchema.safeParse(parseJson(text));
	if (!problem.success) {
		const message = `${url} answered ${response.status} without a problem document`;
		const error = new OptimizeError(codeOfStatus(response.status), message, { status: response.status });
		return { error, isRetryable: response.status >= 500 };
	}
	const { code, detail, details, errors, retryable, request_id } = problem.data;
	const faults = errors.map(({ pointer, node, message }) =>
		[pointer ?? node, message].filter(Boolean).join(": "),
	);
	const message = [detail, ...faults.filter((fault) => !detail.includes(fault))].join("; ");
	const known = isErrorCode(code) ? code : codeOfStatus(response.status);
	return {
		error: new OptimizeError(known, message, { ...details, code, request_id }),
		isRetryable: retryable,
	};
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// Something in front of the service answered; the status is all there is.
		return null;
	}
}

function codeOfStatus(status: number): ErrorCode {
	if (status === 401) return "auth.missing";
	if (status === 403) return "auth.scope";
	if (status === 404) return "auth.not_found_or_hidden";
	if (status === 413) return "upload.too_large";
	if (status === 429) return "quota.rate";
	return status >= 500 ? "infra.capacity" : "request.invalid";
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
	if (signal.aborted) return;
	await new Promise<void>((resolve) => {
		const timer = setTimeout(resolve, milliseconds);
		signal.addEventListener(
			"abort",
			() => {
				clearTimeout(timer);
				resolve();
			},
			{ once: true },
		);
	});
}
