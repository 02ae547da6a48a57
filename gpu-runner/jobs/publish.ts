// Publishing order: blobs, then the manifest that names them. Whoever is second reads the winner and is content, or
// replaces it by something better under its entity tag.

import { createHash } from "node:crypto";
import { z } from "zod";
import { signManifest } from "#adapters/ed25519.ts";
import type { BlobReference, KernelManifest } from "#shared/artefact/manifest.ts";
import { type Promotion, promote } from "#shared/artefact/promotion.ts";
import type { ManifestSigner } from "#shared/artefact/signature.ts";
import { blobKey, kernelKey, trainingKey } from "#shared/artefact/store-keys.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ArtefactStore } from "#shared/pipeline/ports.ts";
import { decodeSignedManifest } from "#shared/protocol/signed-manifest.ts";
import { type MeasuredTask, trainingLines, trainingRows } from "./training-rows.ts";

/** Races lost in a row for one manifest after which something else must be wrong. */
const promoteTriesMax = 10;

/** Stores bytes under their digest. Somebody having been first is as good. */
export async function publishBlob(store: ArtefactStore, bytes: Uint8Array): Promise<BlobReference> {
	const sha256 = createHash("sha256").update(bytes).digest("hex");
	const put = await store.put(blobKey(sha256), bytes, { kind: "absent" });
	// What lies there was cut short: without this its kernels would stay incomplete for ever.
	if (put.kind === "exists" && (await store.head(blobKey(sha256)))?.bytesCount !== bytes.length)
		await store.put(blobKey(sha256), bytes, { kind: "always" });
	return { sha256, bytesCount: bytes.length };
}

/** Stores a task's training rows once: what an earlier attempt at the task wrote stands. */
export async function publishTrainingRows(store: ArtefactStore, measured: MeasuredTask): Promise<void> {
	const { jobId, task, plan } = measured;
	const place = trainingKey(plan.target, plan.programDigest, jobId, task);
	const lines = new TextEncoder().encode(trainingLines(trainingRows(measured)));
	await store.put(place, lines, { kind: "absent" }, "application/jsonl");
}

export interface PublishedManifest {
	/** Null: what lies there is no manifest, and counts as none. */
	readonly manifest: KernelManifest | null;
	readonly etag: string;
}

export async function readManifest(
	store: ArtefactStore,
	namespace: string,
	key: string,
): Promise<PublishedManifest | null> {
	const stored = await store.get(kernelKey(namespace, key));
	if (stored === null) return null;
	return { manifest: decode(stored.bytes), etag: stored.etag };
}

function decode(bytes: Uint8Array): KernelManifest | null {
	try {
		return decodeSignedManifest(new TextDecoder().decode(bytes)).manifest;
	} catch (fault) {
		if (fault instanceof z.ZodError || fault instanceof SyntaxError) return null;
		throw fault;
	}
}

/** Whether every file a manifest names is there: one without its blobs counts as a miss. */
export async function isComplete(store: ArtefactStore, manifest: KernelManifest): Promise<boolean> {
	for (const reference of [...Object.values(manifest.files), manifest.evidence.samples]) {
		const found = await store.head(blobKey(reference.sha256));
		if (found === null || found.bytesCount !== reference.bytesCount) return false;
	}
	return true;
}

async function promotionOver(
	store: ArtefactStore,
	incumbent: PublishedManifest,
	newcomer: KernelManifest,
	replaces: string | null,
): Promise<Promotion> {
	const forced = { kind: "replace", manifest: newcomer } as const;
	if (incumbent.manifest === null || incumbent.etag === replaces) return forced;
	return (await isComplete(store, incumbent.manifest)) ? promote(incumbent.manifest, newcomer) : forced;
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
		const promotion = await promotionOver(store, incumbent, manifest, replaces);
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
