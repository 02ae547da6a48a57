// One Idempotency-Key, one job (draft-ietf-httpapi-idempotency-key-header): a repeat gets the same job, a different request
// under the same key is refused, and one that comes while the first is under way is told to come back.

import { type StoredJob, visibleJob } from "#functions/jobs/job-store.ts";
import type { EdgeServices } from "#functions/services.ts";
import { readJsonObject, writeJsonObject } from "#functions/stored-json.ts";
import { canonicalJson } from "#shared/artefact/canonical-json.ts";
import { idempotencyKey } from "#shared/artefact/store-keys.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import {
	type IdempotencyRecord,
	idempotencyHours,
	idempotencyProgressSecondsMax,
	idempotencyRecordSchema,
} from "#shared/protocol/idempotency.ts";

export interface IdempotentRequest {
	readonly namespace: string;
	readonly caller: string;
	/** As the caller sent it. */
	readonly key: string;
	/** What must be equal for it to be a repeat. */
	readonly request: unknown;
}

export interface IdempotentAnswer {
	readonly stored: StoredJob;
	readonly isReplay: boolean;
}

type Claim =
	| { readonly kind: "mine"; readonly etag: string; readonly record: IdempotencyRecord }
	| { readonly kind: "replay"; readonly job: string };

/** Runs `make` once for a key and answers repeats with its job. When `make` throws, the key is free again. */
export async function idempotentJob(
	services: EdgeServices,
	request: IdempotentRequest,
	make: () => Promise<StoredJob>,
): Promise<IdempotentAnswer> {
	const place = idempotencyKey(request.namespace, request.caller, sha256Hex(request.key));
	const claim = await claimKey(services, place, sha256Hex(canonicalJson(request.request)));
	if (claim.kind === "replay") {
		const stored = await visibleJob(services, request.namespace, claim.job);
		return { stored, isReplay: true };
	}
	try {
		const stored = await make();
		const completed = { ...claim.record, job: stored.value.id };
		await writeJsonObject(services.store, place, completed, { kind: "matches", etag: claim.etag });
		return { stored, isReplay: false };
	} catch (error) {
		await freeKey(services, place, claim);
		throw error;
	}
}

async function claimKey(services: EdgeServices, place: string, requestDigest: string): Promise<Claim> {
	const now = services.clock.nowMilliseconds();
	const record: IdempotencyRecord = {
		schema: "kiln.idempotency/1",
		request: requestDigest,
		createdAt: new Date(now).toISOString(),
		job: null,
	};
	const put = await writeJsonObject(services.store, place, record, { kind: "absent" });
	if (put.kind === "stored") return { kind: "mine", etag: put.etag, record };
	const current = await readJsonObject(services.store, place, idempotencyRecordSchema);
	if (current === null) throw inProgress();
	if (hasLapsed(current.value, now)) {
		const condition = { kind: "matches", etag: current.etag } as const;
		const taken = await writeJsonObject(services.store, place, record, condition);
		if (taken.kind === "stored") return { kind: "mine", etag: taken.etag, record };
		throw inProgress();
	}
	if (current.value.request !== requestDigest)
		throw new OptimizeError(
			"request.idempotency_mismatch",
			"this Idempotency-Key was used with another request",
		);
	if (current.value.job === null) throw inProgress();
	return { kind: "replay", job: current.value.job };
}

/** Written as lapsed, not removed: whoever has taken the key over meanwhile keeps it. */
async function freeKey(
	services: EdgeServices,
	place: string,
	claim: Claim & { kind: "mine" },
): Promise<void> {
	const lapsed = { ...claim.record, createdAt: new Date(0).toISOString() };
	await writeJsonObject(services.store, place, lapsed, { kind: "matches", etag: claim.etag });
}

function hasLapsed(record: IdempotencyRecord, nowMilliseconds: number): boolean {
	const ageSeconds = (nowMilliseconds - Date.parse(record.createdAt)) / 1000;
	return ageSeconds > (record.job === null ? idempotencyProgressSecondsMax : idempotencyHours * 3600);
}

const inProgress = (): OptimizeError =>
	new OptimizeError("request.idempotency_in_progress", "a request with this Idempotency-Key is under way");
