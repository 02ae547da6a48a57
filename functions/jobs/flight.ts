// Single flight (shared/protocol/flight.ts): who measures a kernel that several jobs want.

import { readJob } from "#functions/jobs/job-store.ts";
import type { EdgeServices } from "#functions/services.ts";
import { readJsonObject, writeJsonObject } from "#functions/stored-json.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { Effort } from "#shared/pipeline/plan.ts";
import { type Flight, flightSchema, flightStoreKey } from "#shared/protocol/flight.ts";
import { isTaskDone } from "#shared/protocol/job-transition.ts";

export interface FlightRequest {
	readonly namespace: string;
	readonly key: string;
	readonly effort: Effort;
	readonly jobId: string;
	/** Index of the task in the job. */
	readonly task: number;
}

/** The flight is taken before its job is written; a job not there by then was never made. */
const jobMissingMillisecondsMax = 120_000;
const takeOverTriesMax = 5;

/** `leader`: this task is to be measured. `follower`: another live job's task already is. */
export async function joinFlight(
	services: EdgeServices,
	request: FlightRequest,
): Promise<"leader" | "follower"> {
	const place = flightStoreKey(request.namespace, request.key, request.effort);
	const mine = (fence: number): Flight => ({
		schema: "kiln.flight/1",
		jobId: request.jobId,
		task: request.task,
		fence,
		acquiredAt: new Date(services.clock.nowMilliseconds()).toISOString(),
	});
	const first = await writeJsonObject(services.store, place, mine(1), { kind: "absent" });
	if (first.kind === "stored") return "leader";
	for (let tried = 0; tried < takeOverTriesMax; tried++) {
		const current = await readJsonObject(services.store, place, flightSchema);
		if (current?.value.jobId === request.jobId) return "leader";
		if (current !== null && (await isLive(services, current.value))) return "follower";
		const condition =
			current === null ? ({ kind: "absent" } as const) : ({ kind: "matches", etag: current.etag } as const);
		const fence = (current?.value.fence ?? 0) + 1;
		const taken = await writeJsonObject(services.store, place, mine(fence), condition);
		if (taken.kind === "stored") return "leader";
	}
	throw new OptimizeError("infra.storage", "the flight of this kernel changed hands too often", {
		key: request.key,
	});
}

/** Whether the leader may still bring the kernel. */
async function isLive(services: EdgeServices, flight: Flight): Promise<boolean> {
	const leader = await readJob(services, flight.jobId);
	if (leader === null) {
		const age = services.clock.nowMilliseconds() - Date.parse(flight.acquiredAt);
		return age < jobMissingMillisecondsMax;
	}
	const task = leader.value.tasks[flight.task];
	return !leader.value.terminal && task !== undefined && !isTaskDone(task);
}
