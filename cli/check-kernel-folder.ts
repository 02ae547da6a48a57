// A kernel folder before anything of it runs: who signed it, whether its files are those that were signed, and whether
// this processor can run them.

import { verifyManifest } from "#adapters/ed25519.ts";
import { runnableTargets } from "#runner/machine/describe-machine.ts";
import type { KernelManifest } from "#shared/artefact/manifest.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { TrustedKeys } from "./check-manifest.ts";
import { faultsOfFiles, readSignedManifest } from "./read-kernel-folder.ts";

/**
 * The manifest of a folder that may be loaded. `trustedKeys` undefined: digests are checked, not who signed.
 * Throws `OptimizeError` cache.signature_invalid, cache.miss (the folder holds no kernel) or target.unknown.
 */
export async function checkKernelFolder(
	folder: string,
	trustedKeys: TrustedKeys | undefined,
): Promise<KernelManifest> {
	const signed = await readSignedManifest(folder);
	const { manifest } = signed;
	if (trustedKeys !== undefined) {
		const verdict = await verifyManifest(signed, trustedKeys);
		if (verdict !== "valid") throw refusal(folder, `its signature by '${signed.keyId}' is ${verdict}`);
	}
	if (manifest.files["kernel.so"] === undefined)
		throw new OptimizeError("cache.miss", `${folder} holds no kernel: its verdict is ${manifest.verdict}`, {
			folder,
		});
	const [fault] = await faultsOfFiles(folder, manifest);
	if (fault !== undefined) throw refusal(folder, fault);
	const { target } = manifest.components;
	if (!(await runnableTargets()).includes(target))
		throw new OptimizeError("target.unknown", `${folder} is for ${target}, which this processor cannot run`, {
			target,
		});
	return manifest;
}

const refusal = (folder: string, reason: string): OptimizeError =>
	new OptimizeError("cache.signature_invalid", `kernel folder ${folder}: ${reason}`, { folder });
