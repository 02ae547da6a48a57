// The one place that maps what went wrong to the exit code a shell sees.

import { type ErrorCode, errorCodes, OptimizeError } from "#shared/fault/optimize-error.ts";

export const exitCodes = {
	ok: 0,
	internal: 1,
	usage: 2,
	gateFailed: 3,
	cacheMiss: 4,
	verificationFailed: 5,
	authOrQuota: 6,
	service: 7,
	inconclusive: 8,
	interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byCode: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
	"cache.miss": exitCodes.cacheMiss,
	"cache.signature_invalid": exitCodes.verificationFailed,
	"upload.expired": exitCodes.service,
	"upload.incomplete": exitCodes.service,
	"request.idempotency_in_progress": exitCodes.service,
	"search.no_valid_candidate": exitCodes.gateFailed,
	"internal.bug": exitCodes.internal,
};

/** By the part of the code in front of the dot, where the whole code is not listed above. */
const byClass: Readonly<Record<string, ExitCode>> = {
	request: exitCodes.usage,
	model: exitCodes.usage,
	upload: exitCodes.usage,
	target: exitCodes.usage,
	auth: exitCodes.authOrQuota,
	quota: exitCodes.authOrQuota,
	verify: exitCodes.verificationFailed,
	measure: exitCodes.service,
	toolchain: exitCodes.service,
	limit: exitCodes.service,
	runner: exitCodes.service,
	infra: exitCodes.service,
	result: exitCodes.service,
};

/** The exit code for a fault that a command threw. Anything without a code is our own: `internal`. */
export function exitCodeOf(error: unknown): ExitCode {
	if (!(error instanceof OptimizeError)) return exitCodes.internal;
	return exitCodeOfCode(error.code);
}

/** The same for a code that the service sent, which may be newer than this client. */
export function exitCodeOfCode(code: string): ExitCode {
	const known = isErrorCode(code) ? byCode[code] : undefined;
	return known ?? byClass[code.slice(0, code.indexOf("."))] ?? exitCodes.internal;
}

export function isErrorCode(code: string): code is ErrorCode {
	return Object.hasOwn(errorCodes, code);
}
