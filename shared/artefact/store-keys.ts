// Where things lie in the object store. Parts are digests, ids and names that were validated: never a user's text.

import type { Plan } from "#shared/pipeline/plan.ts";
import { defaultTolerance } from "./tolerance.ts";

/** What a plan is found again by, besides the version. */
export type PlanSubject = Pick<Plan, "programDigest" | "target" | "threads" | "effort" | "tolerance">;

export const blobKey = (sha256: string): string => `blobs/sha256/${sha256}`;
export const modelKey = (digest: string): string => `models/${digest}.json`;
export const programKey = (digest: string): string => `programs/${digest}.json`;
/** The default tolerance is not named: plans of it stay where they were before there was another. */
export function planKey(plan: PlanSubject, version: string): string {
	const { programDigest, target, threads, effort, tolerance } = plan;
	const named = tolerance === defaultTolerance ? "" : `-${tolerance}`;
	return `plans/${programDigest}/${target}/${effort}-t${threads}${named}-${version}.json`;
}
export const kernelKey = (namespace: string, key: string): string => `kernels/${namespace}/${key}.json`;
/** All training rows there are: docs/training-rows.md. */
export const trainingPrefix = "training/";
/** Rows of one task's measurements. */
export const trainingKey = (target: string, program: string, job: string, task: number): string =>
	`${trainingPrefix}${target}/${program}/${job}-${task}.jsonl`;
export const jobKey = (id: string): string => `jobs/${id}.json`;
export const leaseKey = (key: string): string => `leases/${key}.json`;
/** Names of callers are a namespace's own. */
export const idempotencyKey = (namespace: string, caller: string, key: string): string =>
	`idempotency/${namespace}/${caller}/${key}.json`;
export const apiKeyKey = (sha256: string): string => `keys/${sha256}.json`;
export const targetKey = (id: string): string => `targets/${id}.json`;
export const uploadKey = (id: string): string => `uploads/${id}.json`;
/** Bytes sent for an upload, until they are checked and become a blob. */
export const uploadDataKey = (id: string): string => `uploads/${id}.bin`;
/** Marks that a namespace may read a blob: knowing a digest is no permission. */
export const reachKey = (namespace: string, sha256: string): string => `reach/${namespace}/${sha256}`;
/** Marks a job that may not have ended: what the sweeper walks, so that it never lists all jobs there ever were. */
export const openJobPrefix = "open-jobs/";
export const openJobKey = (id: string): string => `${openJobPrefix}${id}`;
