// From a job in the store to messages in the queue. The state is written first; a message that gets lost is sent again
// by the sweeper.

import { mapBounded } from "#functions/bounded-parallel.ts";
import { type StoredJob, updateJob } from "#functions/jobs/job-store.ts";
import type { EdgeServices } from "#functions/services.ts";
import { assert, present } from "#shared/fault/assert.ts";
import type { Job } from "#shared/protocol/job.ts";
import { isTaskDone } from "#shared/protocol/job-transition.ts";
import {
	type MeasureMessage,
	measureMessageBytesMax,
	measureMessageSchema,
} from "#shared/protocol/message.ts";
import { targetIdSchema } from "#shared/protocol/target.ts";
import { targets } from "#shared/target/target.ts";

/** Tasks that wait for a runner of their own. */
export function tasksToSend(job: Job): readonly number[] {
	return job.tasks.flatMap((task, index) =>
		task.disposition === "executed" && !isTaskDone(task) ? [index] : [],
	);
}

/** Sends a message for each of the tasks and writes down when. */
export async function sendTasks(
	services: EdgeServices,
	job: Job,
	tasks: readonly number[],
	traceparent: string,
): Promise<StoredJob | null> {
	const queue = services.queues[targets[targetIdSchema.parse(job.target)].kind];
	await mapBounded(tasks, (task) => queue.send(encodeMessage(job, task, traceparent)));
	const sentAt = new Date(services.clock.nowMilliseconds()).toISOString();
	return updateJob(services, job.id, (current) =>
		current.terminal ? null : { ...current, enqueuedAt: sentAt, version: current.version + 1 },
	);
}

function encodeMessage(job: Job, index: number, traceparent: string): string {
	const task = present(job.tasks[index], "a message is for a task of its job");
	const message: MeasureMessage = measureMessageSchema.parse({
		schema: "kiln.measure/1",
		jobId: job.id,
		task: index,
		key: task.key,
		plan: task.plan,
		target: job.target,
		attempt: task.attempts.length + 1,
		deadline: Date.parse(job.deadline),
		traceparent,
	});
	const body = JSON.stringify(message);
	assert(body.length <= measureMessageBytesMax, "a message is a claim check, not a payload");
	return body;
}
