// What becomes of a message: refused, answered from what is there already, left to whoever is at it, or worked on.

import type { MessageFate } from "#runner/queue/receive-loop.ts";
import { OptimizeError, retryableCodes } from "#shared/fault/optimize-error.ts";
import { satisfiesEffort } from "#shared/pipeline/plan.ts";
import type { ReceivedMessage } from "#shared/pipeline/ports.ts";
import type { Job, Task } from "#shared/protocol/job.ts";
import {
	chargedAttempts,
	drainedReason,
	isTaskDone,
	taskAttemptsMax,
} from "#shared/protocol/job-transition.ts";
import {
	type MeasureMessage,
	measureMessageBytesMax,
	measureMessageSchema,
} from "#shared/protocol/message.ts";
import { targetIdSchema } from "#shared/protocol/target.ts";
import {
	type AttemptPlace,
	abandonTask,
	beginAttempt,
	finishTask,
	readJob,
	recordPhase,
	returnTask,
} from "./job-record.ts";
import { acquireLease, type Lease } from "./lease.ts";
import { isComplete, readManifest } from "./publish.ts";
import { runTask, type TaskWork } from "./run-task.ts";
import type { RunnerServices } from "./runner-services.ts";

/** A task that another runner is at: look again later, in case it dies. */
const busySeconds = 20;
/** For a message this machine cannot serve. */
const elsewhereSeconds = 5;
const retrySecondsFirst = 2;
/** How often a long phase is recorded again, so that the sweeper sees the attempt live. */
const touchMilliseconds = 30_000;

/** The attempt was overtaken: someone else claimed the task, or ended it. */
class OvertakenError extends Error {
	override readonly name = "OvertakenError";
}

/** Handles one message to its fate. Never throws: what goes wrong is recorded in the job and observed. */
export async function handleMessage(
	services: RunnerServices,
	received: ReceivedMessage,
	signal: AbortSignal,
): Promise<MessageFate> {
	const message = parseMessage(received.body);
	if (message === null) {
		// Nobody can be told: there is no job to record it in.
		services.observe({ event: "poison", receiveCount: received.receiveCount, bytes: received.body.length });
		return { kind: "done" };
	}
	try {
		return await serve(services, message, signal);
	} catch (fault) {
		services.observe({ event: "fault", job: message.jobId, task: message.task, fault: String(fault) });
		return { kind: "retry", seconds: retrySecondsFirst * received.receiveCount };
	}
}

function parseMessage(body: string): MeasureMessage | null {
	if (body.length > measureMessageBytesMax) return null;
	try {
		const parsed = measureMessageSchema.safeParse(JSON.parse(body));
		return parsed.success ? parsed.data : null;
	} catch {
		// Not JSON: as invalid as JSON of another shape.
		return null;
	}
}

async function serve(
	services: RunnerServices,
	message: MeasureMessage,
	signal: AbortSignal,
): Promise<MessageFate> {
	const { store } = services;
	const place: AttemptPlace = { store, jobId: message.jobId, task: message.task, nowIso: services.nowIso };
	const stored = await readJob(store, message.jobId);
	const task = stored?.job.tasks[message.task];
	if (stored === null || task === undefined || stored.job.terminal || isTaskDone(task))
		return nothingLeft(services, message);
	if (task.key !== message.key || task.plan !== message.plan) {
		services.observe({ event: "poison", job: message.jobId, task: message.task });
		return { kind: "done" };
	}
	if (await isAnswered(services, stored.job, task)) {
		await finishTask(place);
		return nothingLeft(services, message);
	}
	if (services.nowMilliseconds() > message.deadline) {
		await abandonTask(place, null, {
			code: "limit.deadline",
			message: "the deadline passed before a runner was free",
		});
		return { kind: "done" };
	}
	const target = targetIdSchema.safeParse(message.target);
	if (!target.success || !services.runnableTargets.has(target.data))
		return { kind: "retry", seconds: elsewhereSeconds };
	const lease = await acquireLease(store, {
		jobId: message.jobId,
		task: message.task,
		runner: services.runnerId,
		fenceMin: task.fence,
		beatMilliseconds: services.beatMilliseconds,
		signal,
	});
	if (lease === null) return { kind: "retry", seconds: busySeconds };
	return attempt(services, message, place, lease, signal);
}

/** Someone else, or an earlier attempt whose last answer was lost, has done what the message asks for. */
function nothingLeft({ observe }: RunnerServices, { jobId, task }: MeasureMessage): MessageFate {
	observe({ event: "nothingLeft", job: jobId, task });
	return { kind: "done" };
}

/** Whether a kernel that satisfies the task lies in the store, files and all. */
async function isAnswered(services: RunnerServices, job: Job, task: Task): Promise<boolean> {
	const found = await readManifest(services.store, job.namespace, task.key);
	const manifest = found?.manifest ?? null;
	if (manifest === null || found?.etag === task.replaces) return false;
	return satisfiesEffort(manifest.effort, job.effort) && (await isComplete(services.store, manifest));
}

