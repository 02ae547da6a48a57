// Who works on a task. A lease lives as long as its holder beats; nobody compares clocks of two machines: whoever wants
// a lease watches it for two beats by its own monotonic clock and takes it over when nothing has changed.

import { z } from "zod";
import { leaseKey } from "#shared/artefact/store-keys.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";

const leaseSchema = z.object({
	schema: z.literal("kiln.lease/1"),
	runner: z.string(),
	/** Raised at every take-over: writes under an older fence are refused. */
	fence: z.int().min(1),
	beats: z.int().min(0),
});
type LeaseRecord = z.infer<typeof leaseSchema>;

export interface Lease {
	readonly fence: number;
	/** Shows that the holder lives. `lost`: someone has taken it over. */
	beat(): Promise<"held" | "lost">;
	/** Lets others in at once. */
	release(): Promise<void>;
}

export interface LeaseRequest {
	readonly jobId: string;
	readonly task: number;
	readonly runner: string;
	/** Fence of the last attempt that was recorded: the new one is higher. */
	readonly fenceMin: number;
	/** Longest time between two beats of a living holder. */
	readonly beatMilliseconds: number;
	readonly signal: AbortSignal;
}

const watchedBeats = 2;

/** The lease, or null when a living runner has it. Takes two beats when a dead one had. */
export async function acquireLease(store: ArtefactStore, request: LeaseRequest): Promise<Lease | null> {
	const key = leaseKey(`tasks/${request.jobId}-${request.task}`);
	const seen = await store.get(key);
	if (seen === null) return write(store, key, request, request.fenceMin + 1, { kind: "absent" });
	if (!(await isSilent(store, key, seen.etag, request))) return null;
	const last = leaseSchema.parse(JSON.parse(new TextDecoder().decode(seen.bytes)));
	const fence = Math.max(last.fence, request.fenceMin) + 1;
	return write(store, key, request, fence, { kind: "matches", etag: seen.etag });
}

async function isSilent(
	store: ArtefactStore,
	key: string,
	etag: string,
	request: LeaseRequest,
): Promise<boolean> {
	for (let beat = 0; beat < watchedBeats; beat++) {
		await new Promise((resolve) => setTimeout(resolve, request.beatMilliseconds));
		if (request.signal.aborted || (await store.head(key))?.etag !== etag) return false;
	}
	return true;
}

async function write(
	store: ArtefactStore,
	key: string,
	request: LeaseRequest,
	fence: number,
	condition: Parameters<ArtefactStore["put"]>[2],
): Promise<Lease | null> {
	let record: LeaseRecord = { schema: "kiln.lease/1", runner: request.runner, fence, beats: 0 };
	const taken = await store.put(key, encode(record), condition, "application/json");
	if (taken.kind !== "stored") return null;
	let etag = taken.etag;
	const swap = async (): Promise<"held" | "lost"> => {
		record = { ...record, beats: record.beats + 1 };
		const outcome = await store.put(key, encode(record), { kind: "matches", etag }, "application/json");
		if (outcome.kind !== "stored") return "lost";
		etag = outcome.etag;
		return "held";
	};
	// One at a time: two beats at once would each take the other for a rival.
	let underWay: Promise<"held" | "lost"> | null = null;
	return {
		fence,
		beat() {
			underWay ??= swap().finally(() => {
				underWay = null;
			});
			return underWay;
		},
		async release() {
			// A beat that fails has told its caller; here only its end matters.
			await underWay?.catch(() => "lost");
			// Only ours: a lease that was taken over is its new holder's.
			if ((await store.head(key))?.etag === etag) await store.remove(key);
		},
	};
}

const encode = (record: LeaseRecord): Uint8Array => new TextEncoder().encode(JSON.stringify(record));
