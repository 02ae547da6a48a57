import { describe, expect, test } from "vitest";
import { sweepJobs } from "#functions/jobs/sweep.ts";
import { openJobPrefix } from "#shared/artefact/store-keys.ts";
import type { Job } from "#shared/protocol/job.ts";
import { changeJob, drainQueue, postModel, postOptimization } from "./support/edge-requests.ts";
import { publishKernel } from "./support/published-kernel.ts";
import { createTestEdge, startMilliseconds, type TestEdge } from "./support/test-edge.ts";

const queuedJob = async () => {
	const edge = await createTestEdge();
	const model = await postModel(edge, 1);
	const { job } = await postOptimization(edge, { model: model.id });
	return { edge, model, job };
};

const stateOf = async (edge: TestEdge, id: string): Promise<Job> =>
	(await edge.call("GET", `/v1/optimizations/${id}`)).json();

/** `count` attempts that began at the clock's start and never ended. */
const lostAttempts = (count: number): Job["tasks"][number]["attempts"] =>
	Array.from({ length: count }, (_, index) => ({
		attempt: index + 1,
		runner: "runner-1",
		startedAt: new Date(startMilliseconds).toISOString(),
		endedAt: null,
		reason: null,
		phase: "measure",
	}));

const runTask = (attempts: Job["tasks"][number]["attempts"]) => (job: Job) => ({
	...job,
	state: "running" as const,
	tasks: job.tasks.map((task) => ({ ...task, state: "running" as const, attempts })),
});

