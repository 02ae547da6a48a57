// Kernels in the cache: look-up by key, whether what is there can be believed, and whether it satisfies a request.

import { verifyManifest } from "#adapters/ed25519.ts";
import { canReach, grantReach, rememberReach } from "#functions/blobs/blob-store.ts";
import { mapBounded } from "#functions/bounded-parallel.ts";
import type { CachedKernel, EdgeServices } from "#functions/services.ts";
import type { BlobReference, SignedManifest } from "#shared/artefact/manifest.ts";
import { blobKey, kernelKey } from "#shared/artefact/store-keys.ts";
import { AssertionError } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { type SignedManifestDocument, signedManifestSchema } from "#shared/protocol/signed-manifest.ts";

/**
 * The kernel as it was a moment ago at the latest. Null: a miss. Throws cache.signature_invalid for one that no trusted
 * runner signed for this place.
 */
export async function readRecentKernel(
	services: EdgeServices,
	namespace: string,
	key: string,
): Promise<CachedKernel | null> {
	const known = services.caches.kernels.get(kernelKey(namespace, key));
	if (known !== undefined) return known;
	const loaded = await loadKernel(services, namespace, key);
	if (loaded.kind === "refused") throw loaded.error;
	return loaded.kind === "absent" ? null : loaded.kernel;
}

export interface FoundKernel {
	readonly kernel: CachedKernel | null;
	/** Entity tag of a stored manifest that cannot be believed, or null: a new measurement replaces it. */
	readonly refusedEtag: string | null;
}

/** The kernel as the store has it now. A manifest that cannot be believed is a miss, and is reported. */
export async function findKernel(
	services: EdgeServices,
	namespace: string,
	key: string,
): Promise<FoundKernel> {
	const loaded = await loadKernel(services, namespace, key);
	if (loaded.kind === "loaded") return { kernel: loaded.kernel, refusedEtag: null };
	if (loaded.kind === "absent") return { kernel: null, refusedEtag: null };
	services.report({ event: "kernel.refused", namespace, key, error: loaded.error.message });
	return { kernel: null, refusedEtag: loaded.etag };
}

/** The same for those who do not care why there is none. */
export async function readCachedKernel(
	services: EdgeServices,
	namespace: string,
	key: string,
): Promise<CachedKernel | null> {
	return (await findKernel(services, namespace, key)).kernel;
}

/** Whether all files that the manifest names are there: without them it is a miss, to be repaired. */
export async function isComplete(services: EdgeServices, { signed }: CachedKernel): Promise<boolean> {
	const found = await mapBounded(filesOf(signed), async ({ sha256, bytesCount }) => {
		const head = await services.store.head(blobKey(sha256));
		return head?.bytesCount === bytesCount;
	});
	return found.every(Boolean);
}

type LoadedKernel =
	| { readonly kind: "loaded"; readonly kernel: CachedKernel }
	| { readonly kind: "absent" }
	| { readonly kind: "refused"; readonly etag: string; readonly error: Error };

async function loadKernel(services: EdgeServices, namespace: string, key: string): Promise<LoadedKernel> {
	const place = kernelKey(namespace, key);
	const object = await services.store.get(place);
	if (object === null) return { kind: "absent" };
	const signed = decode(place, object.bytes);
	if (signed instanceof AssertionError) return { kind: "refused", etag: object.etag, error: signed };
	const forgery = await findForgery(services, { namespace, key }, signed);
	if (forgery !== null) return { kind: "refused", etag: object.etag, error: forgery };
	await showFiles(services, namespace, sha256Hex(`${place} ${object.etag}`), digestsOf(signed));
	const kernel = { signed, bytes: new Uint8Array(object.bytes), etag: object.etag };
	services.caches.kernels.set(place, kernel);
	return { kind: "loaded", kernel };
}

/** The document is kept as it was written, members unknown to us included: the signature is over all of them. */
function decode(place: string, bytes: Uint8Array): SignedManifestDocument | AssertionError {
	try {
		const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
		signedManifestSchema.parse(document);
		return document as SignedManifestDocument;
	} catch (error) {
		return new AssertionError(`stored manifest ${place}: ${error instanceof Error ? error.message : error}`);
	}
}

/** A signature is for one key in one namespace; where no keys are configured, clients check it alone. */
async function findForgery(
	services: EdgeServices,
	place: { readonly namespace: string; readonly key: string },
	signed: SignedManifest,
): Promise<OptimizeError | null> {
	const { manifest } = signed;
	const isMisplaced = manifest.key !== place.key || manifest.namespace !== place.namespace;
	const { trustedKeys } = services.configuration;
	const isUnchecked = Object.keys(trustedKeys).length === 0;
	const verdict = isUnchecked ? "valid" : await verifyManifest(signed, trustedKeys);
	if (!isMisplaced && verdict === "valid") return null;
	return new OptimizeError(
		"cache.signature_invalid",
		"the stored manifest is not one that a trusted runner signed",
		{
			verdict: isMisplaced ? "misplaced" : verdict,
			keyId: signed.keyId,
		},
	);
}

const filesOf = ({ manifest }: SignedManifest): readonly BlobReference[] => [
	...Object.values(manifest.files),
	manifest.evidence.samples,
];

const digestsOf = (signed: SignedManifest): readonly string[] => [
	...new Set(filesOf(signed).map(({ sha256 }) => sha256)),
];

/** Whoever is told a kernel's digests may fetch its files. The mark of the manifest itself comes last: it stands for all. */
async function showFiles(
	services: EdgeServices,
	namespace: string,
	manifestMark: string,
	digests: readonly string[],
): Promise<void> {
	if (await canReach(services, namespace, manifestMark)) rememberReach(services, namespace, digests);
	else await grantReach(services, namespace, [...digests, manifestMark]);
}
