import { beforeAll, describe, expect, test } from "vitest";
import { createSigner, generateSigningKey, signManifest } from "#adapters/ed25519.ts";
import { checkManifest, type TrustedKeys } from "#cli/check-manifest.ts";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import type { KernelManifest, KeyComponents, SignedManifest } from "#shared/artefact/manifest.ts";

const components: KeyComponents = {
	program: "a".repeat(64),
	target: "cpu-x86-64-v3",
	threads: 1,
	tolerance: "float32-1e-3",
	version: "0.1.0",
};
const key = kernelCacheKey(components);
const manifest: KernelManifest = {
	schema: "kiln.kernel/1",
	key,
	components,
	namespace: "local",
	effort: "quick",
	provisional: false,
	verdict: "baseline",
	speedup: { median: 1, low: 1, high: 1 },
	latencyNanoseconds: { baseline: 10, kernel: 10 },
	baselineForm: "asWritten",
	errorMax: 0,
	certificate: null,
	muGraphDigest: null,
	machine: {
		target: "cpu-x86-64-v3",
		model: "test",
		cores: 1,
		instructionSets: [],
		level1Bytes: 1,
		level2Bytes: 1,
		level3Bytes: 1,
		compiler: "none",
		baseline: "none",
		readGigabytesPerSecond: 1,
		fusedMultiplyAddGflops: 1,
	},
	runner: "test",
	createdAt: "2026-01-01T00:00:00.000Z",
	inputs: [],
	outputs: [],
	files: {},
	evidence: { samples: { sha256: "b".repeat(64), bytesCount: 1 }, candidatesTried: 0, candidatesRejected: 0 },
};

describe("checkManifest", () => {
	let signed: SignedManifest;
	let trusted: TrustedKeys;
	beforeAll(async () => {
		const pair = await generateSigningKey();
		signed = await signManifest(manifest, await createSigner(pair.privateKey, pair.keyId));
		trusted = { [pair.keyId]: pair.publicKey };
	});

	test("accepts what a trusted key signed for this key", async () => {
		await expect(checkManifest(signed, key, trusted)).resolves.toBeUndefined();
	});

	test.each<[string, (good: SignedManifest) => SignedManifest, string]>([
		[
			"an altered member",
			(good) => ({ ...good, manifest: { ...manifest, verdict: "faster" } }),
			"does not fit",
		],
		["no signature", (good) => ({ ...good, signature: "" }), "does not fit"],
		["a signature by a stranger", (good) => ({ ...good, keyId: "stranger" }), "not a trusted key"],
		["a key id that every object has", (good) => ({ ...good, keyId: "toString" }), "not a trusted key"],
	])("refuses %s", async (_, forge, reason) => {
		await expect(checkManifest(forge(signed), key, trusted)).rejects.toMatchObject({
			code: "cache.signature_invalid",
			message: expect.stringContaining(reason),
		});
	});

	test("refuses a rightly signed manifest under another key", async () => {
		await expect(checkManifest(signed, "c".repeat(64), trusted)).rejects.toMatchObject({
			code: "cache.signature_invalid",
		});
	});
});