async function attempt(
	services: RunnerServices,
	message: MeasureMessage,
	place: AttemptPlace,
	lease: Lease,
	signal: AbortSignal,
): Promise<MessageFate> {
	const overtaken = new AbortController();
	const deadline = AbortSignal.timeout(Math.max(1, message.deadline - services.nowMilliseconds()));
	const work = AbortSignal.any([signal, overtaken.signal, deadline]);
	const beats = setInterval(() => {
		lease.beat().then(
			(outcome) => outcome === "lost" && overtaken.abort("overtaken"),
			(fault: unknown) => services.observe({ event: "fault", job: message.jobId, fault: String(fault) }),
		);
	}, services.beatMilliseconds);
	try {
		return await claimAndRun(services, message, place, lease.fence, work);
	} catch (fault) {
		if (fault instanceof OvertakenError || overtaken.signal.aborted) return { kind: "leave" };
		return await endBadly(services, place, lease.fence, fault, { signal, deadline });
	} finally {
		clearInterval(beats);
		await lease.release();
	}
}

async function claimAndRun(
	services: RunnerServices,
	message: MeasureMessage,
	place: AttemptPlace,
	fence: number,
	signal: AbortSignal,
): Promise<MessageFate> {
	const observed = { job: message.jobId, task: message.task, fence };
	services.observe({ event: "phase", ...observed, phase: "claim" });
	if (!(await beginAttempt(place, services.runnerId, fence))) return { kind: "leave" };
	const observePhase = (phase: string): void => services.observe({ event: "phase", ...observed, phase });
	const stored = await readJob(services.store, message.jobId);
	const task = stored?.job.tasks[message.task];
	if (stored === null || task === undefined) throw new OvertakenError("the job is gone");
	if (chargedAttempts(task) > taskAttemptsMax) {
		const text = `given up after ${taskAttemptsMax} attempts that never came to an end`;
		await abandonTask(place, fence, { code: "infra.poison", message: text });
		return { kind: "done" };
	}
	// Someone may have published between the first look and the claim.
	if (!(await isAnswered(services, stored.job, task))) {
		const { namespace } = stored.job;
		const { jobId, task: at, key, plan } = message;
		await withPhases(place, fence, observePhase, signal, (phases) =>
			runTask(services, { jobId, task: at, namespace, key, plan, replaces: task.replaces, ...phases }),
		);
	}
	observePhase("finish");
	await finishTask(place);
	observePhase("acknowledge");
	return { kind: "done" };
}

/** Runs work whose phases are observed and recorded in the job, again and again while one lasts. */
async function withPhases(
	place: AttemptPlace,
	fence: number,
	observePhase: (phase: string) => void,
	signal: AbortSignal,
	work: (phases: Pick<TaskWork, "signal" | "enter" | "note">) => Promise<void>,
): Promise<void> {
	let current = "claim";
	const overtaken = new AbortController();
	const touch = setInterval(() => {
		recordPhase(place, fence, current).then(
			(isCurrent) => isCurrent || overtaken.abort(),
			// The store is away: the next step that needs it says so.
			() => undefined,
		);
	}, touchMilliseconds);
	const note = (phase: string): void => {
		current = phase;
		observePhase(phase);
	};
	const enter = async (phase: string): Promise<void> => {
		note(phase);
		if (signal.aborted) throw new OptimizeError("limit.deadline", "the attempt was cut short");
		if (!(await recordPhase(place, fence, phase))) throw new OvertakenError("claimed by another runner");
	};
	try {
		await work({ signal: AbortSignal.any([signal, overtaken.signal]), enter, note });
	} catch (fault) {
		throw overtaken.signal.aborted ? new OvertakenError("claimed by another runner") : fault;
	} finally {
		clearInterval(touch);
	}
}

/** Records why an attempt ended, and decides whether another is worth it. */
async function endBadly(
	services: RunnerServices,
	place: AttemptPlace,
	fence: number,
	fault: unknown,
	signals: { readonly signal: AbortSignal; readonly deadline: AbortSignal },
): Promise<MessageFate> {
	const error = describeFault(fault);
	services.observe({ event: "attemptFailed", job: place.jobId, task: place.task, ...error });
	if (signals.deadline.aborted) {
		await abandonTask(place, fence, {
			code: "limit.deadline",
			message: "the deadline passed during the work",
		});
		return { kind: "done" };
	}
	if (signals.signal.aborted) {
		await returnTask(place, fence, signals.signal.reason === "drained" ? drainedReason : "runner.lost");
		return { kind: "retry", seconds: 1 };
	}
	if (![...retryableCodes].some((code) => code === error.code)) {
		await abandonTask(place, fence, error);
		return { kind: "done" };
	}
	await returnTask(place, fence, error.code);
	return { kind: "retry", seconds: retrySecondsFirst };
}

const messageCharactersMax = 500;

function describeFault(fault: unknown): { code: string; message: string } {
	const message = (fault instanceof Error ? fault.message : String(fault)).slice(0, messageCharactersMax);
	return { code: fault instanceof OptimizeError ? fault.code : "internal.bug", message };
}
