import { describe, expect, test } from "vitest";
import { createSigner, generateSigningKey, signManifest } from "#adapters/ed25519.ts";
import { blobKey, kernelKey } from "#shared/artefact/store-keys.ts";
import { present } from "#shared/fault/assert.ts";
import { sha256Hex } from "#shared/numeric/sha256.ts";
import { expectProblem, modelBytes, postModel, postOptimization } from "./support/edge-requests.ts";
import { kernelSource, publishKernel, signedManifest } from "./support/published-kernel.ts";
import { createTestEdge, type TestEdge } from "./support/test-edge.ts";

const key = sha256Hex("kernel");

describe("GET /v1/kernels/{key}", () => {
	test("gives the manifest byte for byte as it was stored, with its ETag", async () => {
		const edge = await createTestEdge();
		await publishKernel(edge.services.store, "alpha", key);
		const stored = await edge.services.store.get(kernelKey("alpha", key));
		const response = await edge.call("GET", `/v1/kernels/${key}`);
		expect(response.headers.get("etag")).toBe(stored?.etag);
		expect(new Uint8Array(await response.arrayBuffer())).toEqual(stored?.bytes);
	});

	test.each(["the same", "a weak", "one of several", "any"])("gives 304 to %s tag", async (kind) => {
		const edge = await createTestEdge();
		await publishKernel(edge.services.store, "alpha", key);
		const etag = (await edge.call("GET", `/v1/kernels/${key}`)).headers.get("etag") ?? "";
		const forms: Readonly<Record<string, string>> = {
			"the same": etag,
			"a weak": `W/${etag}`,
			"one of several": `"x", ${etag}`,
			any: "*",
		};
		const headers = { "if-none-match": forms[kind] ?? "" };
		const response = await edge.call("GET", `/v1/kernels/${key}`, { headers });
		expect(response.status).toBe(304);
		expect(await response.text()).toBe("");
	});

	test("a promoted kernel is seen once the isolate's memory has lapsed", async () => {
		const edge = await createTestEdge();
		await publishKernel(edge.services.store, "alpha", key, { effort: "quick" });
		const effort = async () => (await (await edge.call("GET", `/v1/kernels/${key}`)).json()).manifest.effort;
		expect(await effort()).toBe("quick");
		await publishKernel(edge.services.store, "alpha", key, { effort: "max" });
		edge.advanceSeconds(6);
		expect(await effort()).toBe("max");
	});

	test.each([sha256Hex("none"), "nonsense", "..%2F..%2Fkeys%2Fx"])("%s is a miss", async (path) => {
		const edge = await createTestEdge();
		await expectProblem(await edge.call("GET", `/v1/kernels/${path}`), "cache.miss", 404);
	});

	test("another namespace's kernel is a miss", async () => {
		const edge = await createTestEdge();
		await publishKernel(edge.services.store, "alpha", key);
		const response = await edge.call("GET", `/v1/kernels/${key}`, { key: "kiln_beta" });
		await expectProblem(response, "cache.miss", 404);
	});

	test("a stored manifest that is none is our fault and is noted", async () => {
		const edge = await createTestEdge();
		await edge.services.store.put(kernelKey("alpha", key), new TextEncoder().encode("{}"), {
			kind: "always",
		});
		const problem = await expectProblem(await edge.call("GET", `/v1/kernels/${key}`), "internal.bug", 500);
		expect(problem.detail).not.toContain("manifest");
		expect(edge.reports).toMatchObject([{ event: "request.failed", requestId: problem.request_id }]);
	});
});

