// The job object: read, and changed only by compare-and-swap.

import { hiddenError } from "#functions/blobs/blob-store.ts";
import type { EdgeServices } from "#functions/services.ts";
import { readJsonObject, type StoredValue, writeJsonObject } from "#functions/stored-json.ts";
import { jobKey } from "#shared/artefact/store-keys.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { type Job, jobSchema } from "#shared/protocol/job.ts";

export type StoredJob = StoredValue<Job>;

/** Lost races in a row after which something else must be wrong. */
const swapTriesMax = 10;

export function readJob(services: EdgeServices, id: string): Promise<StoredJob | null> {
	return readJsonObject(services.store, jobKey(id), jobSchema);
}

/** The same for a caller: throws auth.not_found_or_hidden when there is none or it is another namespace's. */
export async function visibleJob(services: EdgeServices, namespace: string, id: string): Promise<StoredJob> {
	const stored = await readJob(services, id);
	if (stored === null || stored.value.namespace !== namespace) throw hiddenError("job");
	return stored;
}

/**
 * Applies `change` to the newest state until the write wins. `change` returns null for "nothing to do" and is applied
 * anew after each lost race. Null when there is no such job.
 */
export async function updateJob(
	services: EdgeServices,
	id: string,
	change: (job: Job) => Job | null,
): Promise<StoredJob | null> {
	for (let tried = 0; tried < swapTriesMax; tried++) {
		const stored = await readJob(services, id);
		if (stored === null) return null;
		const next = change(stored.value);
		if (next === null) return stored;
		const condition = { kind: "matches", etag: stored.etag } as const;
		const put = await writeJsonObject(services.store, jobKey(id), next, condition);
		if (put.kind === "stored") return { value: next, etag: put.etag };
	}
	throw new OptimizeError("infra.storage", `job ${id} changed under ${swapTriesMax} writes in a row`, { id });
}
