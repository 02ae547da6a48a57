import { createHash } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPresignPut } from "#adapters/s3-presign.ts";
import { createS3Store } from "#adapters/s3-store.ts";
import { type LocalStore, startLocalStore } from "./local-backends.ts";
import { describeStoreContract } from "./store.contract.ts";

let local: LocalStore;
beforeAll(async () => {
	local = await startLocalStore();
});
afterAll(() => local.stop());

describe("the store over S3", () => {
	describeStoreContract(() => createS3Store(local.options));

	test("keeps keys with marks that URLs and XML treat specially apart", async () => {
		const store = createS3Store(local.options);
		const keys = ["odd/a b&<c>d.json", "odd/ü+%20=?#.json"];
		for (const key of keys) await store.put(key, new TextEncoder().encode(key), { kind: "always" });
		for (const key of keys) expect(new TextDecoder().decode((await store.get(key))?.bytes)).toBe(key);
		expect(await store.list("odd/", 10)).toEqual([...keys].sort());
	});

	test("a wrong secret is refused at once and named", async () => {
		const store = createS3Store({ ...local.options, secretAccessKey: "wrong" });
		await expect(store.get("a")).rejects.toMatchObject({ code: "infra.storage", details: { status: 403 } });
	});
});

/** On a connection of its own: the server closes one whose body it did not read, and a pooled one might just be taken. */
function putStatus(
	url: string,
	headers: Readonly<Record<string, string>>,
	body: Uint8Array,
): Promise<number> {
	return new Promise((resolve, reject) => {
		const put = request(url, { method: "PUT", headers, agent: false }, (response) => {
			response.resume();
			resolve(response.statusCode ?? 0);
		});
		put.on("error", reject);
		put.end(body);
	});
}

describe("presigned uploads", () => {
	const presign = (sha256: string, bytesCount: number, key: string, expiresSeconds = 60) =>
		createPresignPut(local.options)(key, { sha256, bytesCount, expiresSeconds });
	const body = new TextEncoder().encode("model bytes");
	const sha256 = createHash("sha256").update(body).digest("hex");

	test("take the announced bytes", async () => {
		const { url, headers } = await presign(sha256, body.length, "uploads/one.bin");
		expect(await putStatus(url, headers, body)).toBe(200);
		const stored = await createS3Store(local.options).get("uploads/one.bin");
		expect(stored?.bytes).toEqual(body);
	});

	test.each([
		["another length", new TextEncoder().encode("longer model bytes"), {}],
		["another checksum header", body, { "x-amz-checksum-sha256": Buffer.alloc(32).toString("base64") }],
		["no checksum header", body, { "x-amz-checksum-sha256": "" }],
	])("refuse %s", async (_, sent, change) => {
		const { url, headers } = await presign(sha256, body.length, "uploads/two.bin");
		expect(await putStatus(url, { ...headers, ...change }, sent)).toBe(403);
	});

	test("refuse another key than the one signed", async () => {
		const { url, headers } = await presign(sha256, body.length, "uploads/three.bin");
		expect(await putStatus(url.replace("three.bin", "four.bin"), headers, body)).toBe(403);
	});
});
