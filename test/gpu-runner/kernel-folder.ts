// A kernel folder as users get it, made of a hand-written kernel.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSigner, generateSigningKey, signManifest } from "#adapters/ed25519.ts";
import { compileSharedLibrary } from "#runner/toolchain/compile-shared-library.ts";
import { kernelReadme } from "#shared/artefact/kernel-readme.ts";
import { manifestFixture } from "#test/artefact/manifest-fixture.ts";
import { type KernelShape, kernelHeader, kernelSource } from "./kernel-fixture.ts";
import type { Toolchain } from "./toolchain-fixture.ts";

export interface KernelFolder {
	readonly path: string;
	readonly trustedKeys: Readonly<Record<string, string>>;
}

/** (rmsnorm(X)·G)·W of this shape. */
export async function writeKernelFolder(
	toolchain: Toolchain,
	path: string,
	shape: KernelShape,
): Promise<KernelFolder> {
	mkdirSync(path, { recursive: true });
	const source = kernelSource("right", "kiln_kernel", shape);
	const { compiler, target } = toolchain;
	const compiled = await compileSharedLibrary(source, target, join(path, "kernel.so"), {
		compiler,
		timeoutMilliseconds: 20_000,
	});
	if (compiled.kind === "failed") throw new Error(compiled.message);
	const { m, k, n } = shape;
	const bare = manifestFixture({
		inputs: [
			{ shape: [m, k], dataType: "float32", role: "activation" },
			{ shape: [k], dataType: "float32", role: "weight" },
			{ shape: [k, n], dataType: "float32", role: "weight" },
		],
		outputs: [{ shape: [m, n], dataType: "float32" }],
		files: {},
	});
	writeFileSync(join(path, "kernel.h"), kernelHeader);
	writeFileSync(join(path, "README.md"), kernelReadme(bare));
	const files = Object.fromEntries(
		["kernel.c", "kernel.h", "kernel.so", "README.md"].map((name) => {
			const bytes = readFileSync(join(path, name));
			return [name, { sha256: createHash("sha256").update(bytes).digest("hex"), bytesCount: bytes.length }];
		}),
	);
	const key = await generateSigningKey();
	const signed = await signManifest({ ...bare, files }, await createSigner(key.privateKey, key.keyId));
	writeFileSync(join(path, "manifest.json"), JSON.stringify(signed));
	return { path, trustedKeys: { [key.keyId]: key.publicKey } };
}
