import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import { canonicalJson } from "#shared/artefact/canonical-json.ts";
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
	const publicKey = Object.hasOwn(trusted, signed.keyId) ? trusted[signed.keyId] : undefined;
	if (publicKey === undefined) return refuse(`signed by '${signed.keyId}', which is not a trusted key`);
	const algorithm = { name: "Ed25519" };
	const raw = Buffer.from(publicKey, "base64");
	const imported = await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
	const text = new TextEncoder().encode(canonicalJson(signed.manifest));
	const signature = Buffer.from(signed.signature, "base64");
	if (!(await crypto.subtle.verify(algorithm, imported, signature, text)))
		refuse("its signature does not fit it");
	const named = kernelCacheKey(signed.manifest.components);
	if (signed.manifest.key !== key || named !== key) refuse(`its manifest is of key ${named}`);
}
