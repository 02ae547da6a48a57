// All that the edge's handlers reach for, typed, in one argument: the worker makes it from the environment, tests from memory.

import type { PresignPut } from "#adapters/s3-presign.ts";
import type { ExpiringMap } from "#functions/caching/expiring-map.ts";
import type { ModelCompiler } from "#functions/models/model-compiler.ts";
import type { Random } from "#shared/numeric/random.ts";
import type { ArtefactStore, Clock, JobQueue } from "#shared/pipeline/ports.ts";
import type { ApiKeyRecord } from "#shared/protocol/api-key.ts";
import type { SignedManifestDocument } from "#shared/protocol/signed-manifest.ts";
import type { CpuTarget } from "#shared/target/target.ts";

/** Targets that are measured by the same kind of runner share a queue. */
export type TargetClass = CpuTarget["kind"];

export interface EdgeConfiguration {
	readonly jobDeadlineSeconds: number;
	readonly sweepQueuedSeconds: number;
	readonly sweepRunningSeconds: number;
	readonly searchStatesMax: number;
	/** Ed25519 keys of runners: key id to raw public key, base64. Empty: signatures are left to clients. */
	readonly trustedKeys: Readonly<Record<string, string>>;
}

/** A file served as it is: the reference page's script. */
export interface Asset {
	readonly body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer>;
	readonly contentType: string;
}

export interface CachedKernel {
	readonly signed: SignedManifestDocument;
	/** The document as stored. */
	readonly bytes: Uint8Array<ArrayBuffer>;
	readonly etag: string;
}

/** What an isolate remembers between requests: bounded, short-lived, and never the only copy. */
export interface EdgeCaches {
	/** By hash of the key; null: there is no such key. */
	readonly apiKeys: ExpiringMap<ApiKeyRecord | null>;
	/** By store key. */
	readonly kernels: ExpiringMap<CachedKernel>;
	/** By digest: immutable. Only small ones. */
	readonly blobs: ExpiringMap<Uint8Array<ArrayBuffer>>;
	/** Reach marks known to be written, by store key. */
	readonly reach: ExpiringMap<true>;
}

/** The edge only sends. */
export interface EdgeQueue extends Pick<JobQueue, "send"> {
	/** Throws when the queue cannot be reached; takes nothing from it. */
	probe(): Promise<void>;
}

export interface EdgeServices {
	readonly store: ArtefactStore;
	readonly queues: Readonly<Record<TargetClass, EdgeQueue>>;
	readonly presignPut: PresignPut;
	readonly compiler: ModelCompiler;
	readonly clock: Clock;
	/** Unpredictable: identifiers are made of it. */
	readonly random: Random;
	readonly configuration: EdgeConfiguration;
	readonly caches: EdgeCaches;
	/** Null when there is no such asset. */
	readonly asset: (path: string) => Promise<Asset | null>;
	/** Where faults of ours are written down; one line of JSON each. */
	readonly report: (entry: Readonly<Record<string, unknown>>) => void;
}
