import { describe, expect, test } from "vitest";
import type { SpeedVerdict } from "#shared/artefact/manifest.ts";
import type { Job, Task } from "#shared/protocol/job.ts";
import { concludeJob, failTask, jobDisposition, succeedTask } from "#shared/protocol/job-transition.ts";

const now = "2026-01-01T00:00:10.000Z";

const task = (change: Partial<Task> = {}): Task => ({
	islands: [0],
	program: "p",
	key: "k",
	plan: null,
	state: "running",
	disposition: "executed",
	fence: 1,
	attempts: [],
	phase: "measure",
	error: null,
	replaces: null,
	...change,
});

const job = (...tasks: readonly Task[]): Job => ({
	schema: "kiln.job/1",
	id: "job_1",
	model: "m",
	target: "cpu-x86-64-v3",
	threads: 1,
	effort: "standard",
	tolerance: "float32-1e-3",
	namespace: "alpha",
	state: "running",
	terminal: false,
	outcome: null,
	disposition: "executed",
	createdAt: "2026-01-01T00:00:00.000Z",
	updatedAt: "2026-01-01T00:00:00.000Z",
	deadline: "2026-01-01T01:00:00.000Z",
	enqueuedAt: null,
	tasks: [...tasks],
	version: 1,
});

const succeeded = task({ state: "succeeded" });
const failed = task({ state: "failed" });

describe("concludeJob", () => {
	test.each<[string, readonly Task[], readonly SpeedVerdict[], Job["state"], Job["outcome"]]>([
		["one kernel faster", [succeeded, succeeded], ["faster", "baseline"], "succeeded", "improved"],
		["none faster", [succeeded, succeeded], ["tie", "inconclusive"], "succeeded", "baseline"],
		["some failed", [succeeded, failed], ["faster"], "succeeded", "partial"],
		["all failed", [failed, failed], [], "failed", "failed"],
		["some open", [succeeded, task({ state: "queued" })], ["faster"], "running", null],
		["all queued", [task({ state: "queued" })], [], "queued", null],
	])("%s", (_, tasks, verdicts, state, outcome) => {
		const byIndex = new Map(verdicts.map((verdict, index) => [index, verdict]));
		const concluded = concludeJob(job(...tasks), byIndex, now);
		const terminal = outcome !== null;
		expect(concluded).toMatchObject({ state, outcome, terminal, version: 2, updatedAt: now });
	});

	test("an ended job stays as it ended", () => {
		const ended: Job = { ...job(failed), state: "expired", terminal: true, outcome: "failed" };
		expect(concludeJob(ended, new Map([[0, "faster"]]), now)).toBe(ended);
	});
});

describe("tasks", () => {
	const open = { attempt: 1, runner: "r", startedAt: now, endedAt: null, reason: null, phase: "measure" };

	test("an end closes open attempts, with the reason where there is no kernel", () => {
		const started = job(task({ attempts: [open] }));
		expect(succeedTask(started, 0, now).tasks[0]?.attempts[0]).toMatchObject({ endedAt: now, reason: null });
		const error = { code: "verify.mismatch", message: "wrong" };
		const lost = failTask(started, 0, error, now).tasks[0];
		expect(lost).toMatchObject({ state: "failed", error });
		expect(lost?.attempts[0]).toMatchObject({ endedAt: now, reason: "verify.mismatch" });
	});

	test("what has ended does not end again", () => {
		const ended = job(succeeded);
		expect(failTask(ended, 0, { code: "infra.poison", message: "" }, now)).toBe(ended);
	});
});

test.each([
	[["executed", "cache_hit"], "executed"],
	[["coalesced", "cache_hit"], "coalesced"],
	[["cache_hit", "cache_hit"], "cache_hit"],
	[[], "negative_hit"],
] as const)("tasks %j make a job %s", (dispositions, expected) => {
	expect(jobDisposition(dispositions.map((disposition) => ({ disposition })))).toBe(expected);
});
