import { describe, expect, test } from "vitest";
import { createMemoryStore } from "#adapters/memory-store.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { expectProblem } from "./support/edge-requests.ts";
import { createTestEdge, storeApiKey } from "./support/test-edge.ts";

const digest = sha256Hex("x");
const job = "job_00000000000000000000000000";
const model = `mdl_${digest}`;

/** Every operation under /v1, with a request that is well formed. */
const operations: readonly (readonly [string, string, Readonly<Record<string, unknown>> | undefined])[] = [
	["POST", "/v1/uploads", { sha256: digest, size: 1 }],
	["POST", "/v1/uploads/upl_00000000000000000000000000/complete", undefined],
	["POST", "/v1/models", { blob: digest }],
	["GET", `/v1/models/${model}`, undefined],
	["POST", "/v1/analyses", { model, target: "cpu-x86-64-v3" }],
	["POST", "/v1/optimizations", { model, target: "cpu-x86-64-v3" }],
	["GET", `/v1/optimizations/${job}`, undefined],
	["GET", `/v1/optimizations/${job}/attempts`, undefined],
	["GET", `/v1/optimizations/${job}/result`, undefined],
	["GET", `/v1/kernels/${digest}`, undefined],
	["GET", `/v1/blobs/${digest}`, undefined],
	["GET", "/v1/targets", undefined],
];

describe.each(operations)("%s %s", (method, path, json) => {
	test("needs a key", async () => {
		const edge = await createTestEdge();
		const response = await edge.call(method, path, { json, key: null });
		expect(response.headers.get("www-authenticate")).toContain("Bearer");
		await expectProblem(response, "auth.missing", 401);
	});

	test("needs a key that is known", async () => {
		const edge = await createTestEdge();
		await expectProblem(await edge.call(method, path, { json, key: "kiln_guess" }), "auth.missing", 401);
	});

	test("needs a key with the scope", async () => {
		const edge = await createTestEdge();
		const response = await edge.call(method, path, { json, key: "kiln_none" });
		const problem = await expectProblem(response, "auth.scope", 403);
		expect(problem.details).toMatchObject({ found: [] });
	});
});

describe("keys", () => {
	test("end with their time", async () => {
		const edge = await createTestEdge();
		const expiresAt = new Date(edge.services.clock.nowMilliseconds() + 10_000).toISOString();
		const owner = { namespace: "alpha", scopes: ["cache:read" as const], expiresAt };
		await storeApiKey(edge.services.store, "kiln_short", owner);
		const call = () => edge.call("GET", "/v1/targets", { key: "kiln_short" });
		expect((await call()).status).toBe(200);
		edge.advanceSeconds(11);
		await expectProblem(await call(), "auth.missing", 401);
	});

	test("work again at once after they were made, though a guess came before", async () => {
		const edge = await createTestEdge();
		const call = () => edge.call("GET", "/v1/targets", { key: "kiln_new" });
		expect((await call()).status).toBe(401);
		await storeApiKey(edge.services.store, "kiln_new", { namespace: "alpha", scopes: ["cache:read"] });
		edge.advanceSeconds(31);
		expect((await call()).status).toBe(200);
	});

	test("are looked up in the store once in a while, not at every request", async () => {
		let reads = 0;
		const store = createMemoryStore();
		const get = (key: string) => {
			reads++;
			return store.get(key);
		};
		const edge = await createTestEdge({ store: { ...store, get } });
		for (let time = 0; time < 20; time++) await edge.call("GET", "/v1/targets");
		expect(reads).toBe(1);
	});

	test.each(["", "Bearer", "Basic abc", "Bearer a b", `Bearer ${"x".repeat(600)}`])(
		"are not read out of `Authorization: %s`",
		async (authorization) => {
			const edge = await createTestEdge();
			const response = await edge.call("GET", "/v1/targets", { key: null, headers: { authorization } });
			await expectProblem(response, "auth.missing", 401);
		},
	);

	test("an admin key may do everything", async () => {
		const edge = await createTestEdge();
		await storeApiKey(edge.services.store, "kiln_admin", { namespace: "alpha", scopes: ["admin"] });
		expect((await edge.call("GET", "/v1/targets", { key: "kiln_admin" })).status).toBe(200);
	});
});

describe("open paths", () => {
	test.each(["/healthz", "/readyz", "/openapi.json", "/docs"])("%s needs no key", async (path) => {
		const edge = await createTestEdge();
		expect((await edge.call("GET", path, { key: null })).status).toBe(200);
	});
});
