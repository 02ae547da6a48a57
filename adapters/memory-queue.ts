// A queue within this process with SQS's semantics: at least once, visibility time-outs, receive counts, dead letters.

import type { JobQueue, ReceivedMessage } from "#shared/pipeline/ports.ts";

interface Entry {
	readonly body: string;
	receiveCount: number;
	/** Milliseconds of `now`; hidden until then. */
	visibleAt: number;
	receipt: string | null;
}

export interface MemoryQueueOptions {
	/** Receives after which a message moves to the dead letters instead of being delivered again. */
	readonly receiveCountMax: number;
	/** Milliseconds that only go forward. */
	readonly now: () => number;
}

export interface MemoryQueue extends JobQueue {
	/** Bodies of messages given up, oldest first. */
	deadLetters(): readonly string[];
	/** Messages held, hidden ones included. */
	messageCount(): number;
	probe(): Promise<void>;
}

/** How often a waiting receive looks again for messages whose visibility time has run out. */
const pollMilliseconds = 20;

export function createMemoryQueue(options: Partial<MemoryQueueOptions> = {}): MemoryQueue {
	const receiveCountMax = options.receiveCountMax ?? 3;
	const now = options.now ?? (() => performance.now());
	const entries: Entry[] = [];
	const dead: string[] = [];
	let receipts = 0;

	const take = (visibilitySeconds: number): ReceivedMessage | null => {
		for (;;) {
			const index = entries.findIndex((entry) => entry.visibleAt <= now());
			const entry = entries[index];
			if (entry === undefined) return null;
			if (entry.receiveCount >= receiveCountMax) {
				entries.splice(index, 1);
				dead.push(entry.body);
				continue;
			}
			entry.receiveCount++;
			entry.visibleAt = now() + visibilitySeconds * 1000;
			entry.receipt = `receipt-${++receipts}`;
			return { body: entry.body, receipt: entry.receipt, receiveCount: entry.receiveCount };
		}
	};
	const held = (receipt: string): Entry | undefined =>
		entries.find((entry) => entry.receipt === receipt && entry.visibleAt > now());

	return {
		async send(body) {
			entries.push({ body, receiveCount: 0, visibleAt: now(), receipt: null });
		},
		async receive(waitSeconds, visibilitySeconds) {
			const until = now() + waitSeconds * 1000;
			for (;;) {
				const message = take(visibilitySeconds);
				if (message !== null || now() >= until) return message;
				await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
			}
		},
		async extend(receipt, visibilitySeconds) {
			const entry = held(receipt);
			if (entry === undefined) return "lost";
			entry.visibleAt = now() + visibilitySeconds * 1000;
			return "extended";
		},
		async acknowledge(receipt) {
			const index = entries.findIndex((entry) => entry.receipt === receipt);
			if (index >= 0) entries.splice(index, 1);
		},
		deadLetters: () => dead,
		messageCount: () => entries.length,
		async probe() {},
	};
}
