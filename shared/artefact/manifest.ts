// The signed record of a kernel: what it is the answer to, why it is believed, how fast it was, and where its bytes are.

import type { Effort } from "#shared/pipeline/plan.ts";
import type { Machine, TargetId } from "#shared/target/target.ts";
import type { Certificate } from "#shared/verify/certificate.ts";
import type { ToleranceId } from "./tolerance.ts";

/** The named components whose canonical JSON is hashed into the cache key: kept so that a miss can be explained. */
export interface KeyComponents {
	readonly program: string;
	readonly target: TargetId;
	readonly threads: number;
	readonly tolerance: ToleranceId;
	/** Version of search, lowering and measuring together: `kilnVersion`. */
	readonly version: string;
}

export interface Interval {
	readonly median: number;
	readonly low: number;
	readonly high: number;
}

/**
 * `faster`: the interval of baseline / kernel lies above 1.03; `tie`: within 3 %; `baseline`: nothing faster was found,
 * the baseline is the answer; `inconclusive`: fewer than half the samples were clean.
 */
export type SpeedVerdict = "faster" | "tie" | "baseline" | "inconclusive";

export interface BlobReference {
	readonly sha256: string;
	readonly bytesCount: number;
}

export interface KernelManifest {
	readonly schema: "kiln.kernel/1";
	readonly key: string;
	readonly components: KeyComponents;
	readonly namespace: string;
	readonly effort: Effort;
	readonly provisional: boolean;
	readonly verdict: SpeedVerdict;
	/** baseline time / kernel time, with a 95 % interval from the interleaved samples. 1 exactly when the verdict is `baseline`. */
	readonly speedup: Interval;
	readonly latencyNanoseconds: { readonly baseline: number; readonly kernel: number };
	/** Which ONNX form the fastest baseline had. */
	readonly baselineForm: string;
	/**
	 * Largest |kernel - reference| / max|reference| over all inputs tried, float64 reference. It may exceed the tolerance's
	 * own bound where inputs hurt ONNX Runtime as much.
	 */
	readonly errorMax: number;
	readonly certificate: Certificate | null;
	readonly muGraphDigest: string | null;
	readonly machine: Machine;
	readonly runner: string;
	readonly createdAt: string;
	readonly inputs: readonly {
		readonly shape: readonly number[];
		readonly dataType: string;
		readonly role: "activation" | "weight";
	}[];
	readonly outputs: readonly { readonly shape: readonly number[]; readonly dataType: string }[];
	/** By file name: `kernel.c`, `kernel.h`, `kernel.so`, `README.md`, `proof.json`, `mugraph.svg`, `samples.json`; empty when the verdict is `baseline`. */
	readonly files: Readonly<Record<string, BlobReference>>;
	readonly evidence: {
		readonly samples: BlobReference;
		readonly candidatesTried: number;
		readonly candidatesRejected: number;
	};
}

/** What lies in the store: the manifest's canonical JSON, signed with Ed25519. */
export interface SignedManifest {
	readonly manifest: KernelManifest;
	readonly keyId: string;
	/** Base64. Over the canonical JSON (RFC 8785) of `manifest`. */
	readonly signature: string;
}
