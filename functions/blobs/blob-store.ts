// Immutable bytes by digest. Who may read them is kept in marks a namespace has (`reach/`): a digest is no permission.

import { hexOfBytes } from "#adapters/hex.ts";
import type { EdgeServices } from "#functions/services.ts";
import { blobKey, reachKey } from "#shared/artefact/store-keys.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

/** Larger blobs are not kept in an isolate's memory. */
const cachedBlobBytesMax = 256 * 1024;

export async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
	return hexOfBytes(await crypto.subtle.digest("SHA-256", bytes));
}

/** Stores bytes under their digest. Somebody having been first is as good. */
export async function storeBlob(
	services: EdgeServices,
	bytes: Uint8Array<ArrayBuffer>,
	digest?: string,
): Promise<string> {
	const name = digest ?? (await digestOf(bytes));
	await services.store.put(blobKey(name), bytes, { kind: "absent" });
	return name;
}

/** Lets a namespace read a blob from now on. */
export async function grantReach(
	services: EdgeServices,
	namespace: string,
	digests: readonly string[],
): Promise<void> {
	for (const digest of digests) {
		const key = reachKey(namespace, digest);
		if (services.caches.reach.get(key) !== undefined) continue;
		await services.store.put(key, new Uint8Array(), { kind: "absent" });
		services.caches.reach.set(key, true);
	}
}

/** Saves this isolate from looking for marks that are known to be written. */
export function rememberReach(services: EdgeServices, namespace: string, digests: readonly string[]): void {
	for (const digest of digests) services.caches.reach.set(reachKey(namespace, digest), true);
}

export async function canReach(services: EdgeServices, namespace: string, digest: string): Promise<boolean> {
	const key = reachKey(namespace, digest);
	if (services.caches.reach.get(key) !== undefined) return true;
	if ((await services.store.head(key)) === null) return false;
	services.caches.reach.set(key, true);
	return true;
}

/**
 * A blob's bytes, hashed again on the way: what the store gives back is not believed. Null when there is no such blob.
 * Throws infra.storage when the bytes are not the digest's.
 */
export async function readBlob(
	services: EdgeServices,
	digest: string,
): Promise<Uint8Array<ArrayBuffer> | null> {
	const known = services.caches.blobs.get(digest);
	if (known !== undefined) return known;
	const stored = await services.store.get(blobKey(digest));
	if (stored === null) return null;
	const bytes = new Uint8Array(
		stored.bytes.buffer as ArrayBuffer,
		stored.bytes.byteOffset,
		stored.bytes.length,
	);
	if ((await digestOf(bytes)) !== digest)
		throw new OptimizeError("infra.storage", "the stored bytes are not what their name says", { digest });
	if (bytes.length <= cachedBlobBytesMax) services.caches.blobs.set(digest, bytes);
	return bytes;
}

export function hiddenError(what: string): OptimizeError {
	return new OptimizeError("auth.not_found_or_hidden", `there is no such ${what}, or it is not yours to see`);
}
