// A kernel folder as `kiln optimize` and `kiln fetch` write it: its manifest, and whether its files are those it names.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { KernelManifest, SignedManifest } from "#shared/artefact/manifest.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { decodeSignedManifest } from "#shared/protocol/signed-manifest.ts";

/** Reads `manifest.json` as it stands: the signature is not checked. Throws `cache.signature_invalid` for what is none. */
export async function readSignedManifest(folder: string): Promise<SignedManifest> {
	try {
		return decodeSignedManifest(await readFile(join(folder, "manifest.json"), "utf8"));
	} catch (fault) {
		const reason = fault instanceof Error ? fault.message : String(fault);
		throw new OptimizeError(
			"cache.signature_invalid",
			`kernel folder ${folder}: no valid manifest.json: ${reason}`,
			{ folder },
			fault,
		);
	}
}

/** What is wrong with the folder's files by their digests, one sentence a file. */
export async function faultsOfFiles(folder: string, manifest: KernelManifest): Promise<readonly string[]> {
	const faults: string[] = [];
	for (const [name, { sha256 }] of Object.entries(manifest.files)) {
		const bytes = await readFile(join(folder, name)).catch(() => null);
		const found = bytes === null ? null : createHash("sha256").update(bytes).digest("hex");
		if (found === null) faults.push(`${name} is missing`);
		else if (found !== sha256) faults.push(`${name} has digest ${found}, expected ${sha256}`);
	}
	return faults;
}
