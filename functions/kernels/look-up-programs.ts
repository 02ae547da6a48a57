import { mapBounded } from "#functions/bounded-parallel.ts";
import { findKernel, isComplete } from "#functions/kernels/cached-kernel.ts";
import type { CachedKernel, EdgeServices } from "#functions/services.ts";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import type { KeyComponents } from "#shared/artefact/manifest.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { satisfiesEffort } from "#shared/pipeline/plan.ts";
import type { ModelRecord } from "#shared/protocol/model.ts";
import type { AnalysisRequest } from "#shared/protocol/optimization.ts";

/** A distinct program of a model, and what the cache has for it. */
export interface LookedUp {
	readonly program: string;
	/** Indices of the model's islands that share it. */
	readonly islands: readonly number[];
	readonly key: string;
	readonly components: KeyComponents;
	readonly kernel: CachedKernel | null;
	/** Entity tag of a stored manifest that is not believed, or null. */
	readonly refusedEtag: string | null;
	/** Whether the kernel satisfies the effort asked for and all its files are there. */
	readonly isHit: boolean;
}

/** Each distinct program once, in the order in which the model first has it. */
export async function lookUpPrograms(
	services: EdgeServices,
	model: ModelRecord,
	request: Pick<AnalysisRequest, "target" | "threads" | "effort" | "tolerance">,
): Promise<readonly LookedUp[]> {
	const islandsOf = new Map<string, number[]>();
	for (const island of model.islands) {
		const sharing = islandsOf.get(island.program);
		if (sharing === undefined) islandsOf.set(island.program, [island.index]);
		else sharing.push(island.index);
	}
	return mapBounded([...islandsOf], async ([program, islands]) => {
		const components: KeyComponents = {
			program,
			target: request.target,
			threads: request.threads,
			tolerance: request.tolerance,
			version: kilnVersion,
		};
		const key = kernelCacheKey(components);
		const { kernel, refusedEtag } = await findKernel(services, model.namespace, key);
		const isHit =
			kernel !== null &&
			satisfiesEffort(kernel.signed.manifest.effort, request.effort) &&
			(await isComplete(services, kernel));
		return { program, islands, key, components, kernel, refusedEtag, isHit };
	});
}
