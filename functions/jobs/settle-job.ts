// Brings a job up to date with the kernel cache: whoever published a kernel may have died before it could say so.

import { mapBounded } from "#functions/bounded-parallel.ts";
import { readJob, type StoredJob, updateJob } from "#functions/jobs/job-store.ts";
import { readCachedKernel } from "#functions/kernels/cached-kernel.ts";
import type { EdgeServices } from "#functions/services.ts";
import { readJsonObject } from "#functions/stored-json.ts";
import type { SpeedVerdict } from "#shared/artefact/manifest.ts";
import { retryableCodes } from "#shared/fault/optimize-error.ts";
import { satisfiesEffort } from "#shared/pipeline/plan.ts";
import { flightSchema, flightStoreKey } from "#shared/protocol/flight.ts";
import type { Job, Task } from "#shared/protocol/job.ts";
import { concludeJob, failTask, isTaskDone, succeedTask } from "#shared/protocol/job-transition.ts";

/** What the cache says of a task that has not ended; `open`: nothing new. */
type TaskAnswer =
	| { readonly kind: "kernel"; readonly verdict: SpeedVerdict }
	| { readonly kind: "failed"; readonly error: NonNullable<Task["error"]> }
	| { readonly kind: "open" };

/** The job after its open tasks were compared with the cache; the same object when nothing is new. */
export async function settleJob(services: EdgeServices, stored: StoredJob): Promise<StoredJob> {
	if (stored.value.terminal) return stored;
	const job = stored.value;
	const answers = await mapBounded(job.tasks, (task) => findAnswer(services, job, task));
	const isNews = answers.some((answer) => answer.kind !== "open");
	if (!isNews && !job.tasks.every(isTaskDone)) return stored;
	const verdicts = await mapBounded(job.tasks, (task, index) =>
		knownVerdict(services, job, task, answers[index]),
	);
	const settled = await updateJob(services, job.id, (current) =>
		current.terminal ? null : applyAnswers(current, answers, verdicts, services.clock.nowMilliseconds()),
	);
	return settled ?? stored;
}

function applyAnswers(
	job: Job,
	answers: readonly TaskAnswer[],
	verdicts: readonly (SpeedVerdict | null)[],
	nowMilliseconds: number,
): Job {
	const now = new Date(nowMilliseconds).toISOString();
	let next = job;
	answers.forEach((answer, index) => {
		if (answer.kind === "kernel") next = succeedTask(next, index, now);
		else if (answer.kind === "failed") next = failTask(next, index, answer.error, now);
	});
	const known = verdicts.flatMap((verdict, index) => (verdict === null ? [] : [[index, verdict] as const]));
	return concludeJob(next, new Map(known), now);
}

/** The verdict that a task contributes to the job's outcome. Ended tasks are looked up only when there is news. */
async function knownVerdict(
	services: EdgeServices,
	job: Job,
	task: Task,
	answer: TaskAnswer | undefined,
): Promise<SpeedVerdict | null> {
	if (answer?.kind === "kernel") return answer.verdict;
	if (task.state !== "succeeded") return null;
	const kernel = await readCachedKernel(services, job.namespace, task.key);
	return kernel?.signed.manifest.verdict ?? null;
}

async function findAnswer(services: EdgeServices, job: Job, task: Task): Promise<TaskAnswer> {
	if (isTaskDone(task)) return { kind: "open" };
	const kernel = await readCachedKernel(services, job.namespace, task.key);
	const isEnough = kernel !== null && satisfiesEffort(kernel.signed.manifest.effort, job.effort);
	if (isEnough && kernel.etag !== task.replaces)
		return { kind: "kernel", verdict: kernel.signed.manifest.verdict };
	return task.disposition === "coalesced" ? leaderFailure(services, job, task) : { kind: "open" };
}

/** A leader's lasting failure is its followers' too; after any other the sweeper lets one of them lead. */
async function leaderFailure(services: EdgeServices, job: Job, task: Task): Promise<TaskAnswer> {
	const place = flightStoreKey(job.namespace, task.key, job.effort);
	const flight = await readJsonObject(services.store, place, flightSchema);
	const leader = flight === null ? null : await readJob(services, flight.value.jobId);
	const error = leader?.value.tasks[flight?.value.task ?? -1]?.error ?? null;
	if (error === null || isPassing(error.code)) return { kind: "open" };
	return { kind: "failed", error };
}

/** Faults that another attempt may not meet, and the leader's deadline, which is not its followers'. */
const isPassing = (code: string): boolean =>
	code === "limit.deadline" || [...retryableCodes].some((known) => known === code);
