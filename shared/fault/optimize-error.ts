// The user's faults: a code, a message (what, where, value found, value expected) and details.
// Outcomes that a correct caller must expect are union values instead; our own faults are `assert`.

/** Every code Kiln answers with. `user` codes are the caller's to mend; `system` codes are ours. */
export const errorCodes = {
	// user
	"request.invalid": 422,
	"request.idempotency_mismatch": 422,
	"request.idempotency_in_progress": 409,
	"auth.missing": 401,
	"auth.scope": 403,
	"auth.not_found_or_hidden": 404,
	"quota.rate": 429,
	"quota.concurrency": 429,
	"upload.checksum_mismatch": 422,
	"upload.expired": 410,
	"upload.incomplete": 409,
	"upload.too_large": 413,
	"model.malformed": 422,
	"model.limits_exceeded": 422,
	"model.external_data_forbidden": 422,
	"model.op_unsupported": 422,
	"model.op_attribute_unsupported": 422,
	"model.op_attribute_invalid": 422,
	"model.type_unsupported": 422,
	"model.custom_domain_refused": 422,
	"model.shape_unbound": 422,
	"model.shape_invalid": 422,
	"cache.miss": 404,
	"result.not_ready": 409,
	"search.no_valid_candidate": 422,
	"target.unknown": 422,
	// system
	"cache.signature_invalid": 502,
	"verify.mismatch": 500,
	"verify.suspected_cheat": 500,
	"measure.unstable": 503,
	"measure.baseline_failed": 503,
	"toolchain.missing": 503,
	"limit.deadline": 504,
	"runner.lost": 503,
	"runner.kernel_hang": 500,
	"infra.poison": 500,
	"infra.storage": 503,
	"infra.queue": 503,
	"infra.capacity": 503,
	"internal.bug": 500,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Codes a client may retry unchanged. */
export const retryableCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
	"request.idempotency_in_progress",
	"quota.rate",
	"quota.concurrency",
	"measure.unstable",
	"runner.lost",
	"infra.storage",
	"infra.queue",
	"infra.capacity",
]);

/** A fault that has a code. `details` is plain data: node, operator, attribute, found, expected, limit… */
export class OptimizeError extends Error {
	readonly code: ErrorCode;
	readonly details: Readonly<Record<string, unknown>>;

	constructor(
		code: ErrorCode,
		message: string,
		details: Readonly<Record<string, unknown>> = {},
		cause?: unknown,
	) {
		super(message, cause === undefined ? undefined : { cause });
		this.name = "OptimizeError";
		this.code = code;
		this.details = details;
	}
}
