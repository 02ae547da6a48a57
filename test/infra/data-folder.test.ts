import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDataFolder } from "#infra/data-folder.ts";

let root: string;
beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), "kiln-data-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("openDataFolder", () => {
	test("keys are made once and are the same ever after", () => {
		const first = openDataFolder(join(root, "a"));
		expect(openDataFolder(join(root, "a"))).toEqual(first);
		expect(openDataFolder(join(root, "b")).apiKey).not.toBe(first.apiKey);
	});

	test.each(["key", "signing-key"])("only the owner can read %s", (name) => {
		openDataFolder(root);
		expect(statSync(join(root, name)).mode & 0o777).toBe(0o600);
	});

	test("the public key is the raw 32 bytes that verify what the private key signs", async () => {
		const { privateKey, publicKey } = openDataFolder(root).signingKey;
		const algorithm = { name: "Ed25519" };
		const secret = await crypto.subtle.importKey(
			"pkcs8",
			Buffer.from(privateKey, "base64"),
			algorithm,
			false,
			["sign"],
		);
		const raw = await crypto.subtle.importKey("raw", Buffer.from(publicKey, "base64"), algorithm, false, [
			"verify",
		]);
		const message = new TextEncoder().encode("kernel");
		const signature = await crypto.subtle.sign(algorithm, secret, message);
		expect(await crypto.subtle.verify(algorithm, raw, signature, message)).toBe(true);
	});
});
