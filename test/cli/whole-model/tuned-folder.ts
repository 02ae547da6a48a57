// What `kiln optimize` leaves for a model, without a service: a real kernel for each island, compiled, signed, in a folder
// of its own. The kernels are the search's first finds, not the fastest.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSigner, generateSigningKey, signManifest } from "#adapters/ed25519.ts";
import type { BindingOptions } from "#cli/read-model.ts";
import type { ModelMeasurement } from "#cli/whole-model/measure-models.ts";
import { readSourceModel } from "#cli/whole-model/read-source-model.ts";
import type { WholeModelRequest } from "#cli/whole-model/write-whole-model.ts";
import { compileSharedLibrary } from "#runner/toolchain/compile-shared-library.ts";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import type { KeyComponents } from "#shared/artefact/manifest.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { emitC, emitHeader } from "#shared/codegen/codegen.ts";
import { present } from "#shared/fault/assert.ts";
import type { LoopProgram } from "#shared/loop-ir/loop-ir.ts";
import type { Island } from "#shared/partition/partition.ts";
import { manifestFixture } from "#test/artefact/manifest-fixture.ts";
import type { Toolchain } from "#test/gpu-runner/toolchain-fixture.ts";
import { lowerAll, someCandidates } from "#test/support/check-candidates.ts";
import { hostTarget } from "#test/support/compiled-kernel.ts";

export interface TunedFolder {
	/** For `writeWholeModel`; no comparison is timed (`pretendFaster`). */
	readonly request: WholeModelRequest;
	readonly trustedKeys: Readonly<Record<string, string>>;
	readonly islands: readonly Island[];
}

export const noBindings: BindingOptions = { shape: {}, weights: "auto" };

/** Which islands are worth it is not what these tests ask: their models are too small to tell. */
export const pretendFaster = async (): Promise<ModelMeasurement> => ({
	kind: "measured",
	verdict: "faster",
	speedup: { median: 2, low: 1.9, high: 2.1 },
	errorMax: 0,
});

/** Writes `model.onnx`, the files of its tensors and the kernels of all its islands below `directory`. */
export async function tuneModel(
	toolchain: Toolchain,
	directory: string,
	bytes: Uint8Array,
	bindings: BindingOptions = noBindings,
	threads = 1,
	files: Readonly<Record<string, Uint8Array>> = {},
): Promise<TunedFolder> {
	mkdirSync(directory, { recursive: true });
	for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
	const model = join(directory, "model.onnx");
	writeFileSync(model, bytes);
	const { partition } = await readSourceModel(model, bindings);
	const kernels = join(directory, "kernels");
	const key = await generateSigningKey();
	const signer = await createSigner(key.privateKey, key.keyId);
	const folders = new Map<string, string>();
	for (const island of partition.islands) {
		if (folders.has(island.digest)) continue;
		const folder = join(kernels, `island-${island.index}`);
		await writeKernel(toolchain, folder, island, threads, signer);
		folders.set(island.digest, folder);
	}
	const trustedKeys = { [key.keyId]: key.publicKey };
	const request: WholeModelRequest = {
		model,
		bindings,
		directory: kernels,
		folders,
		trustedKeys,
		threads,
		tolerance: "float32-1e-3",
		budgetMilliseconds: 200,
		measure: pretendFaster,
	};
	return { request, trustedKeys, islands: partition.islands };
}

async function writeKernel(
	{ compiler }: Toolchain,
	folder: string,
	{ program, digest }: Island,
	threads: number,
	signer: Awaited<ReturnType<typeof createSigner>>,
): Promise<void> {
	mkdirSync(folder, { recursive: true });
	const found = lowerAll(someCandidates(program, 4, 4, threads), threads);
	const isShared = ({ kernels }: LoopProgram): boolean => kernels.some(({ isParallel }) => isParallel);
	const lowered = present(threads > 1 ? found.find(isShared) : found[0], "a candidate");
	const parts = [{ prefix: "kiln_kernel", program: lowered }];
	const source = emitC(parts, hostTarget);
	const options = { compiler, timeoutMilliseconds: 30_000 };
	const compiled = await compileSharedLibrary(source, hostTarget, join(folder, "kernel.so"), options);
	if (compiled.kind === "failed") throw new Error(compiled.message);
	writeFileSync(join(folder, "kernel.h"), emitHeader(lowered, "kiln_kernel"));
	const files = Object.fromEntries(
		["kernel.c", "kernel.h", "kernel.so"].map((name) => {
			const bytes = readFileSync(join(folder, name));
			return [name, { sha256: createHash("sha256").update(bytes).digest("hex"), bytesCount: bytes.length }];
		}),
	);
	const components: KeyComponents = {
		program: digest,
		target: "cpu-x86-64-v3",
		threads,
		tolerance: "float32-1e-3",
		version: kilnVersion,
	};
	const manifest = manifestFixture({
		key: kernelCacheKey(components),
		components,
		inputs: program.inputs.map(({ shape, dataType, role }) => ({ shape, dataType, role })),
		outputs: program.outputs.map(({ shape, dataType }) => ({ shape, dataType })),
		files,
	});
	writeFileSync(join(folder, "manifest.json"), JSON.stringify(await signManifest(manifest, signer)));
}
