import { describe, expect, test } from "vitest";
import { createMemoryQueue } from "#adapters/memory-queue.ts";
import { type MessageFate, type ReceiveLoopOptions, receiveLoop } from "#runner/queue/receive-loop.ts";
import type { JobQueue } from "#shared/pipeline/ports.ts";

const done: MessageFate = { kind: "done" };
const sleep = (milliseconds: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Runs the loop over a queue with what `handle` does; `handle` may stop it. */
async function runLoop(
	queue: JobQueue,
	handle: (body: string, signal: AbortSignal, stop: () => void) => Promise<MessageFate>,
	change: Partial<ReceiveLoopOptions> = {},
): Promise<string[]> {
	const faults: string[] = [];
	const stop = new AbortController();
	await receiveLoop({
		queue,
		waitSeconds: 0,
		visibilitySeconds: 0.15,
		drainSeconds: 0,
		stop: stop.signal,
		handle: (message, signal) => handle(message.body, signal, () => stop.abort()),
		onFault: (what) => faults.push(what),
		...change,
	});
	return faults;
}

describe("the receive loop", () => {
	test("takes one message after the other and acknowledges what is done", async () => {
		const queue = createMemoryQueue();
		for (const body of ["a", "b", "c"]) await queue.send(body);
		const seen: string[] = [];
		await runLoop(queue, async (body, _, stop) => {
			seen.push(body);
			if (seen.length === 3) stop();
			return done;
		});
		expect(seen).toEqual(["a", "b", "c"]);
		expect(queue.messageCount()).toBe(0);
	});

	test("keeps a message hidden for as long as the work on it lasts", async () => {
		const queue = createMemoryQueue();
		await queue.send("long");
		let deliveries = 0;
		await runLoop(queue, async (_body, signal, stop) => {
			deliveries++;
			await sleep(500);
			expect(await queue.receive(0, 1)).toBeNull();
			expect(signal.aborted).toBe(false);
			stop();
			return done;
		});
		expect(deliveries).toBe(1);
		expect(queue.messageCount()).toBe(0);
	});

	test("tells the work when the message is lost, and leaves it to whoever has it", async () => {
		const memory = createMemoryQueue();
		const queue: JobQueue = { ...memory, extend: async () => "lost" };
		await queue.send("lost");
		const reasons: unknown[] = [];
		await runLoop(queue, async (_body, signal, stop) => {
			await new Promise((resolve) => signal.addEventListener("abort", resolve));
			reasons.push(signal.reason);
			stop();
			return { kind: "retry", seconds: 1 };
		});
		expect(reasons).toEqual(["messageLost"]);
		expect(memory.messageCount()).toBe(1);
	});

	test("a heartbeat that fails twice in a row counts as a lost message", async () => {
		const memory = createMemoryQueue();
		const queue: JobQueue = { ...memory, extend: () => Promise.reject(new Error("away")) };
		await queue.send("x");
		const faults = await runLoop(queue, async (_body, signal, stop) => {
			await new Promise((resolve) => signal.addEventListener("abort", resolve));
			stop();
			return { kind: "leave" };
		});
		expect(faults).toEqual(["heartbeat", "heartbeat"]);
	});

	test("a stop cuts work short once the drain time is over, and a retry comes again", async () => {
		const queue = createMemoryQueue();
		await queue.send("x");
		const reasons: unknown[] = [];
		await runLoop(
			queue,
			async (_body, signal, stop) => {
				stop();
				await new Promise((resolve) => signal.addEventListener("abort", resolve));
				reasons.push(signal.reason);
				return { kind: "retry", seconds: 1 };
			},
			{ drainSeconds: 0.05 },
		);
		expect(reasons).toEqual(["drained"]);
		expect((await queue.receive(3, 1))?.receiveCount).toBe(2);
	});

	test("outlives a queue that is away", async () => {
		const memory = createMemoryQueue();
		await memory.send("x");
		let calls = 0;
		const queue: JobQueue = {
			...memory,
			receive: (...parameters) =>
				++calls === 1 ? Promise.reject(new Error("away")) : memory.receive(...parameters),
		};
		const faults = await runLoop(queue, async (_body, _signal, stop) => {
			stop();
			return done;
		});
		expect(faults).toEqual(["queue"]);
		expect(memory.messageCount()).toBe(0);
	});
});
