import { describe, expect, test } from "vitest";
import { createSigner, generateSigningKey, verifyManifest } from "#adapters/ed25519.ts";
import { createMemoryStore } from "#adapters/memory-store.ts";
import { isComplete, publishBlob, publishManifest, readManifest } from "#runner/jobs/publish.ts";
import type { KernelManifest } from "#shared/artefact/manifest.ts";
import { blobKey, kernelKey } from "#shared/artefact/store-keys.ts";
import { decodeSignedManifest } from "#shared/protocol/signed-manifest.ts";
import { manifestFixture } from "#test/artefact/manifest-fixture.ts";

async function setUp() {
	const store = createMemoryStore();
	const key = await generateSigningKey();
	const signer = await createSigner(key.privateKey, key.keyId);
	const file = await publishBlob(store, new TextEncoder().encode("bytes"));
	const manifest = (change: Partial<KernelManifest> = {}): KernelManifest =>
		manifestFixture({
			files: { "kernel.so": file },
			evidence: { samples: file, candidatesTried: 1, candidatesRejected: 0 },
			...change,
		});
	const publish = (change: Partial<KernelManifest> = {}, replaces: string | null = null) =>
		publishManifest(store, signer, manifest(change), replaces);
	const published = async () => {
		const found = await readManifest(store, manifest().namespace, manifest().key);
		if (found?.manifest == null) throw new Error("nothing is published");
		return { etag: found.etag, manifest: found.manifest };
	};
	return { store, key, file, manifest, publish, published };
}

const slow = { speedup: { median: 1.1, low: 1.05, high: 1.2 } };
const fast = { speedup: { median: 3, low: 2.9, high: 3.1 } };

describe("publishing", () => {
	test("a manifest is stored signed, and the same again changes nothing", async () => {
		const { store, key, manifest, publish, published } = await setUp();
		expect(await publish()).toBe("published");
		const { etag } = await published();
		expect(await publish()).toBe("kept");
		expect((await published()).etag).toBe(etag);
		const stored = await store.get(kernelKey(manifest().namespace, manifest().key));
		const signed = decodeSignedManifest(new TextDecoder().decode(stored?.bytes));
		expect(await verifyManifest(signed, { [key.keyId]: key.publicKey })).toBe("valid");
	});

	test("of many at once the best one is left, whatever the order", async () => {
		const { publish, published } = await setUp();
		const outcomes = await Promise.all([slow, fast, slow, fast, slow].map((change) => publish(change)));
		expect(outcomes.filter((outcome) => outcome === "published")).toHaveLength(1);
		expect((await published()).manifest.speedup).toEqual(fast.speedup);
	});

	test("a worse one replaces only what a refresh asked to be replaced", async () => {
		const { publish, published } = await setUp();
		await publish(fast);
		expect(await publish(slow)).toBe("kept");
		const { etag } = await published();
		expect(await publish(slow, etag)).toBe("promoted");
		expect(await publish(slow, etag)).toBe("kept");
		expect((await published()).manifest.speedup).toEqual(slow.speedup);
	});

	test("one whose files are gone or cut short counts as a miss and is replaced", async () => {
		const { store, file, publish, published } = await setUp();
		await publish(fast);
		expect(await isComplete(store, (await published()).manifest)).toBe(true);
		await store.put(blobKey(file.sha256), new Uint8Array(1), { kind: "always" });
		expect(await isComplete(store, (await published()).manifest)).toBe(false);
		expect(await publish(slow)).toBe("promoted");
	});

	test("what is no manifest is replaced", async () => {
		const { store, manifest, publish, published } = await setUp();
		const { namespace, key } = manifest();
		await store.put(kernelKey(namespace, key), new TextEncoder().encode("{"), { kind: "always" });
		expect(await readManifest(store, namespace, key)).toMatchObject({ manifest: null });
		expect(await publish(slow)).toBe("promoted");
		expect((await published()).manifest.speedup).toEqual(slow.speedup);
	});

	test("a blob that was cut short is made whole", async () => {
		const { store, file } = await setUp();
		await store.put(blobKey(file.sha256), new Uint8Array(1), { kind: "always" });
		await publishBlob(store, new TextEncoder().encode("bytes"));
		expect(await store.head(blobKey(file.sha256))).toMatchObject({ bytesCount: file.bytesCount });
	});

	test("a blob is stored under its digest, once", async () => {
		const { store, file } = await setUp();
		const before = await store.head(blobKey(file.sha256));
		expect(await publishBlob(store, new TextEncoder().encode("bytes"))).toEqual(file);
		expect(await store.head(blobKey(file.sha256))).toEqual(before);
	});
});
