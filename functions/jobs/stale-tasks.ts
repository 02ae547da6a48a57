import type { EdgeConfiguration } from "#functions/services.ts";
import type { Job, Task } from "#shared/protocol/job.ts";
import { chargedAttempts, isTaskDone, taskAttemptsMax } from "#shared/protocol/job-transition.ts";

export interface StaleTask {
	readonly index: number;
	/** Attempts that count against it. */
	readonly attempts: number;
	/** Has been tried too often to be tried again. */
	readonly isPoison: boolean;
}

type Patience = Pick<EdgeConfiguration, "sweepQueuedSeconds" | "sweepRunningSeconds">;

/**
 * Tasks from which nothing was heard for too long. Wall clocks of different machines are compared here, which is good
 * enough for sending a message once more: that is harmless by design, and who may finish a task is settled by fences.
 */
export function staleTasks(job: Job, patience: Patience, nowMilliseconds: number): readonly StaleTask[] {
	if (job.terminal) return [];
	return job.tasks.flatMap((task, index) => {
		if (isTaskDone(task) || nowMilliseconds < silentUntil(job, task, patience)) return [];
		const attempts = chargedAttempts(task);
		return [{ index, attempts, isPoison: attempts >= taskAttemptsMax }];
	});
}

function silentUntil(job: Job, task: Task, patience: Patience): number {
	const created = Date.parse(job.createdAt);
	if (task.state === "running") {
		const started = Date.parse(task.attempts.at(-1)?.startedAt ?? job.updatedAt);
		return Math.max(started, Date.parse(job.updatedAt)) + patience.sweepRunningSeconds * 1000;
	}
	// A runner that hands a task back leaves its message in the queue.
	const handedBack = task.attempts.at(-1)?.endedAt ?? job.createdAt;
	const sent = Math.max(Date.parse(job.enqueuedAt ?? job.createdAt), Date.parse(handedBack));
	// Twice as long after every message: a long queue must not fill up with copies.
	return sent + Math.max(patience.sweepQueuedSeconds * 1000, sent - created);
}
