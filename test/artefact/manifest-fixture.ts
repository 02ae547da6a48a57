import type { KernelManifest } from "#shared/artefact/manifest.ts";

const file = { sha256: "ab".repeat(32), bytesCount: 3 };

/** A valid manifest of a kernel that is faster; `change` overrides. */
export function manifestFixture(change: Partial<KernelManifest> = {}): KernelManifest {
	return {
		schema: "kiln.kernel/1",
		key: "cd".repeat(32),
		components: {
			program: "ef".repeat(32),
			target: "cpu-x86-64-v3",
			threads: 1,
			tolerance: "float32-1e-3",
			version: "0.1.0",
		},
		namespace: "local",
		effort: "quick",
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
			model: "a machine",
			cores: 2,
			instructionSets: ["avx2"],
			level1Bytes: 32768,
			level2Bytes: 524288,
			level3Bytes: 33554432,
			compiler: "gcc 12",
			baseline: "onnxruntime 1.30.0",
			readGigabytesPerSecond: 20,
			fusedMultiplyAddGflops: 100,
		},
		runner: "runner-1",
		createdAt: "2026-01-01T00:00:00.000Z",
		inputs: [{ shape: [2, 3], dataType: "float32", role: "activation" }],
		outputs: [{ shape: [2, 3], dataType: "float32" }],
		files: { "kernel.c": file, "kernel.h": file, "kernel.so": file, "README.md": file, "samples.json": file },
		evidence: { samples: file, candidatesTried: 4, candidatesRejected: 1 },
		...change,
	};
}
