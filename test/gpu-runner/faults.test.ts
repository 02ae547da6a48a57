// A runner that dies, is doubled, is lied to or is let down: every job ends right all the same, and what was published
// is not measured or published again. Real processes over the local S3 and SQS.

import { rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { generateSigningKey } from "#adapters/ed25519.ts";
import type { S3StoreOptions } from "#adapters/s3-store.ts";
import type { SqsQueueOptions } from "#adapters/sqs-queue.ts";
import { createSdkStore } from "#runner/storage/s3-store.ts";
import { createSdkQueue } from "#runner/storage/sqs-queue.ts";
import {
	type LocalQueues,
	type LocalStore,
	startLocalQueues,
	startLocalStore,
} from "#test/adapters/local-backends.ts";
import { type PlacedJob, placeJob, smallPlan } from "./measure-job.ts";
import { inPhase, type RunnerPlace, type RunnerProcess, startRunner } from "./runner-process.ts";
import { type StoreFault, startStoreProxy } from "./store-proxy.ts";
import { findToolchain, type Toolchain } from "./toolchain-fixture.ts";

let toolchain: Toolchain;
let local: LocalStore;
let queues: LocalQueues;
let planned: ReturnType<typeof smallPlan>;
let signingKey: Awaited<ReturnType<typeof generateSigningKey>>;
let workFolder: string;
beforeAll(async () => {
	[toolchain, local, queues, signingKey] = await Promise.all([
		findToolchain(),
		startLocalStore(),
		startLocalQueues(),
		generateSigningKey(),
	]);
	workFolder = toolchain.folder();
	planned = smallPlan(toolchain.target.id);
});
const running: RunnerProcess[] = [];
afterEach(async () => {
	await Promise.all(running.splice(0).map((runner) => runner.stop()));
});
afterAll(async () => {
	await Promise.all([local.stop(), queues.stop()]);
	rmSync(workFolder, { recursive: true });
});

interface Scene {
	readonly job: PlacedJob;
	readonly queueOptions: SqsQueueOptions;
	start(change?: { store?: S3StoreOptions; environment?: Record<string, string> }): RunnerProcess;
	send(body: string): Promise<void>;
	/** Whether nothing is left in the queue, hidden messages included, once their time-outs are over. */
	isQueueEmpty(): Promise<boolean>;
}

async function setScene(deadlineMilliseconds?: number): Promise<Scene> {
	const { queue: queueOptions } = await queues.create();
	const queue = createSdkQueue(queueOptions);
	const job = await placeJob(createSdkStore(local.options), queue, planned, deadlineMilliseconds);
	return {
		job,
		queueOptions,
		send: (body) => queue.send(body),
		start({ store = local.options, environment } = {}) {
			const place: RunnerPlace = {
				store,
				queue: queueOptions,
				signingKey,
				workFolder,
				...(environment && { environment }),
			};
			const runner = startRunner(place);
			running.push(runner);
			return runner;
		},
		async isQueueEmpty() {
			return (await queue.receive(2, 1)) === null;
		},
	};
}

const measures = (runner: RunnerProcess): boolean => runner.events.some(inPhase("measure"));

describe.concurrent("a runner killed", () => {
	test.each(["claim", "plan", "check", "confirm", "publishBlobs", "publishManifest"])(
		"in phase %s: another takes the task over and ends it",
		async (phase) => {
			const { job, start } = await setScene();
			await job.send();
			await start().killAt(inPhase(phase));
			const second = start();
			const ended = await job.ended();
			expect(ended).toMatchObject({ state: "succeeded", terminal: true });
			expect(ended.tasks[0]?.state).toBe("succeeded");
			const reasons = ended.tasks[0]?.attempts.map(({ reason }) => reason);
			// Killed before its claim was written down, the first attempt counts for nothing.
			expect(phase === "claim" ? [["runner.lost", null], [null]] : [["runner.lost", null]]).toContainEqual(
				reasons,
			);
			expect(await job.manifest()).not.toBeNull();
			await second.waitFor(inPhase("acknowledge"));
		},
	);

	test.each(["finish", "acknowledge"])(
		"in phase %s: nothing is measured or published again",
		async (phase) => {
			const { job, start, isQueueEmpty } = await setScene();
			await job.send();
			await start().killAt(inPhase(phase));
			const published = await job.manifest();
			const second = start();
			expect((await job.ended()).state).toBe("succeeded");
			expect((await job.manifest())?.etag).toBe(published?.etag);
			expect(await second.stop()).toBe(0);
			expect(measures(second)).toBe(false);
			expect(await isQueueEmpty()).toBe(true);
		},
	);
});

describe.concurrent("messages", () => {
	test("the same one twice at once, with two runners, is measured and published once", async () => {
		const { job, start } = await setScene();
		const runners = [start(), start()];
		await Promise.all(runners.map((runner) => runner.waitFor(({ event }) => event === "ready")));
		await Promise.all([job.send(), job.send()]);
		const ended = await job.ended();
		const published = await job.manifest();
		await Promise.all(runners.map((runner) => runner.stop()));
		expect(ended.tasks[0]?.attempts).toHaveLength(1);
		expect(runners.filter(measures)).toHaveLength(1);
		expect((await job.manifest())?.etag).toBe(published?.etag);
	});

	test("poison is acknowledged and reported, and the next message is served by the same runner", async () => {
		const { job, start, send, isQueueEmpty } = await setScene();
		const poison = [
			"not JSON",
			"{}",
			JSON.stringify({ ...job.message, plan: "../../etc/passwd" }),
			JSON.stringify({ ...job.message, task: 7 }),
			"x".repeat(5000),
		];
		for (const body of poison) await send(body);
		await job.send();
		const runner = start();
		expect((await job.ended()).state).toBe("succeeded");
		await runner.waitFor(inPhase("acknowledge"));
		// An index that the job does not have is well formed: it is dropped without being called poison.
		expect(runner.events.filter(({ event }) => event === "poison")).toHaveLength(poison.length - 1);
		await runner.stop();
		expect(await isQueueEmpty()).toBe(true);
	});

	test("one whose deadline has passed ends its task without any work", async () => {
		const { job, start } = await setScene(-1000);
		await job.send();
		const runner = start();
		const ended = await job.ended();
		expect(ended).toMatchObject({
			state: "failed",
			tasks: [{ error: { code: "limit.deadline" }, attempts: [] }],
		});
		expect(measures(runner)).toBe(false);
	});

	test("one that no runner ever brought to an end is given up after three attempts", async () => {
		const { job, start } = await setScene();
		for (let attempt = 0; attempt < 3; attempt++) {
			await job.send();
			await start().killAt(inPhase("plan"));
		}
		await job.send();
		start();
		const ended = await job.ended();
		expect(ended).toMatchObject({ state: "failed", tasks: [{ error: { code: "infra.poison" } }] });
		expect(ended.tasks[0]?.attempts.slice(0, 3).map(({ reason }) => reason)).toEqual(
			Array(3).fill("runner.lost"),
		);
	});
});

describe.concurrent("a runner told to stop", () => {
	test("hands back what it cannot finish, and the attempt is not held against the task", async () => {
		const { job, start } = await setScene();
		await job.send();
		const first = start({ environment: { KILN_DRAIN_SECONDS: "0", KILN_MEASURE_SHARE: "2" } });
		await first.waitFor(inPhase("contest"));
		expect(await first.stop()).toBe(0);
		expect((await job.read()).tasks[0]).toMatchObject({
			state: "queued",
			attempts: [{ reason: "runner.drained" }],
		});
		start();
		expect((await job.ended()).state).toBe("succeeded");
	});
});

describe.concurrent("a store", () => {
	const faults: readonly [string, StoreFault, number][] = [
		["that answers 503 to every third request", "unavailable", 3],
		["that stores and then loses the answer of every third write", "answerLost", 3],
		["that stalls on every seventh request", "stall", 7],
	];
	test.each(faults)("%s delays a job and does not spoil it", async (_, fault, every) => {
		const { job, start } = await setScene();
		const proxy = await startStoreProxy(local.options, (index) => (index % every === 0 ? fault : null));
		try {
			await job.send();
			const runner = start({ store: proxy.options });
			const ended = await job.ended();
			expect(ended.state).toBe("succeeded");
			expect(await job.manifest()).not.toBeNull();
			expect(proxy.faultsCount()).toBeGreaterThan(0);
			await runner.waitFor(inPhase("acknowledge"));
			expect(await runner.stop()).toBe(0);
		} finally {
			await proxy.stop();
		}
	});

	test("that is away for a while leaves the task to a later attempt", async () => {
		const { job, start } = await setScene();
		let isAway = false;
		const proxy = await startStoreProxy(local.options, () => (isAway ? "unavailable" : null));
		try {
			await job.send();
			const runner = start({ store: proxy.options });
			await runner.waitFor(inPhase("check"));
			isAway = true;
			await runner.waitFor(({ event }) => event === "fault" || event === "attemptFailed");
			isAway = false;
			expect((await job.ended()).state).toBe("succeeded");
		} finally {
			await proxy.stop();
		}
	});
});
