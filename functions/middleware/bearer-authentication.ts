import type { MiddlewareHandler } from "hono";
import type { EdgeHonoEnvironment } from "#functions/edge-context.ts";
import type { EdgeServices } from "#functions/services.ts";
import { readJsonObject } from "#functions/stored-json.ts";
import { apiKeyKey } from "#shared/artefact/store-keys.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { type ApiKeyRecord, apiKeyRecordSchema } from "#shared/protocol/api-key.ts";

const keyCharactersMax = 512;

/** Finds who a bearer key speaks for. Only the key's hash is stored or remembered. */
export function bearerAuthentication(services: EdgeServices): MiddlewareHandler<EdgeHonoEnvironment> {
	return async (context, next) => {
		const [, key] = /^Bearer +(\S+)$/i.exec(context.req.header("authorization") ?? "") ?? [];
		if (key === undefined || key.length > keyCharactersMax)
			throw new OptimizeError("auth.missing", "the request needs a header `Authorization: Bearer <key>`");
		const record = await findApiKey(services, sha256Hex(key));
		if (record === null || hasExpired(record, services.clock.nowMilliseconds()))
			throw new OptimizeError("auth.missing", "this key is unknown or has expired");
		context.set("caller", record);
		await next();
	};
}

async function findApiKey(services: EdgeServices, hash: string): Promise<ApiKeyRecord | null> {
	const known = services.caches.apiKeys.get(hash);
	if (known !== undefined) return known;
	const stored = await readJsonObject(services.store, apiKeyKey(hash), apiKeyRecordSchema);
	const record = stored?.value ?? null;
	services.caches.apiKeys.set(hash, record);
	return record;
}

const hasExpired = (record: ApiKeyRecord, nowMilliseconds: number): boolean =>
	record.expiresAt !== null && Date.parse(record.expiresAt) <= nowMilliseconds;
