import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSdkStore } from "#runner/storage/s3-store.ts";
import { createSdkQueue } from "#runner/storage/sqs-queue.ts";
import { stall, startFaultingServer, status, truncated } from "#test/adapters/faulting-server.ts";
import {
	type LocalQueues,
	type LocalStore,
	startLocalQueues,
	startLocalStore,
} from "#test/adapters/local-backends.ts";
import { describeQueueContract } from "#test/adapters/queue.contract.ts";
import { describeStoreContract } from "#test/adapters/store.contract.ts";

let store: LocalStore;
let queues: LocalQueues;
beforeAll(async () => {
	[store, queues] = await Promise.all([startLocalStore(), startLocalQueues()]);
});
afterAll(async () => {
	await Promise.all([store.stop(), queues.stop()]);
});

describe("the runner's store over S3", () => {
	describeStoreContract(() => createSdkStore(store.options));

	test("a wrong secret is refused at once and named", async () => {
		const refused = createSdkStore({ ...store.options, secretAccessKey: "wrong" });
		await expect(refused.get("a")).rejects.toMatchObject({ code: "infra.storage", details: { status: 403 } });
	});
});

describe.concurrent("the runner's queue over SQS", () => {
	describeQueueContract(async () => {
		const { queue, deadLetters } = await queues.create();
		const dead = createSdkQueue(deadLetters);
		return {
			queue: createSdkQueue(queue),
			deadLetters: async () => {
				const message = await dead.receive(3, 1);
				return message === null ? [] : [message.body];
			},
		};
	});
});

describe("a store that fails", () => {
	/** Short where an answer never comes, long where a slow machine must not look like one. */
	const retryAfter = (tryMillisecondsMax: number) => ({
		triesMax: 3,
		tryMillisecondsMax,
		pauseMilliseconds: 1,
	});
	const retry = retryAfter(10_000);
	const fine = status(200, "body", { etag: '"1"' });

	test.each([
		["503 SlowDown", status(503, "<Error><Code>SlowDown</Code></Error>")],
		["500", status(500)],
		["409 another conditional write", status(409, "<Error><Code>ConditionalRequestConflict</Code></Error>")],
		["no answer", stall],
		["a body cut off", truncated],
	])("is asked again after %s", async (_, fault) => {
		const server = await startFaultingServer([fault, fine]);
		try {
			const patience = fault === stall ? retryAfter(1000) : retry;
			const client = createSdkStore({ ...store.options, endpoint: server.url, retry: patience });
			expect((await client.get("a"))?.etag).toBe('"1"');
			expect(server.seen).toHaveLength(2);
		} finally {
			await server.stop();
		}
	});

	test("is given up after a bounded number of tries, with the code for it", async () => {
		const server = await startFaultingServer([status(503)]);
		try {
			const client = createSdkStore({ ...store.options, endpoint: server.url, retry });
			await expect(client.put("a", new Uint8Array(1), { kind: "absent" })).rejects.toMatchObject({
				code: "infra.storage",
			});
			expect(server.seen).toHaveLength(retry.triesMax);
		} finally {
			await server.stop();
		}
	});
});
