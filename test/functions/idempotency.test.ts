import { describe, expect, test } from "vitest";
import { createMemoryStore } from "#adapters/memory-store.ts";
import { idempotencyKey } from "#shared/artefact/store-keys.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { drainQueue, expectProblem, postModel, postOptimization } from "./support/edge-requests.ts";
import { createTestEdge, storeApiKey } from "./support/test-edge.ts";

const headers = { "idempotency-key": '"attempt-1"' };

describe("Idempotency-Key", () => {
	test("a repeat gets the same job, sends nothing, and says that it is one", async () => {
		const edge = await createTestEdge();
		const json = { model: (await postModel(edge, 1)).id, target: "cpu-x86-64-v3" };
		const first = await postOptimization(edge, json, { headers });
		const again = await postOptimization(edge, json, { headers: { "idempotency-key": "attempt-1" } });
		expect(again.job.id).toBe(first.job.id);
		expect(first.response.headers.get("idempotent-replayed")).toBeNull();
		expect(again.response.headers.get("idempotent-replayed")).toBe("true");
		expect(await drainQueue(edge)).toHaveLength(1);
	});

	test("defaults spelled out make no other request", async () => {
		const edge = await createTestEdge();
		const model = (await postModel(edge, 1)).id;
		const first = await postOptimization(edge, { model }, { headers });
		const again = await postOptimization(edge, { model, effort: "standard", threads: 1 }, { headers });
		expect(again.job.id).toBe(first.job.id);
	});

	test("another request under the same key is refused", async () => {
		const edge = await createTestEdge();
		const model = (await postModel(edge, 1)).id;
		await postOptimization(edge, { model }, { headers });
		const json = { model, target: "cpu-x86-64-v3", threads: 2 };
		const response = await edge.call("POST", "/v1/optimizations", { json, headers });
		await expectProblem(response, "request.idempotency_mismatch", 422);
	});

	test("of ten at once one makes the job; the others replay it or are told to come back", async () => {
		const edge = await createTestEdge();
		const json = { model: (await postModel(edge, 1)).id, target: "cpu-x86-64-v3" };
		const responses = await Promise.all(
			Array.from({ length: 10 }, () => edge.call("POST", "/v1/optimizations", { json, headers })),
		);
		for (const response of responses.filter(({ status }) => status !== 202))
			await expectProblem(response, "request.idempotency_in_progress", 409);
		expect(await drainQueue(edge)).toHaveLength(1);
	});

	test("while the first is under way a repeat is told to come back, with Retry-After", async () => {
		const store = createMemoryStore();
		const edge = await createTestEdge({ store });
		const json = {
			model: (await postModel(edge, 1)).id,
			target: "cpu-x86-64-v3",
			effort: "standard",
			threads: 1,
			cache: "prefer",
		};
		await postOptimization(edge, json, { headers });
		const place = idempotencyKey("alpha", "alpha-caller", sha256Hex("attempt-1"));
		const record = JSON.parse(new TextDecoder().decode((await store.get(place))?.bytes));
		const open = new TextEncoder().encode(JSON.stringify({ ...record, job: null }));
		await store.put(place, open, { kind: "always" });
		const response = await edge.call("POST", "/v1/optimizations", { json, headers });
		expect(response.headers.get("retry-after")).toBe("2");
		await expectProblem(response, "request.idempotency_in_progress", 409);
		edge.advanceSeconds(121);
		expect((await edge.call("POST", "/v1/optimizations", { json, headers })).status).toBe(202);
	});

	test("a request that failed leaves the key free", async () => {
		const edge = await createTestEdge();
		const missing = { model: `mdl_${"0".repeat(64)}`, target: "cpu-x86-64-v3" };
		await edge.call("POST", "/v1/optimizations", { json: missing, headers });
		const { response } = await postOptimization(edge, { model: (await postModel(edge, 1)).id }, { headers });
		expect(response.status).toBe(202);
	});

	test("a key is remembered for a day and belongs to its caller", async () => {
		const edge = await createTestEdge();
		const model = (await postModel(edge, 1)).id;
		const first = await postOptimization(edge, { model }, { headers });
		const other = { namespace: "alpha", caller: "somebody-else", scopes: ["jobs:write"] } as const;
		await storeApiKey(edge.services.store, "kiln_other", { ...other, scopes: [...other.scopes] });
		const theirs = await postOptimization(edge, { model }, { headers, key: "kiln_other" });
		expect(theirs.job.id).not.toBe(first.job.id);
		edge.advanceSeconds(24 * 3600 + 1);
		expect((await postOptimization(edge, { model }, { headers })).job.id).not.toBe(first.job.id);
	});

	test("a caller of the same name in another namespace has keys of its own", async () => {
		const edge = await createTestEdge();
		const model = (await postModel(edge, 1)).id;
		const first = await postOptimization(edge, { model }, { headers });
		const twin = { namespace: "beta", caller: "alpha-caller", scopes: ["jobs:write"] } as const;
		await storeApiKey(edge.services.store, "kiln_twin", { ...twin, scopes: [...twin.scopes] });
		const json = { model, target: "cpu-x86-64-v3" };
		const response = await edge.call("POST", "/v1/optimizations", { json, headers, key: "kiln_twin" });
		expect(await response.text()).not.toContain(first.job.id);
		expect(response.status).toBe(404);
	});

	test("a key of any characters never becomes part of an object's name", async () => {
		const edge = await createTestEdge();
		const model = (await postModel(edge, 1)).id;
		await postOptimization(edge, { model }, { headers: { "idempotency-key": '"../../keys/x"' } });
		const keys = await edge.services.store.list("", 1000);
		expect(keys.filter((key) => !/^[a-z0-9-]+(\/[A-Za-z0-9_.-]+)+$/.test(key) || key.includes(".."))).toEqual(
			[],
		);
	});
});
