import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
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

	test("processes that open a fresh folder at once agree on its secrets", async () => {
		const script = `
			const { openDataFolder } = await import(${JSON.stringify(import.meta.resolve("#infra/data-folder.ts"))});
			const { apiKey, signingKey } = openDataFolder(process.argv[1]);
			console.log(apiKey, signingKey.publicKey);
		`;
		const opened = Array.from({ length: 6 }, () =>
			promisify(execFile)(process.execPath, ["--input-type=module", "-e", script, join(root, "fresh")]),
		);
		const said = new Set((await Promise.all(opened)).map(({ stdout }) => stdout));
		expect(said.size).toBe(1);
		expect(readdirSync(join(root, "fresh")).sort()).toEqual(["key", "objects", "runner", "signing-key"]);
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
