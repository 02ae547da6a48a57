// The job object as a runner sees it: read, changed by compare-and-swap under the fence of its attempt.

import type { SpeedVerdict } from "#shared/artefact/manifest.ts";
import { jobKey } from "#shared/artefact/store-keys.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";
import { type Job, jobSchema, type Task } from "#shared/protocol/job.ts";
import { concludeJob, failTask, isTaskDone, succeedTask, withTask } from "#shared/protocol/job-transition.ts";
import { readManifest } from "./publish.ts";

/** Lost races in a row after which something else must be wrong. */
const swapTriesMax = 20;

export interface AttemptPlace {
	readonly store: ArtefactStore;
	readonly jobId: string;
	readonly task: number;
	readonly nowIso: () => string;
}

export async function readJob(store: ArtefactStore, id: string): Promise<{ job: Job; etag: string } | null> {
	const stored = await store.get(jobKey(id));
	if (stored === null) return null;
	return { job: jobSchema.parse(JSON.parse(new TextDecoder().decode(stored.bytes))), etag: stored.etag };
}

/** Applies `change` to the newest state until the write wins; null from `change` means: leave it. Returns the state that holds. */
async function swapJob(
	place: AttemptPlace,
	change: (job: Job, task: Task) => Job | null | Promise<Job | null>,
): Promise<Job | null> {
	for (let tried = 0; tried < swapTriesMax; tried++) {
		const current = await readJob(place.store, place.jobId);
		const task = current?.job.tasks[place.task];
		if (current === null || task === undefined) return null;
		const next = await change(current.job, task);
		if (next === null) return current.job;
		const bytes = new TextEncoder().encode(JSON.stringify(next));
		const condition = { kind: "matches", etag: current.etag } as const;
		const put = await place.store.put(jobKey(place.jobId), bytes, condition, "application/json");
		if (put.kind === "stored") return next;
	}
	throw new OptimizeError(
		"infra.storage",
		`job ${place.jobId} changed under ${swapTriesMax} writes in a row`,
	);
}

/** Whether this attempt may still write: the task is open and nobody has claimed it since. */
const isMine = (job: Job, task: Task, fence: number): boolean =>
	!job.terminal && !isTaskDone(task) && task.fence === fence;

/** Opens an attempt under a new fence; attempts still open belong to runners that are gone. False: the task is over, or claimed under a higher fence. */
export async function beginAttempt(place: AttemptPlace, runner: string, fence: number): Promise<boolean> {
	const job = await swapJob(place, (current, task) => {
		if (current.terminal || isTaskDone(task) || task.fence >= fence) return null;
		const now = place.nowIso();
		const earlier = task.attempts.map((attempt) =>
			attempt.endedAt === null ? { ...attempt, endedAt: now, reason: "runner.lost" } : attempt,
		);
		const attempt = {
			attempt: task.attempts.length + 1,
			runner,
			startedAt: now,
			endedAt: null,
			reason: null,
			phase: "claim",
		};
		const claimed = withTask(current, place.task, {
			state: "running",
			fence,
			attempts: [...earlier, attempt],
			phase: "claim",
		});
		return concludeJob(claimed, new Map(), now);
	});
	const task = job?.tasks[place.task];
	return job !== null && task !== undefined && isMine(job, task, fence);
}

/** Notes the phase; also tells the sweeper that the attempt lives. False when the attempt is not the current one any more. */
export async function recordPhase(place: AttemptPlace, fence: number, phase: string): Promise<boolean> {
	const job = await swapJob(place, (current, task) => {
		if (!isMine(current, task, fence)) return null;
		const attempts = task.attempts.map((attempt) =>
			attempt.endedAt === null ? { ...attempt, phase } : attempt,
		);
		return concludeJob(withTask(current, place.task, { phase, attempts }), new Map(), place.nowIso());
	});
	const task = job?.tasks[place.task];
	return job !== null && task !== undefined && isMine(job, task, fence);
}

/** Closes the attempt and puts the task back in the queue. */
export async function returnTask(place: AttemptPlace, fence: number, reason: string): Promise<void> {
	await swapJob(place, (current, task) => {
		if (!isMine(current, task, fence)) return null;
		const now = place.nowIso();
		const attempts = task.attempts.map((attempt) =>
			attempt.endedAt === null ? { ...attempt, endedAt: now, reason } : attempt,
		);
		const queued = withTask(current, place.task, { state: "queued", phase: "queued", attempts });
		return concludeJob(queued, new Map(), now);
	});
}

/** Ends the task with the kernel that is in the store. Whose kernel does not matter, so any fence may. */
export async function finishTask(place: AttemptPlace): Promise<void> {
	await swapJob(place, async (current, task) => {
		if (current.terminal || isTaskDone(task)) return null;
		const now = place.nowIso();
		return concludeJob(succeedTask(current, place.task, now), await readVerdicts(place, current), now);
	});
}

/** Ends the task without a kernel. `fence` null: it was never claimed. */
export async function abandonTask(
	place: AttemptPlace,
	fence: number | null,
	error: { readonly code: string; readonly message: string },
): Promise<void> {
	await swapJob(place, async (current, task) => {
		if (current.terminal || isTaskDone(task) || (fence !== null && task.fence !== fence)) return null;
		const now = place.nowIso();
		return concludeJob(failTask(current, place.task, error, now), await readVerdicts(place, current), now);
	});
}

/** Verdicts of the kernels that the job's ended tasks and this one have: the outcome follows from them. Read anew for each try, because another task may have ended meanwhile. */
async function readVerdicts(place: AttemptPlace, job: Job): Promise<Map<number, SpeedVerdict>> {
	const verdicts = new Map<number, SpeedVerdict>();
	for (const [index, task] of job.tasks.entries()) {
		if (task.state !== "succeeded" && index !== place.task) continue;
		const manifest = (await readManifest(place.store, job.namespace, task.key))?.manifest ?? null;
		if (manifest !== null) verdicts.set(index, manifest.verdict);
	}
	return verdicts;
}
