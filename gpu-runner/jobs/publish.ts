// Publishing order: blobs, then the manifest that names them. Whoever is second reads the winner and is content, or
// replaces it by something better under its entity tag.

import { createHash } from "node:crypto";
import { signManifest } from "#adapters/ed25519.ts";
import type { BlobReference, KernelManifest } from "#shared/artefact/manifest.ts";
import { promote } from "#shared/artefact/promotion.ts";
import type { ManifestSigner } from "#shared/artefact/signature.ts";
import { blobKey, kernelKey } from "#shared/artefact/store-keys.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";
import { decodeSignedManifest } from "#shared/protocol/signed-manifest.ts";

/** Races lost in a row for one manifest after which something else must be wrong. */
const promoteTriesMax = 10;

/** Stores bytes under their digest. Somebody having been first is as good. */
export async function publishBlob(store: ArtefactStore, bytes: Uint8Array): Promise<BlobReference> {
	const sha256 = createHash("sha256").update(bytes).digest("hex");
	await store.put(blobKey(sha256), bytes, { kind: "absent" });
	return { sha256, bytesCount: bytes.length };
}

export interface PublishedManifest {
	readonly manifest: KernelManifest;
	readonly etag: string;
}

export async function readManifest(
	store: ArtefactStore,
	namespace: string,
	key: string,
): Promise<PublishedManifest | null> {
	const stored = await store.get(kernelKey(namespace, key));
	if (stored === null) return null;
	const { manifest } = decodeSignedManifest(new TextDecoder().decode(stored.bytes));
	return { manifest, etag: stored.etag };
}

/** Whether every file a manifest names is there: one without its blobs counts as a miss. */
export async function isComplete(store: ArtefactStore, manifest: KernelManifest): Promise<boolean> {
	for (const reference of [...Object.values(manifest.files), manifest.evidence.samples]) {
		const found = await store.head(blobKey(reference.sha256));
		if (found === null || found.bytesCount !== reference.bytesCount) return false;
	}
	return true;
}

/**
 * Publishes the manifest unless a better one is there. `replaces`: entity tag of a manifest that is to go whatever its
 * worth (a refresh), or null.
 */
export async function publishManifest(
	store: ArtefactStore,
	signer: ManifestSigner,
	manifest: KernelManifest,
	replaces: string | null,
): Promise<"published" | "promoted" | "kept"> {
	const place = kernelKey(manifest.namespace, manifest.key);
	const encode = async (value: KernelManifest): Promise<Uint8Array> =>
		new TextEncoder().encode(JSON.stringify(await signManifest(value, signer)));
	for (let tried = 0; tried < promoteTriesMax; tried++) {
		const incumbent = await readManifest(store, manifest.namespace, manifest.key);
		if (incumbent === null) {
			const put = await store.put(place, await encode(manifest), { kind: "absent" }, "application/json");
			if (put.kind === "stored") return "published";
			continue;
		}
		const isForced = incumbent.etag === replaces || !(await isComplete(store, incumbent.manifest));
		const promotion = isForced
			? ({ kind: "replace", manifest } as const)
			: promote(incumbent.manifest, manifest);
		if (promotion.kind === "keep") return "kept";
		const condition = { kind: "matches", etag: incumbent.etag } as const;
		const put = await store.put(place, await encode(promotion.manifest), condition, "application/json");
		if (put.kind === "stored") return "promoted";
	}
	throw new OptimizeError(
		"infra.storage",
		`manifest ${manifest.key} changed under ${promoteTriesMax} writes in a row`,
	);
}
