// The one place where faults become HTTP: OptimizeError -> problem+json (RFC 9457). Handlers never build error bodies.

import { HTTPException } from "hono/http-exception";
import { type ErrorCode, errorCodes, OptimizeError, retryableCodes } from "#shared/fault/optimize-error.ts";
import type { Problem } from "#shared/protocol/problem.ts";

/** Seconds a client should wait before it retries. */
const retryAfterSeconds = 2;

/** What the client is told; faults without a code are ours and say nothing of themselves. */
export function problemResponse(error: unknown, place: { requestId: string; path: string }): Response {
	const fault = codedFault(error);
	const { code, message, details } = fault;
	// What a store or a queue answers may hold key ids, signed texts and names of hosts: for the log only.
	const { errors, ...rest } = code.startsWith("infra.") ? { errors: [] } : details;
	const problem: Problem = {
		type: `urn:kiln:error:${code}`,
		title: titleOf(code),
		status: errorCodes[code],
		detail: message,
		instance: place.path,
		code,
		class: code.slice(0, code.indexOf(".")),
		retryable: retryableCodes.has(code),
		request_id: place.requestId,
		errors: Array.isArray(errors) ? errors : [],
		details: rest,
	};
	const headers: Record<string, string> = {
		"content-type": "application/problem+json",
		"cache-control": "no-store",
		"request-id": place.requestId,
	};
	if (problem.retryable) headers["retry-after"] = String(retryAfterSeconds);
	if (problem.status === 401) headers["www-authenticate"] = 'Bearer realm="kiln"';
	return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

/** Whether the fault is ours and must be written down. */
export function isOurFault(error: unknown): boolean {
	return errorCodes[codedFault(error).code] >= 500;
}

function codedFault(error: unknown): OptimizeError {
	if (error instanceof OptimizeError) return error;
	// Hono's own refusals: a body that is no JSON, a wrong content type.
	if (error instanceof HTTPException && error.status < 500)
		return new OptimizeError("request.invalid", error.message || "the request could not be read");
	return new OptimizeError("internal.bug", "something of ours went wrong; it has been noted");
}

/** "model.op_unsupported" -> "Model: op unsupported". */
function titleOf(code: ErrorCode): string {
	const [kind = "", name = ""] = code.split(".");
	return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}: ${name.replaceAll("_", " ")}`;
}
