// A kernel folder with a real proof and real code, but no compiled library: what `kiln verify` reads.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSigner, generateSigningKey, type SigningKey, signManifest } from "#adapters/ed25519.ts";
import { kernelPrefix } from "#runner/measure/measure-candidates.ts";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import type { KernelManifest } from "#shared/artefact/manifest.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { emitC } from "#shared/codegen/codegen.ts";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import { encodeProofDocument, type ProofDocument } from "#shared/protocol/proof-document.ts";
import { decodeSignedManifest } from "#shared/protocol/signed-manifest.ts";
import { targets } from "#shared/target/target.ts";
import { manifestFixture } from "#test/artefact/manifest-fixture.ts";
import { rootMeanSquareNormLinear } from "#test/support/programs.ts";

const target = "cpu-x86-64-v3";

export interface ProvenFolder {
	readonly proof: ProofDocument;
	readonly manifest: KernelManifest;
	readonly source: string;
	readonly key: SigningKey;
}

/** Searches, proves and generates once; `lay` writes it as often as a test needs. */
export async function proveKernel(): Promise<ProvenFolder> {
	const program = rootMeanSquareNormLinear(2, 32, 16);
	const digest = canonicalProgramDigest(program);
	const plan = planProgram({
		program,
		programDigest: digest,
		target,
		threads: 1,
		effort: "quick",
		tolerance: "float32-1e-3",
		cursor: null,
	});
	const [candidate] = plan.candidates;
	const planned = plan.muGraphs[candidate?.muGraph ?? 0];
	if (candidate === undefined || planned === undefined) throw new Error("the search found nothing");
	const { muGraph, certificate } = planned;
	const lowered = lowerMuGraph(muGraph, candidate.schedule, targets[target], 1);
	const components = {
		program: digest,
		target,
		threads: 1,
		tolerance: "float32-1e-3",
		version: kilnVersion,
	} as const;
	return {
		proof: { schema: "kiln.proof/1", program, muGraph, schedule: candidate.schedule },
		source: emitC([{ prefix: kernelPrefix, program: lowered }], targets[target]),
		manifest: manifestFixture({
			key: kernelCacheKey(components),
			components,
			certificate,
			muGraphDigest: planned.digest,
			inputs: program.inputs,
			outputs: program.outputs.map(({ shape, dataType }) => ({ shape, dataType })),
			files: {},
		}),
		key: await generateSigningKey(),
	};
}

/** Writes the folder, every file named with its digest and the manifest signed. */
export async function layFolder(path: string, proven: ProvenFolder): Promise<void> {
	mkdirSync(path, { recursive: true });
	writeFileSync(join(path, "kernel.c"), proven.source);
	writeFileSync(join(path, "proof.json"), encodeProofDocument(proven.proof));
	await resign(path, proven.manifest, proven.key);
}

/** Signs the manifest over the files as they lie there: what somebody with a key of their own can do. */
export async function resign(path: string, manifest: KernelManifest, key: SigningKey): Promise<void> {
	const files = Object.fromEntries(
		["kernel.c", "proof.json"].map((name) => {
			const bytes = readFileSync(join(path, name));
			return [name, { sha256: createHash("sha256").update(bytes).digest("hex"), bytesCount: bytes.length }];
		}),
	);
	const signer = await createSigner(key.privateKey, key.keyId);
	writeFileSync(
		join(path, "manifest.json"),
		JSON.stringify(await signManifest({ ...manifest, files }, signer)),
	);
}

export const manifestIn = (path: string): KernelManifest =>
	decodeSignedManifest(readFileSync(join(path, "manifest.json"), "utf8")).manifest;
