// An optimisation: model -> keys -> cache -> plans -> job -> messages.

import { hiddenError } from "#functions/blobs/blob-store.ts";
import { mapBounded } from "#functions/bounded-parallel.ts";
import { sendTasks, tasksToSend } from "#functions/jobs/dispatch.ts";
import { joinFlight } from "#functions/jobs/flight.ts";
import type { StoredJob } from "#functions/jobs/job-store.ts";
import { ensurePlan } from "#functions/jobs/plan-task.ts";
import { type LookedUp, lookUpPrograms } from "#functions/kernels/look-up-programs.ts";
import { ensureModel, readModel } from "#functions/models/ensure-model.ts";
import type { ParallelCalls } from "#functions/search/parallel-calls.ts";
import type { EdgeServices } from "#functions/services.ts";
import { writeJsonObject } from "#functions/stored-json.ts";
import { jobKey, openJobKey } from "#shared/artefact/store-keys.ts";
import { assert } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { satisfiesEffort } from "#shared/pipeline/plan.ts";
import { createIdentifier } from "#shared/protocol/identifier.ts";
import type { Job, Task } from "#shared/protocol/job.ts";
import { concludeJob, endJob, jobDisposition } from "#shared/protocol/job-transition.ts";
import type { ModelRecord } from "#shared/protocol/model.ts";
import type { AnalysisRequest, OptimizationRequest } from "#shared/protocol/optimization.ts";

export interface JobCaller {
	readonly namespace: string;
	readonly traceparent: string;
	/** For the plans that the request needs. */
	readonly calls: ParallelCalls;
}

/** The job that answers a request: terminal at once when the cache has everything. Throws cache.miss, auth.not_found…. */
export async function createJob(
	services: EdgeServices,
	caller: JobCaller,
	request: OptimizationRequest,
): Promise<StoredJob> {
	const model = await requestedModel(services, caller.namespace, request);
	const found = await lookUpPrograms(services, model, request);
	if (request.cache === "only") refuseMisses(found);
	const id = createIdentifier("job", services.clock.nowMilliseconds(), services.random);
	const isAnswered = (entry: LookedUp): boolean => entry.isHit && request.cache !== "refresh";
	const opening = { ...request, namespace: caller.namespace, jobId: id };
	// All plans before any flight: a request that fails on a plan must not leave others waiting for it.
	const plans = await mapBounded(found, async (entry) =>
		isAnswered(entry)
			? null
			: ensurePlan(services, { ...request, programDigest: entry.program }, caller.calls),
	);
	const tasks = await mapBounded(found, async (entry, index) => {
		const plan = plans[index] ?? null;
		return plan === null ? hitTask(entry) : openTask(services, { ...opening, task: index }, entry, plan);
	});
	const job = newJob(services, { id, namespace: caller.namespace, model, request, tasks, found });
	// The mark first: a job without one would be lost to the sweeper, a mark without a job is swept away.
	if (!job.terminal) await services.store.put(openJobKey(id), new Uint8Array(), { kind: "absent" });
	const put = await writeJsonObject(services.store, jobKey(id), job, { kind: "absent" });
	assert(put.kind === "stored", "a new job's id is new");
	const stored = { value: job, etag: put.etag };
	const toSend = tasksToSend(job);
	if (toSend.length === 0) return stored;
	return (await sendTasks(services, job, toSend, caller.traceparent)) ?? stored;
}

/** The model asked for, analysed again when other bindings came with the request. */
export async function requestedModel(
	services: EdgeServices,
	namespace: string,
	request: Pick<AnalysisRequest, "model" | "shapes" | "weights">,
): Promise<ModelRecord> {
	const model = await readModel(services, namespace, request.model);
	if (model === null) throw hiddenError("model");
	if (request.shapes === undefined && request.weights === undefined) return model;
	return ensureModel(services, {
		namespace,
		blob: model.blob,
		bytes: null,
		shapes: request.shapes ?? model.shapes,
		weights: request.weights ?? model.weights,
	});
}

function refuseMisses(found: readonly LookedUp[]): void {
	const misses = found.filter((entry) => !entry.isHit);
	if (misses.length === 0) return;
	throw new OptimizeError("cache.miss", `${misses.length} of ${found.length} kernels are not in the cache`, {
		misses: misses.map(({ key, components, kernel }) => ({
			key,
			components,
			cachedEffort: kernel?.signed.manifest.effort ?? null,
		})),
	});
}

const taskBase = { fence: 0, attempts: [], error: null, replaces: null } as const;

function hitTask({ islands, program, key }: LookedUp): Task {
	return {
		...taskBase,
		attempts: [],
		islands: [...islands],
		program,
		key,
		plan: null,
		state: "succeeded",
		disposition: "cache_hit",
		phase: "done",
	};
}

async function openTask(
	services: EdgeServices,
	request: OptimizationRequest & {
		readonly namespace: string;
		readonly jobId: string;
		readonly task: number;
	},
	{ islands, program, key, kernel, refusedEtag }: LookedUp,
	plan: string,
): Promise<Task> {
	const role = await joinFlight(services, { ...request, key });
	// Of enough effort and yet no answer: a refresh was asked for, or files of it are missing.
	const isReplaced = kernel !== null && satisfiesEffort(kernel.signed.manifest.effort, request.effort);
	return {
		...taskBase,
		attempts: [],
		islands: [...islands],
		program,
		key,
		plan,
		state: "queued",
		disposition: role === "leader" ? "executed" : "coalesced",
		phase: "queued",
		replaces: isReplaced ? kernel.etag : refusedEtag,
	};
}

function newJob(
	services: EdgeServices,
	parts: {
		readonly id: string;
		readonly namespace: string;
		readonly model: ModelRecord;
		readonly request: OptimizationRequest;
		readonly tasks: readonly Task[];
		readonly found: readonly LookedUp[];
	},
): Job {
	const { request, tasks, found } = parts;
	const now = services.clock.nowMilliseconds();
	const job: Job = {
		schema: "kiln.job/1",
		id: parts.id,
		model: parts.model.id,
		target: request.target,
		threads: request.threads,
		effort: request.effort,
		tolerance: request.tolerance,
		namespace: parts.namespace,
		state: "queued",
		terminal: false,
		outcome: null,
		disposition: jobDisposition(tasks),
		createdAt: new Date(now).toISOString(),
		updatedAt: new Date(now).toISOString(),
		deadline: new Date(now + services.configuration.jobDeadlineSeconds * 1000).toISOString(),
		enqueuedAt: null,
		tasks: [...tasks],
		version: 0,
	};
	const verdicts = found.flatMap(({ kernel }, index) =>
		kernel === null ? [] : [[index, kernel.signed.manifest.verdict] as const],
	);
	// Nothing to optimise is an answer too.
	if (tasks.length === 0) return { ...endJob(job, "succeeded", "baseline"), version: 1 };
	return concludeJob(job, new Map(verdicts), job.createdAt);
}
