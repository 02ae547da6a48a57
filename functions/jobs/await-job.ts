import { matchesEntityTag } from "#functions/conditional.ts";
import { readJob, type StoredJob } from "#functions/jobs/job-store.ts";
import { settleJob } from "#functions/jobs/settle-job.ts";
import type { EdgeServices } from "#functions/services.ts";

/** Longest wait a request may ask for. */
export const waitSecondsMax = 30;
const pollMillisecondsFirst = 100;
const pollMillisecondsMax = 1000;

export interface JobWait {
	readonly namespace: string;
	/** At most `waitSecondsMax`. */
	readonly seconds: number;
	/** What the caller has seen, as in If-None-Match: a change ends the wait. Null: only the job's end does. */
	readonly seenEtag: string | null;
}

/**
 * The job, settled, as soon as it has ended (or differs from what the caller has seen), or as it is when the time is up.
 * Null when there is none or it is another namespace's.
 */
export async function awaitJob(services: EdgeServices, id: string, wait: JobWait): Promise<StoredJob | null> {
	const start = services.clock.monotonicNanoseconds();
	let pause = pollMillisecondsFirst;
	for (;;) {
		const stored = await readJob(services, id);
		if (stored === null || stored.value.namespace !== wait.namespace) return null;
		const settled = await settleJob(services, stored);
		const waited = Number(services.clock.monotonicNanoseconds() - start) / 1e6;
		const left = wait.seconds * 1000 - waited;
		const isNews = wait.seenEtag !== null && !matchesEntityTag(wait.seenEtag, settled.etag);
		if (settled.value.terminal || isNews || left <= 0) return settled;
		const milliseconds = Math.min(pause, left);
		await new Promise((resolve) => setTimeout(resolve, milliseconds));
		pause = Math.min(pause * 1.5, pollMillisecondsMax);
	}
}
