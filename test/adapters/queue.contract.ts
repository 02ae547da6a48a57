// What every JobQueue promises. Called for each implementation; `receiveCountMax` of the queue must be 2.

import { expect, test } from "vitest";
import type { JobQueue } from "#shared/pipeline/ports.ts";

export interface QueueUnderTest {
	readonly queue: JobQueue;
	/** Bodies that were given up, waiting up to a few seconds for one. */
	readonly deadLetters: () => Promise<readonly string[]>;
}

const sleep = (milliseconds: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));

/** `makeQueue` gives a new, empty queue. */
export function describeQueueContract(makeQueue: () => Promise<QueueUnderTest>): void {
	test("delivers a message, and once it is acknowledged never again", async () => {
		const { queue } = await makeQueue();
		await queue.send("hello");
		const message = await queue.receive(1, 1);
		expect(message).toMatchObject({ body: "hello", receiveCount: 1 });
		await queue.acknowledge(message?.receipt ?? "");
		expect(await queue.receive(2, 1)).toBeNull();
	});

	test("an empty queue answers null once the wait is over", async () => {
		const { queue } = await makeQueue();
		expect(await queue.receive(0, 1)).toBeNull();
	});

	test("a waiting receive gets a message sent meanwhile", async () => {
		const { queue } = await makeQueue();
		const waiting = queue.receive(5, 1);
		await sleep(100);
		await queue.send("late");
		expect((await waiting)?.body).toBe("late");
	});

	test("a message not acknowledged comes again with a higher count and another receipt", async () => {
		const { queue } = await makeQueue();
		await queue.send("again");
		const first = await queue.receive(1, 3);
		expect(await queue.receive(0, 1)).toBeNull();
		const second = await queue.receive(6, 1);
		expect(second).toMatchObject({ body: "again", receiveCount: 2 });
		expect(second?.receipt).not.toBe(first?.receipt);
	});

	test("extending keeps a message hidden", async () => {
		const { queue } = await makeQueue();
		await queue.send("long work");
		const message = await queue.receive(1, 3);
		expect(await queue.extend(message?.receipt ?? "", 30)).toBe("extended");
		await sleep(3300);
		expect(await queue.receive(0, 1)).toBeNull();
	});

	test("what has been acknowledged cannot be extended", async () => {
		const { queue } = await makeQueue();
		await queue.send("done");
		const message = await queue.receive(1, 5);
		await queue.acknowledge(message?.receipt ?? "");
		expect(await queue.extend(message?.receipt ?? "", 5)).toBe("lost");
	});

	test("a message received too often ends among the dead letters", async () => {
		const { queue, deadLetters } = await makeQueue();
		await queue.send("poison");
		for (const count of [1, 2]) expect((await queue.receive(4, 1))?.receiveCount).toBe(count);
		await sleep(1200);
		expect(await queue.receive(0, 1)).toBeNull();
		expect(await deadLetters()).toEqual(["poison"]);
	});
}
