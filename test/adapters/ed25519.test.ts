import { describe, expect, test } from "vitest";
import {
	createSigner,
	generateSigningKey,
	keyIdOf,
	signManifest,
	verifyManifest,
} from "#adapters/ed25519.ts";
import { decodeSignedManifest } from "#shared/protocol/signed-manifest.ts";
import { manifestFixture } from "#test/artefact/manifest-fixture.ts";

async function signed() {
	const key = await generateSigningKey();
	const signer = await createSigner(key.privateKey, key.keyId);
	return {
		key,
		document: await signManifest(manifestFixture(), signer),
		trusted: { [key.keyId]: key.publicKey },
	};
}

describe("signed manifests", () => {
	test("verify after a trip through JSON with members in another order", async () => {
		const { document, trusted } = await signed();
		const reordered = {
			signature: document.signature,
			keyId: document.keyId,
			manifest: Object.fromEntries(Object.entries(document.manifest).reverse()),
		};
		expect(await verifyManifest(decodeSignedManifest(JSON.stringify(reordered)), trusted)).toBe("valid");
	});

	test("any changed member makes the signature invalid", async () => {
		const { document, trusted } = await signed();
		for (const change of [
			{ verdict: "tie" },
			{ key: "11".repeat(32) },
			{ errorMax: 2e-7 },
			{ files: {} },
		] as const)
			expect(
				await verifyManifest({ ...document, manifest: { ...document.manifest, ...change } }, trusted),
			).toBe("invalid");
	});

	test("another key's signature under a trusted name, and garbage, are invalid; an untrusted name is unknown", async () => {
		const { document, trusted, key } = await signed();
		const other = await signed();
		expect(await verifyManifest({ ...other.document, keyId: key.keyId }, trusted)).toBe("invalid");
		for (const signature of ["", "AAAA", "not base64!", document.signature.slice(4)])
			expect(await verifyManifest({ ...document, signature }, trusted)).toBe("invalid");
		expect(await verifyManifest(document, {})).toBe("unknownKey");
		expect(await verifyManifest({ ...document, keyId: "toString" }, trusted)).toBe("unknownKey");
	});

	test("a key's name is derived from its public half", async () => {
		const key = await generateSigningKey();
		expect(key.keyId).toMatch(/^[0-9a-f]{16}$/);
		expect(await keyIdOf(key.publicKey)).toBe(key.keyId);
	});
});
