// The whole edge in the real Workers runtime: the bundle that is deployed, signatures, conditional writes, the queue.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { measureMessageSchema } from "#shared/protocol/message.ts";
import { decodePlan } from "#shared/protocol/plan-document.ts";
import { fixturesDirectory } from "#test/support/outside-suites.ts";
import { type MiniflareEdge, startMiniflareEdge } from "./support/miniflare-edge.ts";
import { publishKernel } from "./support/published-kernel.ts";
import { residentBytes } from "./support/resident-bytes.ts";
import { requestInit } from "./support/test-edge.ts";

const fixture = (...path: readonly string[]): Uint8Array<ArrayBuffer> =>
	new Uint8Array(readFileSync(join(fixturesDirectory, ...path)));

/** The isolate's collector has not always run when we look: less than a second such heap. */
const hostileGrowthBytesMax = 128 * 2 ** 20;

let edge: MiniflareEdge;
beforeAll(async () => {
	edge = await startMiniflareEdge();
});
afterAll(() => edge.stop());

describe("the edge in the Workers runtime", () => {
	test("takes a model, plans, sends a message, and answers from the cache once the kernel is there", async () => {
		expect((await edge.fetch("/readyz")).status).toBe(200);
		const bytes = fixture("exported", "mirage_gated_mlp_s", "model.onnx");
		const made = await edge.fetch("/v1/models", requestInit("POST", { bytes }));
		const model = await made.json();
		expect([made.status, model.islands.length, model.refusals]).toEqual([201, 1, []]);

		const json = { model: model.id, target: "cpu-x86-64-v3", effort: "quick" };
		const headers = { "idempotency-key": '"once"' };
		const begin = () => edge.fetch("/v1/optimizations", requestInit("POST", { json, headers }));
		const [first, again] = [await begin(), await begin()];
		const job = await first.json();
		expect([first.status, again.status]).toEqual([202, 202]);
		expect((await again.json()).id).toBe(job.id);
		const received = await edge.queue.receive(2, 30);
		const message = measureMessageSchema.parse(JSON.parse(received?.body ?? "{}"));
		expect(message).toMatchObject({ jobId: job.id, key: job.tasks[0].key });
		expect(await edge.queue.receive(0, 1)).toBeNull();

		const plan = decodePlan(new TextDecoder().decode((await edge.store.get(message.plan))?.bytes));
		expect(plan.candidates.length).toBeGreaterThan(0);
		expect(plan.muGraphs.every(({ certificate }) => certificate.errorProbabilityLog2 <= -60)).toBe(true);
		for (const { blob } of plan.baselines)
			expect(await edge.store.head(`blobs/sha256/${blob}`)).not.toBeNull();

		const location = first.headers.get("location") ?? "";
		const waiting = edge.fetch(location, requestInit("GET", { headers: { prefer: "wait=20" } }));
		await publishKernel(edge.store, "alpha", job.tasks[0].key);
		expect(await (await waiting).json()).toMatchObject({ state: "succeeded", outcome: "improved" });
		const cached = await edge.fetch("/v1/optimizations", requestInit("POST", { json }));
		expect([cached.status, (await cached.json()).disposition]).toEqual([200, "cache_hit"]);
	});

	test("a presigned upload goes past the edge and becomes a model", async () => {
		const bytes = fixture("exported", "mirage_lora_s", "model.onnx");
		const json = { sha256: sha256Hex(bytes), size: bytes.length };
		const begun = await (await edge.fetch("/v1/uploads", requestInit("POST", { json }))).json();
		const put = await fetch(begun.put_url, { method: "PUT", headers: begun.headers, body: bytes });
		expect(put.status).toBe(200);
		const done = await edge.fetch(`/v1/uploads/${begun.upload}/complete`, requestInit("POST", {}));
		const { blob } = await done.json();
		const made = await edge.fetch("/v1/models", requestInit("POST", { json: { blob } }));
		expect(made.status).toBe(201);
	});

	test("hostile models are refused or understood; the isolate lives and does not grow with them", async () => {
		const files = readdirSync(join(fixturesDirectory, "hostile")).filter((name) => name.endsWith(".onnx"));
		const faults: unknown[] = [];
		const sendAll = async (): Promise<void> => {
			for (const name of files) {
				const bytes = fixture("hostile", name);
				const answer = await edge.fetch("/v1/models", requestInit("POST", { bytes }));
				await answer.arrayBuffer();
				if (answer.status >= 500) faults.push([name, answer.status]);
			}
		};
		await sendAll();
		const base = residentBytes();
		expect(base).toBeGreaterThan(0);
		for (let round = 0; round < 3; round++) await sendAll();
		expect(faults).toEqual([]);
		expect((await edge.fetch("/healthz")).status).toBe(200);
		expect(residentBytes() - base).toBeLessThan(hostileGrowthBytesMax);
	});

	test("faults are problem+json here too", async () => {
		const answer = await edge.fetch("/v1/targets");
		expect(answer.headers.get("content-type")).toBe("application/problem+json");
		expect(await answer.json()).toMatchObject({ code: "auth.missing" });
	});

	test("the reference page's script comes from the installed package", async () => {
		const script = await edge.fetch("/assets/scalar.js");
		expect(script.headers.get("content-type")).toContain("javascript");
		expect((await script.text()).length).toBeGreaterThan(1_000_000);
	});
});
