// A kernel in the cache, as a runner publishes it (the signature is not the edge's to make).

import type { KernelManifest, SignedManifest } from "#shared/artefact/manifest.ts";
import { blobKey, kernelKey } from "#shared/artefact/store-keys.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";

export const kernelSource = new TextEncoder().encode("/* kernel.c */");

export function signedManifest(key: string, change: Partial<KernelManifest> = {}): SignedManifest {
	const blob = { sha256: sha256Hex(kernelSource), bytesCount: kernelSource.length };
	const manifest: KernelManifest = {
		schema: "kiln.kernel/1",
		key,
		components: {
			program: sha256Hex("program"),
			target: "cpu-x86-64-v3",
			threads: 1,
			tolerance: "float32-1e-3",
			version: "0.1.0",
		},
		namespace: "alpha",
		effort: "standard",
		provisional: false,
		verdict: "faster",
		speedup: { median: 2, low: 1.9, high: 2.1 },
		latencyNanoseconds: { baseline: 2000, kernel: 1000 },
		baselineForm: "asWritten",
		errorMax: 1e-7,
		certificate: null,
		muGraphDigest: null,
		machine: {
			target: "cpu-x86-64-v3",
			model: "test",
			cores: 2,
			instructionSets: [],
			level1Bytes: 1,
			level2Bytes: 1,
			level3Bytes: 1,
			compiler: "cc",
			baseline: "none",
			readGigabytesPerSecond: 1,
			fusedMultiplyAddGflops: 1,
		},
		runner: "runner-1",
		createdAt: "2026-01-01T00:00:00.000Z",
		inputs: [],
		outputs: [],
		files: { "kernel.c": blob },
		evidence: { samples: blob, candidatesTried: 1, candidatesRejected: 0 },
		...change,
	};
	return { manifest, keyId: "test", signature: "AAAA" };
}

/** Publishes over whatever lies there. */
export async function publishKernel(
	store: ArtefactStore,
	namespace: string,
	key: string,
	change: Partial<KernelManifest> = {},
): Promise<void> {
	await store.put(blobKey(sha256Hex(kernelSource)), kernelSource, { kind: "absent" });
	const text = JSON.stringify(signedManifest(key, { namespace, ...change }));
	await store.put(kernelKey(namespace, key), new TextEncoder().encode(text), { kind: "always" });
}
