// Single flight: of all jobs that want one kernel at one effort, one measures it and the others wait for its answer.
// `leases/<namespace>/<key>-<effort>.json` names the leader. It is created with If-None-Match and taken over with
// If-Match once the leader's task has ended without a kernel. Runners do not touch it: their fence is in the job.

import { z } from "zod";
import { leaseKey } from "#shared/artefact/store-keys.ts";
import type { Effort } from "#shared/pipeline/plan.ts";

export const flightSchema = z.object({
	schema: z.literal("kiln.flight/1"),
	jobId: z.string(),
	/** Index into the leader's tasks. */
	task: z.int().min(0),
	/** Raised at every take-over. */
	fence: z.int().min(1),
	acquiredAt: z.iso.datetime(),
});
export type Flight = z.infer<typeof flightSchema>;

/** Store key of the flight of one kernel at one effort. */
export function flightStoreKey(namespace: string, key: string, effort: Effort): string {
	return leaseKey(`${namespace}/${key}-${effort}`);
}
