// The sweeper: every job that has not ended is brought up to date, sent again when its message seems lost, given up when
// it is poison, and expired when its time is over. Running it twice, or in two places at once, is harmless.

import { sendTasks } from "#functions/jobs/dispatch.ts";
import { joinFlight } from "#functions/jobs/flight.ts";
import { readJob, type StoredJob, updateJob } from "#functions/jobs/job-store.ts";
import { settleJob } from "#functions/jobs/settle-job.ts";
import { staleTasks } from "#functions/jobs/stale-tasks.ts";
import { newTraceparent } from "#functions/middleware/request-identity.ts";
import type { EdgeServices } from "#functions/services.ts";
import { openJobKey, openJobPrefix } from "#shared/artefact/store-keys.ts";
import { identifierMilliseconds } from "#shared/protocol/identifier.ts";
import type { Job } from "#shared/protocol/job.ts";
import { concludeJob, endJob, failTask, withTask } from "#shared/protocol/job-transition.ts";

const pageJobsMax = 500;
/** Jobs looked at in one sweep; the rest has its turn once those ahead have ended. */
const sweepJobsMax = 5000;
/** A mark whose job is still missing by then belongs to a request that died. */
const orphanMillisecondsMax = 600_000;

export interface SweepReport {
	readonly jobs: number;
	readonly ended: number;
	/** Messages sent again. */
	readonly sent: number;
	/** Jobs that could not be swept; the next sweep tries again. */
	readonly failures: number;
}

export async function sweepJobs(services: EdgeServices): Promise<SweepReport> {
	const report = { jobs: 0, ended: 0, sent: 0, failures: 0 };
	let after: string | undefined;
	while (report.jobs < sweepJobsMax) {
		const marks = await services.store.list(openJobPrefix, pageJobsMax, after);
		for (const mark of marks) {
			report.jobs++;
			try {
				const outcome = await sweepJob(services, mark.slice(openJobPrefix.length));
				report.sent += outcome.sent;
				if (outcome.ended) report.ended++;
			} catch (error) {
				// One job that cannot be read must not keep the others from being swept.
				report.failures++;
				services.report({ event: "sweep.failed", mark, error: String(error) });
			}
		}
		if (marks.length < pageJobsMax) break;
		after = marks.at(-1);
	}
	return report;
}

async function sweepJob(services: EdgeServices, id: string): Promise<{ ended: boolean; sent: number }> {
	const stored = await readJob(services, id);
	if (stored === null) {
		const age = services.clock.nowMilliseconds() - identifierMilliseconds(id);
		if (age > orphanMillisecondsMax) await services.store.remove(openJobKey(id));
		return { ended: false, sent: 0 };
	}
	const settled = await endOverdue(services, await settleJob(services, stored));
	if (settled.value.terminal) {
		await services.store.remove(openJobKey(id));
		return { ended: true, sent: 0 };
	}
	return { ended: false, sent: await sendAgain(services, settled.value) };
}

/** Poison and time. A task that a runner is at work on is left to it. */
async function endOverdue(services: EdgeServices, stored: StoredJob): Promise<StoredJob> {
	const now = services.clock.nowMilliseconds();
	const change = (job: Job): Job | null => {
		if (job.terminal) return null;
		const iso = new Date(now).toISOString();
		const stale = staleTasks(job, services.configuration, now);
		let next = job;
		for (const { index, isPoison, attempts } of stale) {
			const message = `given up after ${attempts} attempts that never came to an end`;
			if (isPoison) next = failTask(next, index, { code: "infra.poison", message }, iso);
		}
		if (next !== job) next = concludeJob(next, new Map(), iso);
		const isWorkedOn = next.tasks.some(
			(task, index) => task.state === "running" && stale.every((entry) => entry.index !== index),
		);
		if (!next.terminal && now > Date.parse(job.deadline) && !isWorkedOn) next = expire(next, iso);
		return next === job ? null : next;
	};
	if (change(stored.value) === null) return stored;
	return (await updateJob(services, stored.value.id, change)) ?? stored;
}

function expire(job: Job, nowIso: string): Job {
	const hasSome = job.tasks.some((task) => task.state === "succeeded");
	const error = { code: "limit.deadline", message: "the deadline passed before a runner was done" };
	// Tasks that are done stay as they are.
	const closed = job.tasks.reduce((next, _, index) => failTask(next, index, error, nowIso), job);
	const ended = endJob(closed, "expired", hasSome ? "partial" : "failed");
	return { ...ended, updatedAt: nowIso, version: job.version + 1 };
}

async function sendAgain(services: EdgeServices, job: Job): Promise<number> {
	const now = services.clock.nowMilliseconds();
	const stale = staleTasks(job, services.configuration, now).map(({ index }) => index);
	let current: Job = job;
	const toSend: number[] = [];
	for (const index of stale) {
		const task = job.tasks[index];
		if (task === undefined) continue;
		if (task.disposition === "coalesced") {
			const { namespace, effort, id: jobId } = job;
			const role = await joinFlight(services, { namespace, effort, jobId, task: index, key: task.key });
			if (role === "follower") continue;
			const led = await updateJob(services, job.id, (newest) =>
				newest.terminal ? null : withTask(newest, index, { disposition: "executed" }),
			);
			current = led?.value ?? current;
		}
		toSend.push(index);
	}
	if (toSend.length > 0) await sendTasks(services, current, toSend, newTraceparent(services.random));
	return toSend.length;
}
