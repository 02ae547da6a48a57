import { describe } from "vitest";
import { createMemoryQueue } from "#adapters/memory-queue.ts";
import { createMemoryStore } from "#adapters/memory-store.ts";
import { describeQueueContract } from "./queue.contract.ts";
import { describeStoreContract } from "./store.contract.ts";

describe("the store in memory", () => {
	const store = createMemoryStore();
	describeStoreContract(() => store);
});

describe.concurrent("the queue in memory", () => {
	describeQueueContract(async () => {
		const queue = createMemoryQueue({ receiveCountMax: 2 });
		return { queue, deadLetters: async () => queue.deadLetters() };
	});
});
