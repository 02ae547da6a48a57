import { verifyManifest } from "#adapters/ed25519.ts";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import type { SignedManifest } from "#shared/artefact/manifest.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";

/** Key id to raw Ed25519 public key, base64. */
export type TrustedKeys = Readonly<Record<string, string>>;

/**
 * Accepts a manifest only if a trusted key signed exactly it and it is the answer to `key`. Throws
 * `cache.signature_invalid` otherwise: a forged, altered or misplaced manifest is never used.
 */
export async function checkManifest(
	signed: SignedManifest,
	key: string,
	trusted: TrustedKeys,
): Promise<void> {
	const refuse = (reason: string): never => {
		throw new OptimizeError("cache.signature_invalid", `kernel ${key}: ${reason}`, {
			key,
			keyId: signed.keyId,
		});
	};
	const verdict = await verifyManifest(signed, trusted);
	if (verdict === "unknownKey") refuse(`signed by '${signed.keyId}', which is not a trusted key`);
	if (verdict === "invalid") refuse("its signature does not fit it");
	const named = kernelCacheKey(signed.manifest.components);
	if (signed.manifest.key !== key || named !== key) refuse(`its manifest is of key ${named}`);
}
