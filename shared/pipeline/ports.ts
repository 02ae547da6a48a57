// What the core needs from the outside world. Small, defined here, implemented in adapters/ and gpu-runner/.

/** Entity tag of an object, as the store gave it. */
export type EntityTag = string;

export interface StoredObject {
	readonly bytes: Uint8Array;
	readonly etag: EntityTag;
}

/** `exists`: someone was first (If-None-Match). `changed`: the object is not what the caller last saw (If-Match). */
export type PutOutcome =
	| { readonly kind: "stored"; readonly etag: EntityTag }
	| { readonly kind: "exists" }
	| { readonly kind: "changed" };

export type PutCondition =
	| { readonly kind: "absent" }
	| { readonly kind: "matches"; readonly etag: EntityTag }
	| { readonly kind: "always" };

/** An object store with conditional writes. Throws `OptimizeError` infra.storage when it cannot be reached after bounded retries. */
export interface ArtefactStore {
	get(key: string): Promise<StoredObject | null>;
	/** Bytes and entity tag only; null when there is no such object. */
	head(key: string): Promise<{ readonly bytesCount: number; readonly etag: EntityTag } | null>;
	put(key: string, bytes: Uint8Array, condition: PutCondition, contentType?: string): Promise<PutOutcome>;
	/** Keys with this prefix in lexicographic order, at most `limit`, after `after`. */
	list(prefix: string, limit: number, after?: string): Promise<readonly string[]>;
	remove(key: string): Promise<void>;
}

export interface ReceivedMessage {
	readonly body: string;
	readonly receipt: string;
	/** 1 on the first delivery. */
	readonly receiveCount: number;
}

/** An at-least-once queue. Throws `OptimizeError` infra.queue when it cannot be reached. */
export interface JobQueue {
	send(body: string): Promise<void>;
	/** Long poll for one message. */
	receive(waitSeconds: number, visibilitySeconds: number): Promise<ReceivedMessage | null>;
	/** `lost` when the message is no longer ours. */
	extend(receipt: string, visibilitySeconds: number): Promise<"extended" | "lost">;
	acknowledge(receipt: string): Promise<void>;
}

export interface Clock {
	/** Wall clock, milliseconds since the epoch: for records only, never for leases' arithmetic across machines. */
	nowMilliseconds(): number;
	/** Monotonic. */
	monotonicNanoseconds(): bigint;
}

/** One compiled and timed candidate, in nanoseconds a run. Samples are raw, in the order taken. */
export interface CandidateMeasurement {
	readonly candidate: number;
	readonly outcome:
		| { readonly kind: "timed"; readonly samplesNanoseconds: readonly number[]; readonly errorMax: number }
		| { readonly kind: "compileFailed"; readonly message: string }
		| {
				readonly kind: "wrongResult";
				readonly errorMax: number;
				readonly output: number;
				readonly seed: number;
		  }
		| { readonly kind: "crashed"; readonly signal: string }
		| { readonly kind: "hung"; readonly limitMilliseconds: number }
		| { readonly kind: "unstable"; readonly message: string };
}

/** Progress of long work: what is being done and, if known, how far. */
export type Progress = (step: {
	readonly phase: string;
	readonly done?: number;
	readonly total?: number;
	readonly note?: string;
}) => void;
