// Lays kernels down on disk: one folder an island, complete or not there at all.

import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { SignedManifest } from "#shared/artefact/manifest.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { Client } from "./client.ts";

/**
 * Fetches a kernel's files and writes them and `manifest.json` to `folder`, replacing what was there. A kernel whose
 * verdict is `baseline` has a manifest only.
 */
export async function writeKernelFolder(
	client: Client,
	signed: SignedManifest,
	folder: string,
): Promise<void> {
	const files = await Promise.all(
		Object.entries(signed.manifest.files).map(async ([name, { sha256 }]) => {
			if (basename(name) !== name || name.startsWith(".")) {
				throw new OptimizeError(
					"cache.signature_invalid",
					`kernel ${signed.manifest.key}: file name '${name}'`,
				);
			}
			return { name, bytes: await client.getBlob(sha256) };
		}),
	);
	await mkdir(join(folder, ".."), { recursive: true });
	const draft = await mkdtemp(`${folder}.draft-`);
	try {
		for (const { name, bytes } of files) await writeFile(join(draft, name), bytes);
		await writeFile(join(draft, "manifest.json"), `${JSON.stringify(signed, null, 2)}\n`);
		await rm(folder, { recursive: true, force: true });
		await rename(draft, folder);
	} catch (error) {
		await rm(draft, { recursive: true, force: true });
		throw error;
	}
}
