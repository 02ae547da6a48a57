import { describe, expect, test } from "vitest";
import { createMemoryStore } from "#adapters/memory-store.ts";
import { acquireLease } from "#runner/jobs/lease.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";

const request = (runner: string, change: object = {}) => ({
	jobId: "job_1",
	task: 0,
	runner,
	fenceMin: 0,
	beatMilliseconds: 150,
	signal: new AbortController().signal,
	...change,
});

/** Beats as a living holder does, until stopped. */
function keepAlive(lease: { beat(): Promise<unknown> }): () => void {
	const timer = setInterval(() => void lease.beat(), 5);
	return () => clearInterval(timer);
}

describe("a lease", () => {
	test("is one runner's while it beats", async () => {
		const store = createMemoryStore();
		const lease = await acquireLease(store, request("a"));
		if (lease === null) throw new Error("a free lease is given");
		const stop = keepAlive(lease);
		expect(await acquireLease(store, request("b"))).toBeNull();
		stop();
		expect(await lease.beat()).toBe("held");
	});

	test("of ten runners at once exactly one has it", async () => {
		const store = createMemoryStore();
		const names = Array.from({ length: 10 }, (_, index) => `runner-${index}`);
		const leases = await Promise.all(
			names.map((name) => acquireLease(store, request(name, { beatMilliseconds: 500 }))),
		);
		expect(leases.filter((lease) => lease !== null)).toHaveLength(1);
	});

	test("of a silent holder passes on under a higher fence, and the old holder learns of it", async () => {
		const store = createMemoryStore();
		const old = await acquireLease(store, request("a"));
		const next = await acquireLease(store, request("b"));
		expect(next?.fence).toBeGreaterThan(old?.fence ?? 0);
		expect(await old?.beat()).toBe("lost");
		await old?.release();
		expect(await next?.beat()).toBe("held");
	});

	test("that was released is free at once, above the fence of the last attempt", async () => {
		const store = createMemoryStore();
		await (await acquireLease(store, request("a")))?.release();
		const next = await acquireLease(store, request("b", { fenceMin: 7, beatMilliseconds: 60_000 }));
		expect(next?.fence).toBe(8);
	});

	test("a beat that takes long is not taken for a rival by the next", async () => {
		const memory = createMemoryStore();
		const slow: ArtefactStore = {
			...memory,
			put: async (...parameters) => {
				await new Promise((resolve) => setTimeout(resolve, 20));
				return memory.put(...parameters);
			},
		};
		const lease = await acquireLease(slow, request("a"));
		expect(await Promise.all([lease?.beat(), lease?.beat(), lease?.beat()])).toEqual([
			"held",
			"held",
			"held",
		]);
		expect(await lease?.beat()).toBe("held");
	});
});