describe("kernels that cannot be believed or used", () => {
	const trustedEdge = async () => {
		const signer = await generateSigningKey();
		const base = await createTestEdge();
		const configuration = {
			...base.services.configuration,
			trustedKeys: { [signer.keyId]: signer.publicKey },
		};
		const edge = await createTestEdge({ configuration });
		const { job } = await postOptimization(edge, { model: (await postModel(edge, 1)).id });
		return { edge, signer, task: present(job.tasks[0], "one island"), model: job.model };
	};
	const publish = async (edge: TestEdge, place: string, signed: unknown) =>
		edge.services.store.put(place, new TextEncoder().encode(JSON.stringify(signed)), { kind: "always" });

	test("one signed by a trusted runner is served and is a hit", async () => {
		const { edge, signer, task, model } = await trustedEdge();
		const { manifest } = signedManifest(task.key);
		const signed = await signManifest(manifest, await createSigner(signer.privateKey, signer.keyId));
		await edge.services.store.put(blobKey(sha256Hex(kernelSource)), kernelSource, { kind: "always" });
		await publish(edge, kernelKey("alpha", task.key), { ...signed, addedLater: 1 });
		expect((await edge.call("GET", `/v1/kernels/${task.key}`)).status).toBe(200);
		expect((await postOptimization(edge, { model })).job.disposition).toBe("cache_hit");
	});

	test.each(["changed after signing", "signed by another", "signed for another key"])(
		"one %s is refused and never a hit",
		async (fault) => {
			const { edge, signer, task, model } = await trustedEdge();
			const other = await generateSigningKey();
			const key = fault === "signed for another key" ? sha256Hex("other") : task.key;
			const by = fault === "signed by another" ? other : signer;
			const signed = await signManifest(
				signedManifest(key).manifest,
				await createSigner(by.privateKey, by.keyId),
			);
			const change = fault === "changed after signing" ? { errorMax: 0 } : {};
			await publish(edge, kernelKey("alpha", task.key), {
				...signed,
				manifest: { ...signed.manifest, ...change },
			});
			const response = await edge.call("GET", `/v1/kernels/${task.key}`);
			await expectProblem(response, "cache.signature_invalid", 502);
			const { job } = await postOptimization(edge, { model });
			expect(job.disposition).not.toBe("cache_hit");
			const stored = await edge.services.store.head(kernelKey("alpha", task.key));
			expect(job.tasks[0]?.replaces).toBe(stored?.etag);
			expect(edge.reports).toContainEqual(expect.objectContaining({ event: "kernel.refused" }));
		},
	);

	test("a stored manifest that is none is a miss that a new measurement repairs", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const { job: first } = await postOptimization(edge, { model: model.id });
		const place = kernelKey("alpha", first.tasks[0]?.key ?? "");
		await edge.services.store.put(place, new TextEncoder().encode("{}"), { kind: "always" });
		const { job } = await postOptimization(edge, { model: model.id });
		expect(job).toMatchObject({
			terminal: false,
			tasks: [{ replaces: (await edge.services.store.head(place))?.etag }],
		});
	});

	test("one whose files are gone is a miss that a new measurement repairs", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const { job: first } = await postOptimization(edge, { model: model.id });
		const { key: kernel = "" } = first.tasks[0] ?? {};
		await publishKernel(edge.services.store, "alpha", kernel);
		await edge.call("GET", `/v1/optimizations/${first.id}`);
		await edge.services.store.remove(blobKey(sha256Hex(kernelSource)));
		const { job } = await postOptimization(edge, { model: model.id });
		expect(job.disposition).toBe("executed");
		const path = `/v1/optimizations/${job.id}`;
		expect(await (await edge.call("GET", path)).json()).toMatchObject({ terminal: false });
		await publishKernel(edge.services.store, "alpha", kernel);
		expect(await (await edge.call("GET", path)).json()).toMatchObject({ state: "succeeded" });
	});
});

describe("GET and HEAD /v1/blobs/{sha256}", () => {
	const digest = sha256Hex(kernelSource);
	const path = `/v1/blobs/${digest}`;

	/** Files of a kernel can be fetched by whoever was told of them. */
	const edgeWithKernel = async () => {
		const edge = await createTestEdge();
		await publishKernel(edge.services.store, "alpha", key);
		await edge.call("GET", `/v1/kernels/${key}`);
		return edge;
	};

	test("a kernel's file is given, immutable, to who was given its manifest and to no other", async () => {
		const edge = await edgeWithKernel();
		const response = await edge.call("GET", path);
		expect(response.headers.get("cache-control")).toContain("immutable");
		expect(response.headers.get("etag")).toBe(`"sha256-${digest}"`);
		expect(new Uint8Array(await response.arrayBuffer())).toEqual(kernelSource);
		await expectProblem(await edge.call("GET", path, { key: "kiln_beta" }), "auth.not_found_or_hidden", 404);
	});

	test("knowing a digest is no permission", async () => {
		const edge = await createTestEdge();
		await publishKernel(edge.services.store, "alpha", key);
		await expectProblem(await edge.call("GET", path), "auth.not_found_or_hidden", 404);
	});

	test("a model's own bytes can be read back by its namespace", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1, 2);
		const response = await edge.call("GET", `/v1/blobs/${model.blob}`);
		expect(new Uint8Array(await response.arrayBuffer())).toEqual(modelBytes(1, 2));
	});

	test("HEAD gives the length and no bytes; a known tag gives 304", async () => {
		const edge = await edgeWithKernel();
		const head = await edge.call("HEAD", path);
		expect(head.headers.get("content-length")).toBe(String(kernelSource.length));
		expect(await head.text()).toBe("");
		const headers = { "if-none-match": `"sha256-${digest}"` };
		expect((await edge.call("GET", path, { headers })).status).toBe(304);
	});

	test.each([
		["bytes=0-1", 206, "/*", "bytes 0-1/14"],
		["bytes=12-", 206, "*/", "bytes 12-13/14"],
		["bytes=-2", 206, "*/", "bytes 12-13/14"],
		["bytes=12-99", 206, "*/", "bytes 12-13/14"],
		["bytes=14-", 416, "", "bytes */14"],
		["bytes=0-1,3-4", 200, "/* kernel.c */", null],
		["bytes=5-2", 200, "/* kernel.c */", null],
		["lines=1-2", 200, "/* kernel.c */", null],
	])("Range %s gives %i", async (range, status, text, contentRange) => {
		const edge = await edgeWithKernel();
		const response = await edge.call("GET", path, { headers: { range } });
		expect(response.status).toBe(status);
		expect(await response.text()).toBe(text);
		expect(response.headers.get("content-range")).toBe(contentRange);
	});

	test("bytes that rotted in the store are not given out", async () => {
		const edge = await edgeWithKernel();
		await edge.services.store.put(blobKey(digest), new TextEncoder().encode("rotten"), { kind: "always" });
		await expectProblem(await edge.call("GET", path), "infra.storage", 503);
	});
});
