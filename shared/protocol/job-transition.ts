// How a job moves. Pure: the edge and the runners apply these to what they read and write the result by compare-and-swap.

import type { SpeedVerdict } from "#shared/artefact/manifest.ts";
import { type Job, type JobState, type Task, terminalJobStates } from "./job.ts";

type TaskDisposition = Task["disposition"];

/** Attempts after which a task that never came to an end is given up as poison. */
export const taskAttemptsMax = 3;

/** Why an attempt of a runner that was told to stop ended: it is not held against the task. */
export const drainedReason = "runner.drained";

/** Attempts that count towards `taskAttemptsMax`. */
export const chargedAttempts = (task: Task): number =>
	task.attempts.filter(({ reason }) => reason !== drainedReason).length;

export const isTaskDone = (task: Task): boolean => task.state === "succeeded" || task.state === "failed";

/** One task replaced; the job's own state follows from its tasks (`concludeJob`). */
export function withTask(job: Job, index: number, change: Partial<Task>): Job {
	return { ...job, tasks: job.tasks.map((task, at) => (at === index ? { ...task, ...change } : task)) };
}

/** Ends a task with the kernel that lies in the cache. Open attempts are closed. */
export function succeedTask(job: Job, index: number, nowIso: string): Job {
	const task = job.tasks[index];
	if (task === undefined || isTaskDone(task)) return job;
	const attempts = closeAttempts(task, nowIso, null);
	return withTask(job, index, { state: "succeeded", phase: "done", error: null, attempts });
}

/** Ends a task without a kernel. */
export function failTask(
	job: Job,
	index: number,
	error: { readonly code: string; readonly message: string },
	nowIso: string,
): Job {
	const task = job.tasks[index];
	if (task === undefined || isTaskDone(task)) return job;
	const attempts = closeAttempts(task, nowIso, error.code);
	return withTask(job, index, { state: "failed", phase: "done", error, attempts });
}

function closeAttempts(task: Task, nowIso: string, reason: string | null): Task["attempts"] {
	return task.attempts.map((attempt) =>
		attempt.endedAt === null ? { ...attempt, endedAt: nowIso, reason } : attempt,
	);
}

/**
 * The job with state, outcome and disposition that follow from its tasks, and the next version. `verdicts`: by task index,
 * of those that succeeded (unknown ones count as no improvement). A terminal job stays as it is.
 */
export function concludeJob(job: Job, verdicts: ReadonlyMap<number, SpeedVerdict>, nowIso: string): Job {
	if (job.terminal) return job;
	const next = {
		...job,
		updatedAt: nowIso,
		version: job.version + 1,
		disposition: jobDisposition(job.tasks),
	};
	if (!job.tasks.every(isTaskDone)) {
		const isRunning = job.tasks.some((task) => task.state === "running" || isTaskDone(task));
		return { ...next, state: isRunning ? "running" : "queued" };
	}
	const failures = job.tasks.filter((task) => task.state === "failed").length;
	const state = failures > 0 && failures === job.tasks.length ? "failed" : "succeeded";
	return endJob(next, state, outcomeOf(job.tasks.length, failures, [...verdicts.values()]));
}

/** A job brought to a terminal state. */
export function endJob(job: Job, state: JobState, outcome: Job["outcome"]): Job {
	return { ...job, state, terminal: terminalJobStates.has(state), outcome };
}

function outcomeOf(tasks: number, failures: number, verdicts: readonly SpeedVerdict[]): Job["outcome"] {
	if (failures > 0) return failures === tasks ? "failed" : "partial";
	return verdicts.includes("faster") ? "improved" : "baseline";
}

/** Executed when anything had to be; else coalesced when anything was waited for; else what all tasks share. */
export function jobDisposition(tasks: readonly { readonly disposition: TaskDisposition }[]): TaskDisposition {
	const order: readonly TaskDisposition[] = ["executed", "coalesced", "cache_hit"];
	const found = order.find((kind) => tasks.some((task) => task.disposition === kind));
	return found ?? "negative_hit";
}
