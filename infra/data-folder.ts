// The folder where a local stack keeps what must outlast it: objects, the API key, the signing key, and the lock that
// keeps two stacks out of the same folder.

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linkUnlessThere } from "./folder-lock.ts";

/** Relative to the checkout or the working directory. */
export const defaultDataFolder = ".kiln/data";

/** RFC 8410: an Ed25519 SPKI is a fixed prefix and these bytes. */
const ed25519KeyBytes = 32;

export interface SigningKey {
	/** First 16 hex digits of SHA-256 over the raw public key. */
	readonly id: string;
	/** PKCS #8, base64. Secret. */
	readonly privateKey: string;
	/** The raw 32 bytes, base64. */
	readonly publicKey: string;
}

export interface DataFolder {
	readonly path: string;
	/** Where the object store persists. */
	readonly objectsPath: string;
	/** Scratch and cache of the runner. */
	readonly runnerPath: string;
	/** Plain API key of this folder's stack. Secret. */
	readonly apiKey: string;
	readonly signingKey: SigningKey;
}

/** Opens the folder, creating it, its API key and its signing key at the first call. Secrets are readable by the owner only. */
export function openDataFolder(path: string): DataFolder {
	mkdirSync(path, { recursive: true, mode: 0o700 });
	const objectsPath = join(path, "objects");
	const runnerPath = join(path, "runner");
	mkdirSync(objectsPath, { recursive: true });
	mkdirSync(runnerPath, { recursive: true });
	return {
		path,
		objectsPath,
		runnerPath,
		apiKey: secretIn(join(path, "key"), () => `kiln_${randomBytes(24).toString("base64url")}`),
		signingKey: readSigningKey(join(path, "signing-key")),
	};
}

function readSigningKey(path: string): SigningKey {
	const privateKey = secretIn(path, () =>
		generateKeyPairSync("ed25519").privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
	);
	const secret = createPrivateKey({ key: Buffer.from(privateKey, "base64"), format: "der", type: "pkcs8" });
	const raw = createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-ed25519KeyBytes);
	const id = createHash("sha256").update(raw).digest("hex").slice(0, 16);
	return { id, privateKey, publicKey: raw.toString("base64") };
}

function secretIn(path: string, create: () => string): string {
	if (!existsSync(path)) {
		// Linked when it is whole: of several processes that come first together, one's secret is everybody's.
		const draft = `${path}.${process.pid}`;
		writeFileSync(draft, `${create()}\n`, { mode: 0o600 });
		linkUnlessThere(draft, path);
		rmSync(draft);
	}
	return readFileSync(path, "utf8").trim();
}
