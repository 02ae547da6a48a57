// A runner that dies, is doubled, is lied to or is let down: every job ends right all the same, and what was published
// is not measured or published again. Real processes over the local S3 and SQS.

import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";
import { generateSigningKey } from "#adapters/ed25519.ts";
import type { S3StoreOptions } from "#adapters/s3-store.ts";
import { createSdkStore } from "#runner/storage/s3-store.ts";
import { createSdkQueue } from "#runner/storage/sqs-queue.ts";
import {
	type LocalQueues,
	type LocalStore,
	startLocalQueues,
	startLocalStore,
} from "#test/adapters/local-backends.ts";
import { type PlacedJob, placeJob, smallPlan } from "./measure-job.ts";
import { inPhase, type RunnerPlace, type RunnerProcess, settled, startRunner } from "./runner-process.ts";
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
afterAll(async () => {
	await Promise.all([local.stop(), queues.stop()]);
	rmSync(workFolder, { recursive: true });
});

interface Scene {
	readonly job: PlacedJob;
	start(change?: { store?: S3StoreOptions; environment?: Record<string, string> }): RunnerProcess;
	send(body: string): Promise<void>;
	/** Whether nothing is left in the queue, hidden messages included, once their time-outs are over. */
	isQueueEmpty(): Promise<boolean>;
}

/** More than any test needs: what becomes of dead letters is the sweeper's business. */
const receivesMax = 20;

/** A job, a queue of its own, and runners that end with the test. */
async function setScene(context: TestContext, deadlineMilliseconds?: number): Promise<Scene> {
	const { queue: queueOptions } = await queues.create(receivesMax);
	const queue = createSdkQueue(queueOptions);
	const job = await placeJob(createSdkStore(local.options), queue, planned, deadlineMilliseconds);
	const runners: RunnerProcess[] = [];
	context.onTestFinished(async () => {
		await Promise.all(runners.map((runner) => runner.stop()));
	});
	return {
		job,
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
			runners.push(runner);
			return runner;
		},
		async isQueueEmpty() {
			return (await queue.receive(3, 1)) === null;
		},
	};
}

const measures = (runner: RunnerProcess): boolean => runner.events.some(inPhase("measure"));
const lost = "runner.lost";

describe.concurrent("a runner killed", () => {
	test.for([
		["claim", "plan"],
		["check", "confirm"],
		["publishBlobs", "publishManifest"],
	] as const)(
		"in phase %s, and the next in phase %s: a third ends the task",
		async ([first, second], context) => {
			const { job, start } = await setScene(context);
			await job.send();
			await start().killAt(inPhase(first));
			await start().killAt(inPhase(second));
			const third = start();
			const ended = await job.ended();
			expect(ended).toMatchObject({ state: "succeeded", terminal: true, tasks: [{ state: "succeeded" }] });
			const reasons = ended.tasks[0]?.attempts.map(({ reason }) => reason);
			// One killed before its claim was written down counts for nothing; one killed late may have published.
			expect([
				[lost, null],
				[lost, lost, null],
			]).toContainEqual(reasons);
			expect(await job.manifest()).not.toBeNull();
			await third.waitFor(settled);
		},
	);

	test("after publishing: nothing is measured or published again", async (context) => {
		const { job, start, isQueueEmpty } = await setScene(context);
		await job.send();
		await start().killAt(({ event }) => event === "published");
		const published = await job.manifest();
		expect(published).not.toBeNull();
		const second = start();
		expect((await job.ended()).state).toBe("succeeded");
		expect((await job.manifest())?.etag).toBe(published?.etag);
		expect(await second.stop()).toBe(0);
		expect(measures(second)).toBe(false);
		expect(await isQueueEmpty()).toBe(true);
	});

	test("three times over the same task: the task is given up", async (context) => {
		const { job, start } = await setScene(context);
		await job.send();
		for (let attempt = 0; attempt < 3; attempt++) await start().killAt(inPhase("search"));
		start();
		const ended = await job.ended();
		expect(ended).toMatchObject({ state: "failed", tasks: [{ error: { code: "infra.poison" } }] });
		expect(ended.tasks[0]?.attempts.slice(0, 3).map(({ reason }) => reason)).toEqual([lost, lost, lost]);
	});
});

