import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SignedManifest } from "#shared/artefact/manifest.ts";
import type { ToleranceId } from "#shared/artefact/tolerance.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { decodeSignedManifest } from "#shared/protocol/signed-manifest.ts";

export interface KernelFolder {
	readonly folder: string;
	readonly tolerance: ToleranceId;
}

/** Folders under `directory` that hold a kernel's library, by the digest of the program it computes. */
export async function kernelFolders(directory: string): Promise<ReadonlyMap<string, KernelFolder>> {
	const folders = new Map<string, KernelFolder>();
	for (const name of await listFolders(directory)) {
		const folder = join(directory, name);
		const text = await readFile(join(folder, "manifest.json"), "utf8").catch(() => null);
		// A folder without a manifest is none of ours.
		if (text === null) continue;
		const { manifest } = decode(folder, text);
		const { program, tolerance } = manifest.components;
		if (Object.hasOwn(manifest.files, "kernel.so")) folders.set(program, { folder, tolerance });
	}
	return folders;
}

function decode(folder: string, text: string): SignedManifest {
	try {
		return decodeSignedManifest(text);
	} catch (error) {
		const message = `${join(folder, "manifest.json")} is not the manifest of a kernel`;
		throw new OptimizeError("cache.signature_invalid", message, { folder }, error);
	}
}

async function listFolders(directory: string): Promise<readonly string[]> {
	try {
		const entries = await readdir(directory, { withFileTypes: true });
		return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
	} catch (error) {
		throw new OptimizeError(
			"request.invalid",
			`kernels folder ${directory} cannot be read`,
			{ directory },
			error,
		);
	}
}