describe("sweepJobs", () => {
	test("sends a lost message again once the job has been queued too long, and not before", async () => {
		const { edge, job } = await queuedJob();
		await drainQueue(edge);
		edge.advanceSeconds(59);
		expect(await sweepJobs(edge.services)).toMatchObject({ jobs: 1, sent: 0 });
		edge.advanceSeconds(2);
		expect(await sweepJobs(edge.services)).toMatchObject({ sent: 1 });
		expect(await drainQueue(edge)).toMatchObject([{ jobId: job.id, task: 0 }]);
	});

	test("waits twice as long after every message, so that a long queue fills with few copies", async () => {
		const { edge } = await queuedJob();
		let sent = 0;
		for (let minute = 0; minute < 50; minute++) {
			edge.advanceSeconds(60);
			sent += (await sweepJobs(edge.services)).sent;
		}
		expect(sent).toBe(6);
	});

	test("a job whose request died between state and message is sent", async () => {
		const { edge, job } = await queuedJob();
		await drainQueue(edge);
		await changeJob(edge, job.id, (current) => ({ ...current, enqueuedAt: null }));
		edge.advanceSeconds(61);
		await sweepJobs(edge.services);
		expect(await drainQueue(edge)).toHaveLength(1);
	});

	test("leaves a running task alone while it reports, and sends it again when it has fallen silent", async () => {
		const { edge, job } = await queuedJob();
		await drainQueue(edge);
		await changeJob(edge, job.id, runTask(lostAttempts(1)));
		edge.advanceSeconds(170);
		expect(await sweepJobs(edge.services)).toMatchObject({ sent: 0 });
		edge.advanceSeconds(11);
		expect(await sweepJobs(edge.services)).toMatchObject({ sent: 1 });
		expect(await drainQueue(edge)).toMatchObject([{ attempt: 2 }]);
	});

	test("gives up a task that was tried three times and never ended", async () => {
		const { edge, job } = await queuedJob();
		await changeJob(edge, job.id, runTask(lostAttempts(3)));
		edge.advanceSeconds(181);
		expect(await sweepJobs(edge.services)).toMatchObject({ ended: 1, sent: 0 });
		const ended = await stateOf(edge, job.id);
		expect(ended).toMatchObject({ state: "failed", outcome: "failed", terminal: true });
		expect(ended.tasks[0]).toMatchObject({ error: { code: "infra.poison" } });
		expect(ended.tasks[0]?.attempts.every((attempt) => attempt.reason === "infra.poison")).toBe(true);
	});

	test("attempts that were handed back do not count, and their message is given its time", async () => {
		const { edge, job } = await queuedJob();
		await drainQueue(edge);
		edge.advanceSeconds(300);
		const endedAt = new Date(startMilliseconds + 300_000).toISOString();
		const drained = lostAttempts(4).map((entry) => ({ ...entry, endedAt, reason: "runner.drained" }));
		await changeJob(edge, job.id, (current) => ({
			...current,
			tasks: current.tasks.map((task) => ({ ...task, attempts: drained })),
		}));
		expect(await sweepJobs(edge.services)).toMatchObject({ ended: 0, sent: 0 });
		edge.advanceSeconds(301);
		expect(await sweepJobs(edge.services)).toMatchObject({ ended: 0, sent: 1 });
	});

	test("ends a job whose kernel was published by a runner that died before saying so", async () => {
		const { edge, job } = await queuedJob();
		await publishKernel(edge.services.store, "alpha", job.tasks[0]?.key ?? "");
		expect(await sweepJobs(edge.services)).toMatchObject({ ended: 1 });
		expect(await edge.services.store.list(openJobPrefix, 10)).toEqual([]);
		expect(await stateOf(edge, job.id)).toMatchObject({ state: "succeeded", outcome: "improved" });
	});

	test("expires what nobody began by the deadline", async () => {
		const { edge, job } = await queuedJob();
		edge.advanceSeconds(3601);
		expect(await sweepJobs(edge.services)).toMatchObject({ ended: 1 });
		expect(await stateOf(edge, job.id)).toMatchObject({
			state: "expired",
			outcome: "failed",
			tasks: [{ error: { code: "limit.deadline" } }],
		});
		expect(await sweepJobs(edge.services)).toMatchObject({ jobs: 0 });
	});

	test("leaves a task that a runner reports from to it, even past the deadline", async () => {
		const { edge, job } = await queuedJob();
		edge.advanceSeconds(3500);
		const reported = new Date(startMilliseconds + 3_500_000).toISOString();
		await changeJob(edge, job.id, (current) => ({
			...runTask(lostAttempts(1))(current),
			updatedAt: reported,
		}));
		edge.advanceSeconds(150);
		expect(await sweepJobs(edge.services)).toMatchObject({ ended: 0 });
		edge.advanceSeconds(60);
		expect(await sweepJobs(edge.services)).toMatchObject({ ended: 1 });
	});

	test("after the leader expired one follower leads", async () => {
		const { edge, model, job } = await queuedJob();
		await drainQueue(edge);
		edge.advanceSeconds(3000);
		const followers = [];
		for (const _ of [1, 2]) followers.push((await postOptimization(edge, { model: model.id })).job);
		expect(followers.map((follower) => follower.disposition)).toEqual(["coalesced", "coalesced"]);
		edge.advanceSeconds(700);
		await sweepJobs(edge.services);
		expect(await stateOf(edge, job.id)).toMatchObject({ state: "expired" });
		const [message, ...others] = await drainQueue(edge);
		expect(others).toEqual([]);
		expect(followers.map((follower) => follower.id)).toContain(message?.jobId);
		await publishKernel(edge.services.store, "alpha", job.tasks[0]?.key ?? "");
		await sweepJobs(edge.services);
		for (const { id } of followers) expect(await stateOf(edge, id)).toMatchObject({ state: "succeeded" });
	});

	test("a leader's deadline is not its followers'", async () => {
		const { edge, model, job } = await queuedJob();
		edge.advanceSeconds(3000);
		const { job: follower } = await postOptimization(edge, { model: model.id });
		// As a runner ends a task that it took up too late.
		await changeJob(edge, job.id, (current) => ({
			...current,
			state: "failed",
			terminal: true,
			outcome: "failed",
			tasks: current.tasks.map((task) => ({
				...task,
				state: "failed",
				error: { code: "limit.deadline", message: "" },
			})),
		}));
		expect(await stateOf(edge, follower.id)).toMatchObject({ terminal: false });
	});

	test("two sweeps at once bring every job to the same end", async () => {
		const { edge, model } = await queuedJob();
		for (const threads of [2, 3, 4]) await postOptimization(edge, { model: model.id, threads });
		edge.advanceSeconds(3601);
		await Promise.all([sweepJobs(edge.services), sweepJobs(edge.services)]);
		expect(await edge.services.store.list(openJobPrefix, 10)).toEqual([]);
	});

	test("one job that cannot be read does not keep the others from being swept", async () => {
		const { edge } = await queuedJob();
		const bad = `${openJobPrefix}job_00000000000000000000000000`;
		await edge.services.store.put(bad, new Uint8Array(), { kind: "always" });
		const text = new TextEncoder().encode("{");
		await edge.services.store.put("jobs/job_00000000000000000000000000.json", text, { kind: "always" });
		edge.advanceSeconds(61);
		expect(await sweepJobs(edge.services)).toMatchObject({ jobs: 2, sent: 1, failures: 1 });
	});

	test("a mark whose job was never written goes away in time", async () => {
		const { edge, job } = await queuedJob();
		await edge.services.store.remove(`jobs/${job.id}.json`);
		await sweepJobs(edge.services);
		expect(await edge.services.store.list(openJobPrefix, 10)).toHaveLength(1);
		edge.advanceSeconds(601);
		await sweepJobs(edge.services);
		expect(await edge.services.store.list(openJobPrefix, 10)).toEqual([]);
	});
});
