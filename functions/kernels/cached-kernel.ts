// Kernels in the cache: look-up by key, and whether what is there satisfies a request.

import { grantReach } from "#functions/blobs/blob-store.ts";
import type { CachedManifest, EdgeServices } from "#functions/services.ts";
import { kernelKey } from "#shared/artefact/store-keys.ts";
import { AssertionError } from "#shared/fault/assert.ts";
import { type Effort, efforts } from "#shared/pipeline/plan.ts";
import { type SignedManifestDocument, signedManifestSchema } from "#shared/protocol/signed-manifest.ts";

export interface CachedKernel {
	readonly signed: SignedManifestDocument;
	readonly etag: string;
}

/** The manifest as stored, from memory when it was read a moment ago. Null: a miss. */
export async function readManifestBytes(
	services: EdgeServices,
	namespace: string,
	key: string,
): Promise<CachedManifest | null> {
	const place = kernelKey(namespace, key);
	const known = services.caches.manifests.get(place);
	if (known !== undefined) return known;
	return (await loadKernel(services, namespace, key))?.stored ?? null;
}

/** The kernel as the store has it now. Null: a miss. */
export async function readCachedKernel(
	services: EdgeServices,
	namespace: string,
	key: string,
): Promise<CachedKernel | null> {
	return (await loadKernel(services, namespace, key))?.kernel ?? null;
}

/** Effort is an order: what was found with more satisfies a request for less. */
export function satisfies(cached: Effort, requested: Effort): boolean {
	return efforts.indexOf(cached) >= efforts.indexOf(requested);
}

async function loadKernel(
	services: EdgeServices,
	namespace: string,
	key: string,
): Promise<{ readonly kernel: CachedKernel; readonly stored: CachedManifest } | null> {
	const place = kernelKey(namespace, key);
	const object = await services.store.get(place);
	if (object === null) return null;
	const signed = decode(place, object.bytes);
	// Whoever is told a kernel's digests may fetch its files.
	const { files, evidence } = signed.manifest;
	const digests = [...Object.values(files), evidence.samples].map((reference) => reference.sha256);
	await grantReach(services, namespace, digests);
	const stored = { bytes: new Uint8Array(object.bytes), etag: object.etag };
	services.caches.manifests.set(place, stored);
	return { kernel: { signed, etag: object.etag }, stored };
}

function decode(place: string, bytes: Uint8Array): SignedManifestDocument {
	try {
		return signedManifestSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
	} catch (error) {
		throw new AssertionError(`stored manifest ${place}: ${error instanceof Error ? error.message : error}`);
	}
}
