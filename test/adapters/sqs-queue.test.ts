import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSqsQueue } from "#adapters/sqs-queue.ts";
import { type LocalQueues, startLocalQueues } from "./local-backends.ts";
import { describeQueueContract } from "./queue.contract.ts";

let local: LocalQueues;
beforeAll(async () => {
	local = await startLocalQueues();
});
afterAll(() => local.stop());

describe.concurrent("the queue over SQS", () => {
	describeQueueContract(async () => {
		const { queue, deadLetters } = await local.create();
		const dead = createSqsQueue(deadLetters);
		return {
			queue: createSqsQueue(queue),
			deadLetters: async () => {
				const message = await dead.receive(3, 1);
				return message === null ? [] : [message.body];
			},
		};
	});
});

describe("SQS itself", () => {
	test("a probe of a queue that is not there fails with infra.queue", async () => {
		const { queue } = await local.create();
		await createSqsQueue(queue).probe();
		const missing = createSqsQueue({ ...queue, queueUrl: `${queue.queueUrl}-missing` });
		await expect(missing.probe()).rejects.toMatchObject({ code: "infra.queue" });
	});

	test("a body as large as a message may be arrives whole", async () => {
		const { queue } = await local.create();
		const body = JSON.stringify({ text: "é<>&\"'".repeat(200) });
		await createSqsQueue(queue).send(body);
		expect((await createSqsQueue(queue).receive(1, 1))?.body).toBe(body);
	});
});
