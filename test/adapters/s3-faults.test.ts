// What the store does when the network and the service misbehave: bounded tries, no lost write, no wrong answer.

import { createHash } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { createS3Store } from "#adapters/s3-store.ts";
import { createSqsQueue } from "#adapters/sqs-queue.ts";
import {
	type Answer,
	type FaultingServer,
	stall,
	startFaultingServer,
	status,
	truncated,
} from "./faulting-server.ts";

/** Short where an answer never comes, long where a slow machine must not look like one. */
const retryAfter = (tryMillisecondsMax: number) => ({
	triesMax: 3,
	tryMillisecondsMax,
	pauseMilliseconds: 1,
	jitter: () => 0.5,
});
const retry = retryAfter(10_000);
const place = { bucket: "bucket", region: "r", accessKeyId: "a", secretAccessKey: "s", retry };
const found = status(200, "bytes", { etag: '"1"' });

let server: FaultingServer | undefined;
afterEach(() => server?.stop());

async function storeAnswering(...answers: readonly Answer[]) {
	server = await startFaultingServer(answers);
	const patience = answers.includes(stall) ? retryAfter(700) : retry;
	return { store: createS3Store({ ...place, endpoint: server.url, retry: patience }), seen: server.seen };
}

describe("reads", () => {
	test.each<[string, Answer]>([
		["503 SlowDown", status(503)],
		["500", status(500)],
		["429", status(429)],
		["no answer in time", stall],
		["a body cut off", truncated],
	])("try again after %s", async (_, fault) => {
		const { store, seen } = await storeAnswering(fault, fault, found);
		expect(new TextDecoder().decode((await store.get("k"))?.bytes)).toBe("bytes");
		expect(seen).toHaveLength(3);
	});

	test.each<[string, Answer]>([
		["503", status(503)],
		["stalls", stall],
	])("give up with infra.storage when it is %s every time", async (_, fault) => {
		const { store, seen } = await storeAnswering(fault);
		await expect(store.get("k")).rejects.toMatchObject({ code: "infra.storage" });
		expect(seen).toHaveLength(retry.triesMax);
	});

	test("do not try again what was refused for good", async () => {
		const { store, seen } = await storeAnswering(status(403, "<Error/>"));
		await expect(store.get("k")).rejects.toMatchObject({ code: "infra.storage", details: { status: 403 } });
		expect(seen).toHaveLength(1);
	});
});

describe("conditional writes", () => {
	const bytes = new TextEncoder().encode("mine");
	const matches = { kind: "matches", etag: '"0"' } as const;
	const absent = { kind: "absent" } as const;

	test("409 (another write is under way) is tried again", async () => {
		const { store, seen } = await storeAnswering(status(409), status(200, "", { etag: '"2"' }));
		expect(await store.put("k", bytes, absent)).toEqual({ kind: "stored", etag: '"2"' });
		expect(seen).toHaveLength(2);
	});

	test("the digest of the bytes is part of what is signed, so that others cannot be put in their place", async () => {
		const { store } = await storeAnswering(status(200, "", { etag: '"1"' }));
		await store.put("k", bytes, absent);
		const headers = server?.lastHeaders() ?? {};
		const digest = createHash("sha256").update(bytes).digest("hex");
		expect(headers["x-amz-content-sha256"]).toBe(digest);
		expect(headers.authorization).toContain("x-amz-content-sha256");
		expect(headers.authorization).toContain("if-none-match");
	});

	test.each([412, 404])("%i to If-Match means changed", async (code) => {
		const { store } = await storeAnswering(status(code));
		expect(await store.put("k", bytes, matches)).toEqual({ kind: "changed" });
	});

	test("412 to If-None-Match means exists", async () => {
		const { store } = await storeAnswering(status(412));
		expect(await store.put("k", bytes, absent)).toEqual({ kind: "exists" });
	});

	test("a write whose answer was lost is recognised as ours on the next try", async () => {
		const mine = status(200, "mine", { etag: '"3"' });
		const { store, seen } = await storeAnswering(stall, status(412), mine);
		expect(await store.put("k", bytes, absent)).toEqual({ kind: "stored", etag: '"3"' });
		expect(seen).toEqual(["PUT /bucket/k", "PUT /bucket/k", "GET /bucket/k"]);
	});

	test("another's write is not taken for ours after a fault", async () => {
		const theirs = status(200, "theirs", { etag: '"3"' });
		const { store } = await storeAnswering(status(503), status(412), theirs);
		expect(await store.put("k", bytes, absent)).toEqual({ kind: "exists" });
	});
});

describe("the queue", () => {
	test("tries a send again after a fault, and gives up with infra.queue", async () => {
		const queueUrl = "http://queue.test/1/q";
		server = await startFaultingServer([status(503), status(200, "{}")]);
		await createSqsQueue({ ...place, endpoint: server.url, queueUrl }).send("x");
		expect(server.seen).toHaveLength(2);
		await server.stop();
		server = await startFaultingServer([status(500)]);
		const queue = createSqsQueue({ ...place, endpoint: server.url, queueUrl });
		await expect(queue.send("x")).rejects.toMatchObject({ code: "infra.queue" });
		expect(server.seen).toHaveLength(retry.triesMax);
	});
});