describe.concurrent("messages", () => {
	test("the same one twice at once, with two runners, is measured and published once", async (context) => {
		const { job, start } = await setScene(context);
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

	test("poison is dropped and reported, and the next message is served by the same runner", async (context) => {
		const { job, start, send, isQueueEmpty } = await setScene(context);
		const { message } = job;
		const poison = [
			"not JSON",
			"{}",
			JSON.stringify({ ...message, plan: "../../etc/passwd" }),
			"x".repeat(5000),
		];
		for (const body of poison) await send(body);
		// Well formed, but its job has no such task: dropped without being called poison.
		await send(JSON.stringify({ ...message, task: 7 }));
		// For a key or a plan that the job does not name.
		await send(JSON.stringify({ ...message, key: "0".repeat(64) }));
		await send(JSON.stringify({ ...message, plan: `plans/${"0".repeat(64)}/cpu/quick.json` }));
		await job.send();
		const runner = start();
		expect((await job.ended()).state).toBe("succeeded");
		await runner.waitFor(inPhase("acknowledge"));
		expect(runner.events.filter(({ event }) => event === "poison")).toHaveLength(poison.length + 2);
		await runner.stop();
		expect(await isQueueEmpty()).toBe(true);
	});

	test("one whose deadline has passed ends its task without any work", async (context) => {
		const { job, start } = await setScene(context, -1000);
		await job.send();
		const runner = start();
		const ended = await job.ended();
		expect(ended).toMatchObject({
			state: "failed",
			tasks: [{ error: { code: "limit.deadline" }, attempts: [] }],
		});
		expect(measures(runner)).toBe(false);
	});
});

test("a runner told to stop hands back what it cannot finish, and the attempt is not held against the task", async (context) => {
	const { job, start } = await setScene(context);
	await job.send();
	const first = start({ environment: { KILN_DRAIN_SECONDS: "0", KILN_MEASURE_SHARE: "2" } });
	await first.waitFor(inPhase("contest"));
	expect(await first.stop()).toBe(0);
	const handedBack = { state: "queued", attempts: [{ reason: "runner.drained" }] };
	expect((await job.read()).tasks[0]).toMatchObject(handedBack);
	start();
	expect((await job.ended()).state).toBe("succeeded");
});

describe.concurrent("a store", () => {
	test("that answers 503, loses answers and stalls delays a job and does not spoil it", async (context) => {
		const { job, start } = await setScene(context);
		const faultOf = (request: number): StoreFault | null => {
			if (request % 13 === 0) return "stall";
			if (request % 5 === 0) return "answerLost";
			return request % 3 === 0 ? "unavailable" : null;
		};
		const proxy = await startStoreProxy(local.options, faultOf);
		context.onTestFinished(() => proxy.stop());
		await job.send();
		const runner = start({ store: proxy.options });
		expect((await job.ended()).state).toBe("succeeded");
		expect(await job.manifest()).not.toBeNull();
		expect(proxy.faultsCount()).toBeGreaterThan(5);
		await runner.waitFor(settled);
		expect(await runner.stop()).toBe(0);
	});

	test("that is away for a while leaves the task to a later attempt", async (context) => {
		const { job, start } = await setScene(context);
		let isAway = false;
		const proxy = await startStoreProxy(local.options, () => (isAway ? "unavailable" : null));
		context.onTestFinished(() => proxy.stop());
		await job.send();
		const runner = start({ store: proxy.options });
		await runner.waitFor(inPhase("check"));
		isAway = true;
		await runner.waitFor(({ event }) => event === "attemptFailed");
		isAway = false;
		expect((await job.ended()).state).toBe("succeeded");
	});
});
