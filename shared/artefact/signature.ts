import { canonicalJson } from "./canonical-json.ts";
import type { KernelManifest } from "./manifest.ts";

/** The text whose UTF-8 bytes are signed: canonical JSON (RFC 8785), so that a manifest can be read, kept and sent as any JSON. */
export function signedText(manifest: KernelManifest): string {
	return canonicalJson(manifest);
}

/** Who signs. `keyId` says with what, so that keys can be changed. */
export interface ManifestSigner {
	readonly keyId: string;
	/** Ed25519 over the UTF-8 bytes of `text`; base64. */
	sign(text: string): Promise<string>;
}

/** `unknownKey`: not one of the keys the caller trusts; `invalid`: the manifest or the signature was changed. */
export type SignatureVerdict = "valid" | "unknownKey" | "invalid";
