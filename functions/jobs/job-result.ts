import { mapBounded } from "#functions/bounded-parallel.ts";
import { readCachedKernel, readRecentKernel } from "#functions/kernels/cached-kernel.ts";
import { readModel } from "#functions/models/ensure-model.ts";
import type { EdgeServices } from "#functions/services.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { Job } from "#shared/protocol/job.ts";
import type { OptimizationResult } from "#shared/protocol/optimization.ts";

/** All that an ended job brought. Throws result.not_ready before that. */
export async function jobResult(services: EdgeServices, job: Job): Promise<OptimizationResult> {
	if (!job.terminal)
		throw new OptimizeError(
			"result.not_ready",
			`the job is ${job.state}; its result comes when it has ended`,
			{
				state: job.state,
			},
		);
	const model = await readModel(services, job.namespace, job.model);
	const kernels = await mapBounded(job.tasks, async (task) => {
		// What was measured for this job may be newer than what this isolate remembers.
		const read = task.disposition === "cache_hit" ? readRecentKernel : readCachedKernel;
		const kernel = task.state === "succeeded" ? await read(services, job.namespace, task.key) : null;
		const { islands, program, key, disposition, error } = task;
		return { islands, program, key, disposition, manifest: kernel?.signed ?? null, error };
	});
	return {
		job: job.id,
		model: job.model,
		state: job.state,
		outcome: job.outcome,
		disposition: job.disposition,
		kernels,
		refusals: model?.refusals ?? [],
		coverage: model?.coverage ?? null,
	};
}
