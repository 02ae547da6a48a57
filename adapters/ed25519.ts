// Signing and checking kernel manifests with Ed25519 (RFC 8032) through WebCrypto.

import type { KernelManifest, SignedManifest } from "#shared/artefact/manifest.ts";
import { type ManifestSigner, type SignatureVerdict, signedText } from "#shared/artefact/signature.ts";
import { hexOfBytes } from "./hex.ts";

export interface SigningKey {
	/** First 16 hex digits of SHA-256 over the raw public key. */
	readonly keyId: string;
	/** PKCS #8, base64. Secret. */
	readonly privateKey: string;
	/** The raw 32 bytes, base64. */
	readonly publicKey: string;
}

const algorithm = { name: "Ed25519" } as const;

function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> {
	const characters = atob(text);
	const bytes = new Uint8Array(characters.length);
	for (let index = 0; index < characters.length; index++) bytes[index] = characters.charCodeAt(index);
	return bytes;
}

function base64OfBytes(bytes: ArrayBuffer): string {
	let characters = "";
	for (const byte of new Uint8Array(bytes)) characters += String.fromCharCode(byte);
	return btoa(characters);
}

/** The name of a public key (raw 32 bytes, base64). */
export async function keyIdOf(publicKey: string): Promise<string> {
	return hexOfBytes(await crypto.subtle.digest("SHA-256", bytesOfBase64(publicKey))).slice(0, 16);
}

/** A fresh key pair. */
export async function generateSigningKey(): Promise<SigningKey> {
	const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
	if (!("privateKey" in pair)) throw new TypeError("Ed25519 gave a single key");
	const publicKey = base64OfBytes(await crypto.subtle.exportKey("raw", pair.publicKey));
	const privateKey = base64OfBytes(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
	return { keyId: await keyIdOf(publicKey), privateKey, publicKey };
}

/** Signs with a private key (PKCS #8, base64). Throws when it is no Ed25519 key. */
export async function createSigner(privateKey: string, keyId: string): Promise<ManifestSigner> {
	const key = await crypto.subtle.importKey("pkcs8", bytesOfBase64(privateKey), algorithm, false, ["sign"]);
	return {
		keyId,
		sign: async (text) =>
			base64OfBytes(await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(text))),
	};
}

export async function signManifest(
	manifest: KernelManifest,
	signer: ManifestSigner,
): Promise<SignedManifest> {
	return { manifest, keyId: signer.keyId, signature: await signer.sign(signedText(manifest)) };
}

/** Checks a manifest against the keys the caller trusts: key id to raw public key, base64. */
export async function verifyManifest(
	signed: SignedManifest,
	trustedKeys: Readonly<Record<string, string>>,
): Promise<SignatureVerdict> {
	const publicKey = Object.hasOwn(trustedKeys, signed.keyId) ? trustedKeys[signed.keyId] : undefined;
	if (publicKey === undefined) return "unknownKey";
	const key = await crypto.subtle.importKey("raw", bytesOfBase64(publicKey), algorithm, false, ["verify"]);
	const text = new TextEncoder().encode(signedText(signed.manifest));
	const isValid = await crypto.subtle.verify(algorithm, key, signatureBytes(signed.signature), text);
	return isValid ? "valid" : "invalid";
}

/** What is no base64 is no signature: empty bytes, which never verify. */
function signatureBytes(signature: string): Uint8Array<ArrayBuffer> {
	return /^[A-Za-z0-9+/]*={0,2}$/.test(signature) && signature.length % 4 === 0
		? bytesOfBase64(signature)
		: new Uint8Array();
}
