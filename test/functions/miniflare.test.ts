// The whole edge in the real Workers runtime once: bundle, signatures, conditional writes, queue.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { measureMessageSchema } from "#shared/protocol/message.ts";
import { modelBytes } from "./support/edge-requests.ts";
import { type MiniflareEdge, startMiniflareEdge } from "./support/miniflare-edge.ts";
import { publishKernel } from "./support/published-kernel.ts";
import { requestInit } from "./support/test-edge.ts";

let edge: MiniflareEdge;
beforeAll(async () => {
	edge = await startMiniflareEdge("test/functions/support/fixture-worker.ts");
});
afterAll(() => edge.stop());

describe("the edge in the Workers runtime", () => {
	test("takes a model, sends a message, and answers from the cache once the kernel is there", async () => {
		expect((await edge.fetch("/readyz")).status).toBe(200);
		const made = await edge.fetch("/v1/models", requestInit("POST", { bytes: modelBytes(1, 1) }));
		const model = await made.json();
		expect([made.status, model.islands.length]).toEqual([201, 2]);

		const json = { model: model.id, target: "cpu-x86-64-v3" };
		const headers = { "idempotency-key": '"once"' };
		const begin = () => edge.fetch("/v1/optimizations", requestInit("POST", { json, headers }));
		const [first, again] = [await begin(), await begin()];
		const job = await first.json();
		expect([first.status, again.status]).toEqual([202, 202]);
		expect((await again.json()).id).toBe(job.id);
		const message = await edge.queue.receive(2, 30);
		expect(measureMessageSchema.parse(JSON.parse(message?.body ?? "{}"))).toMatchObject({ jobId: job.id });
		expect(await edge.queue.receive(0, 1)).toBeNull();

		const location = first.headers.get("location") ?? "";
		const waiting = edge.fetch(location, requestInit("GET", { headers: { prefer: "wait=20" } }));
		await publishKernel(edge.store, "alpha", job.tasks[0].key);
		expect(await (await waiting).json()).toMatchObject({ state: "succeeded", outcome: "improved" });
		const cached = await edge.fetch("/v1/optimizations", requestInit("POST", { json }));
		expect([cached.status, (await cached.json()).disposition]).toEqual([200, "cache_hit"]);
	});

	test("a presigned upload goes past the edge and becomes a model", async () => {
		const bytes = modelBytes(7);
		const json = { sha256: sha256Hex(bytes), size: bytes.length };
		const begun = await (await edge.fetch("/v1/uploads", requestInit("POST", { json }))).json();
		const put = await fetch(begun.put_url, { method: "PUT", headers: begun.headers, body: bytes });
		expect(put.status).toBe(200);
		const done = await edge.fetch(`/v1/uploads/${begun.upload}/complete`, requestInit("POST", {}));
		const { blob } = await done.json();
		const made = await edge.fetch("/v1/models", requestInit("POST", { json: { blob } }));
		expect(made.status).toBe(201);
	});

	test("faults are problem+json here too", async () => {
		const answer = await edge.fetch("/v1/targets");
		expect(answer.headers.get("content-type")).toBe("application/problem+json");
		expect(await answer.json()).toMatchObject({ code: "auth.missing" });
	});
});
