// The edge in this process over memory, with a clock that tests move.

import { createMemoryQueue } from "#adapters/memory-queue.ts";
import { createMemoryStore } from "#adapters/memory-store.ts";
import { createApp } from "#functions/app.ts";
import { createEdgeCaches } from "#functions/caching/edge-caches.ts";
import type { EdgeServices } from "#functions/services.ts";
import { apiKeyKey } from "#shared/artefact/store-keys.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";
import type { ApiKeyRecord, Scope } from "#shared/protocol/api-key.ts";
import { createFixtureCompiler } from "./fixture-compiler.ts";

export const allScopes: readonly Scope[] = ["models:write", "jobs:write", "cache:read"];
export const startMilliseconds = Date.UTC(2026, 0, 1);

export type TestEdge = Awaited<ReturnType<typeof createTestEdge>>;

/** Key `kiln_<namespace>`: all scopes in that namespace. `kiln_none`: none. */
export async function createTestEdge(overrides: Partial<EdgeServices> = {}) {
	let now = startMilliseconds;
	const clock = { nowMilliseconds: () => now, monotonicNanoseconds: () => process.hrtime.bigint() };
	const store = overrides.store ?? createMemoryStore();
	const queue = createMemoryQueue();
	const compiler = createFixtureCompiler();
	const reports: Readonly<Record<string, unknown>>[] = [];
	const services: EdgeServices = {
		store,
		queues: { cpu: queue },
		presignPut: async (key) => ({ url: `https://store.test/${key}`, headers: {} }),
		compiler,
		clock,
		random: createRandom(1),
		configuration: {
			jobDeadlineSeconds: 3600,
			sweepQueuedSeconds: 60,
			sweepRunningSeconds: 180,
			searchStatesMax: 100,
			trustedKeys: {},
		},
		caches: createEdgeCaches(clock),
		asset: async () => null,
		report: (entry) => reports.push(entry),
		...overrides,
	};
	await storeApiKey(store, "kiln_alpha", { namespace: "alpha", scopes: [...allScopes] });
	await storeApiKey(store, "kiln_beta", { namespace: "beta", scopes: [...allScopes] });
	await storeApiKey(store, "kiln_none", { namespace: "alpha", scopes: [] });
	const app = createApp(services);
	const call = (method: string, path: string, options: CallOptions = {}): Promise<Response> =>
		Promise.resolve(app.request(path, requestInit(method, options)));
	return {
		app,
		call,
		services,
		queue,
		compiler,
		reports,
		advanceSeconds: (seconds: number) => {
			now += seconds * 1000;
		},
	};
}

export interface CallOptions {
	/** Default `kiln_alpha`; null sends no key. */
	readonly key?: string | null;
	readonly json?: unknown;
	readonly bytes?: Uint8Array<ArrayBuffer>;
	readonly headers?: Readonly<Record<string, string>>;
}

export function requestInit(method: string, options: CallOptions): RequestInit {
	const { key = "kiln_alpha", json, bytes } = options;
	const headers: Record<string, string> = { ...options.headers };
	if (key !== null) headers.authorization = `Bearer ${key}`;
	if (json !== undefined) headers["content-type"] ??= "application/json";
	if (bytes !== undefined) headers["content-type"] ??= "application/octet-stream";
	const body = json !== undefined ? JSON.stringify(json) : bytes;
	return body === undefined ? { method, headers } : { method, headers, body };
}

export async function storeApiKey(
	store: ArtefactStore,
	key: string,
	owner: Pick<ApiKeyRecord, "namespace" | "scopes"> & Partial<ApiKeyRecord>,
): Promise<void> {
	const record: ApiKeyRecord = {
		schema: "kiln.key/1",
		caller: `${owner.namespace}-caller`,
		expiresAt: null,
		...owner,
	};
	const bytes = new TextEncoder().encode(JSON.stringify(record));
	await store.put(apiKeyKey(sha256Hex(key)), bytes, { kind: "always" });
}
