import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { uploadDataKey } from "#shared/artefact/store-keys.ts";
import { modelBytesMax } from "#shared/protocol/upload.ts";
import { expectProblem, modelBytes, postModel } from "./support/edge-requests.ts";
import { createTestEdge } from "./support/test-edge.ts";

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("POST /v1/models", () => {
	test("answers with the model's islands and a Location that gives the same", async () => {
		const edge = await createTestEdge();
		const response = await edge.call("POST", "/v1/models", { bytes: modelBytes(1, 1, 2) });
		expect(response.status).toBe(201);
		const model = await response.json();
		expect(model).toMatchObject({ blob: sha256Of(modelBytes(1, 1, 2)), nodesCount: 3, bytesCount: 4 });
		expect(model.islands).toHaveLength(3);
		const location = response.headers.get("location") ?? "";
		expect(await (await edge.call("GET", location)).json()).toEqual(model);
	});

	test("the same bytes under the same bindings are the same model; under others another", async () => {
		const edge = await createTestEdge();
		const post = async (query: string): Promise<string> => {
			const response = await edge.call("POST", `/v1/models${query}`, { bytes: modelBytes(1) });
			return (await response.json()).id;
		};
		const plain = await post("");
		expect(await post("")).toBe(plain);
		const bound = await post("?shape=batch=8&shape=a=b=3");
		expect(bound).not.toBe(plain);
		expect(await post("?shape=a=b=3&shape=batch=8")).toBe(bound);
		expect(await post("?weight=w2&weight=w1")).toBe(await post("?weight=w1&weight=w2"));
	});

	test.each([
		["an extent that is no number", "?shape=batch=x"],
		["an extent of zero", "?shape=batch=0"],
		["a binding without a name", "?shape=8"],
		["an extent beyond 2^31", "?shape=batch=99999999999"],
	])("refuses %s", async (_, query) => {
		const edge = await createTestEdge();
		const response = await edge.call("POST", `/v1/models${query}`, { bytes: modelBytes(1) });
		await expectProblem(response, "request.invalid", 422);
	});

	test("a model that cannot be read is refused by its code", async () => {
		const edge = await createTestEdge();
		const response = await edge.call("POST", "/v1/models", { bytes: Uint8Array.of(9, 9) });
		const problem = await expectProblem(response, "model.malformed", 422);
		expect(problem).toMatchObject({ class: "model", retryable: false, details: { found: 2 } });
	});

	test("refuses a body beyond the limit by its announced length, and by its real one", async () => {
		const edge = await createTestEdge();
		const announced = { "content-length": String(modelBytesMax + 1) };
		const early = await edge.call("POST", "/v1/models", { bytes: modelBytes(1), headers: announced });
		await expectProblem(early, "upload.too_large", 413);
		let sent = 0;
		const chunk = new Uint8Array(1 << 20);
		const body = new ReadableStream<Uint8Array>({
			pull(controller) {
				sent += chunk.length;
				controller.enqueue(chunk);
			},
		});
		const headers = { authorization: "Bearer kiln_alpha", "content-type": "application/octet-stream" };
		const init = { method: "POST", body, headers, duplex: "half" } as RequestInit;
		const late = await edge.app.request("/v1/models", init);
		await expectProblem(late, "upload.too_large", 413);
		expect(sent).toBeLessThan(modelBytesMax + 4 * chunk.length);
	});

	test("refuses content of another type", async () => {
		const edge = await createTestEdge();
		const headers = { "content-type": "text/html" };
		const response = await edge.call("POST", "/v1/models", { bytes: modelBytes(1), headers });
		await expectProblem(response, "request.invalid", 422);
	});

	test("a model of another namespace is hidden", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		const response = await edge.call("GET", `/v1/models/${model.id}`, { key: "kiln_beta" });
		await expectProblem(response, "auth.not_found_or_hidden", 404);
	});
});

describe("uploads", () => {
	const bytes = modelBytes(4);
	const announced = { sha256: sha256Of(bytes), size: bytes.length };
	const begin = async (edge: Awaited<ReturnType<typeof createTestEdge>>) => {
		const response = await edge.call("POST", "/v1/uploads", { json: announced });
		expect(response.status).toBe(201);
		return (await response.json()).upload as string;
	};

	test("bytes sent to the URL become a blob that a model can be made of", async () => {
		const edge = await createTestEdge();
		const id = await begin(edge);
		await edge.services.store.put(uploadDataKey(id), bytes, { kind: "always" });
		const completed = await edge.call("POST", `/v1/uploads/${id}/complete`);
		expect(await completed.json()).toEqual({ blob: announced.sha256 });
		const made = await edge.call("POST", "/v1/models", { json: { blob: announced.sha256 } });
		expect(made.status).toBe(201);
		const again = await edge.call("POST", "/v1/uploads", { json: announced });
		expect(await again.json()).toEqual({ exists: true, blob: announced.sha256 });
		expect((await edge.call("POST", `/v1/uploads/${id}/complete`)).status).toBe(200);
	});

	test("bytes other than those announced are refused and become nothing", async () => {
		const edge = await createTestEdge();
		const id = await begin(edge);
		const other = modelBytes(5);
		await edge.services.store.put(uploadDataKey(id), other, { kind: "always" });
		const response = await edge.call("POST", `/v1/uploads/${id}/complete`);
		await expectProblem(response, "upload.checksum_mismatch", 422);
		for (const digest of [announced.sha256, sha256Of(other)]) {
			const blob = await edge.call("GET", `/v1/blobs/${digest}`);
			await expectProblem(blob, "auth.not_found_or_hidden", 404);
		}
	});

	test("completing too early says incomplete, after the URL's time expired", async () => {
		const edge = await createTestEdge();
		const id = await begin(edge);
		const path = `/v1/uploads/${id}/complete`;
		await expectProblem(await edge.call("POST", path), "upload.incomplete", 409);
		edge.advanceSeconds(901);
		await expectProblem(await edge.call("POST", path), "upload.expired", 410);
	});

	test("what another namespace has sent is neither said to exist nor usable by its digest", async () => {
		const edge = await createTestEdge();
		const id = await begin(edge);
		await edge.services.store.put(uploadDataKey(id), bytes, { kind: "always" });
		await edge.call("POST", `/v1/uploads/${id}/complete`);
		const theirs = { key: "kiln_beta" } as const;
		expect((await edge.call("POST", "/v1/uploads", { json: announced, ...theirs })).status).toBe(201);
		const made = await edge.call("POST", "/v1/models", { json: { blob: announced.sha256 }, ...theirs });
		await expectProblem(made, "auth.not_found_or_hidden", 404);
		const stolen = await edge.call("POST", `/v1/uploads/${id}/complete`, theirs);
		await expectProblem(stolen, "auth.not_found_or_hidden", 404);
	});

	test("more than a model may have is refused before anything is sent", async () => {
		const edge = await createTestEdge();
		const json = { sha256: announced.sha256, size: modelBytesMax + 1 };
		await expectProblem(await edge.call("POST", "/v1/uploads", { json }), "upload.too_large", 413);
	});
});
