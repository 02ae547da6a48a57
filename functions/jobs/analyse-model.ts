import { type JobCaller, requestedModel } from "#functions/jobs/create-job.ts";
import { lookUpPrograms } from "#functions/kernels/look-up-programs.ts";
import type { EdgeServices } from "#functions/services.ts";
import type { AnalysisRequest, AnalysisResponse } from "#shared/protocol/optimization.ts";

/** What an optimisation of this request would find; nothing is searched, queued or run. */
export async function analyseModel(
	services: EdgeServices,
	caller: Pick<JobCaller, "namespace">,
	request: AnalysisRequest,
): Promise<AnalysisResponse> {
	const model = await requestedModel(services, caller.namespace, request);
	const found = await lookUpPrograms(services, model, request);
	const hits = found.filter((entry) => entry.isHit).length;
	return {
		model: model.id,
		target: request.target,
		effort: request.effort,
		threads: request.threads,
		tolerance: request.tolerance,
		programs: found.map(({ program, islands, key, kernel, isHit }) => ({
			program,
			islands: [...islands],
			key,
			cachedEffort: kernel?.signed.manifest.effort ?? null,
			isHit,
		})),
		cachedShare: found.length === 0 ? 1 : hits / found.length,
		refusals: model.refusals,
		coverage: model.coverage,
	};
}
