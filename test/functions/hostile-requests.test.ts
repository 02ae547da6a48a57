// Requests of any shape: whatever is sent, the answer is the caller's fault or fine, never ours.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toleranceIds } from "#shared/artefact/tolerance.ts";
import { postModel } from "./support/edge-requests.ts";
import { createTestEdge, type TestEdge } from "./support/test-edge.ts";

const seed = Number(process.env.TEST_SEED);

const posts = ["/v1/models", "/v1/uploads", "/v1/analyses", "/v1/optimizations"];
const gets = ["models", "optimizations", "kernels", "blobs", "uploads"].map((kind) => `/v1/${kind}/`);

/** Mostly right requests with one wrong part get further than noise does. */
const almostRight = fc.record(
	{
		model: fc.oneof(fc.constant("MODEL"), fc.string(), fc.jsonValue()),
		target: fc.oneof(fc.constant("cpu-x86-64-v3"), fc.jsonValue()),
		effort: fc.oneof(fc.constantFrom("quick", "max"), fc.jsonValue()),
		threads: fc.oneof(fc.integer(), fc.double(), fc.jsonValue()),
		tolerance: fc.oneof(fc.constantFrom(...toleranceIds), fc.jsonValue()),
		shapes: fc.oneof(fc.dictionary(fc.string(), fc.integer()), fc.jsonValue()),
		weights: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
		cache: fc.oneof(fc.constantFrom("prefer", "only", "refresh"), fc.jsonValue()),
		blob: fc.oneof(fc.constant("0".repeat(64)), fc.string()),
		sha256: fc.oneof(fc.constant("0".repeat(64)), fc.string()),
		size: fc.oneof(fc.nat(), fc.jsonValue()),
	},
	{ requiredKeys: [] },
);

const expectCalm = async (edge: TestEdge, response: Response): Promise<void> => {
	await response.arrayBuffer();
	expect([response.status < 500, edge.reports]).toEqual([true, []]);
};

describe("requests of any shape", () => {
	test("JSON bodies", async () => {
		const edge = await createTestEdge();
		const model = await postModel(edge, 1);
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom(...posts),
				fc.oneof(fc.jsonValue(), almostRight),
				async (path, value) => {
					const body = JSON.stringify(value).replaceAll('"MODEL"', `"${model.id}"`);
					const headers = { authorization: "Bearer kiln_alpha", "content-type": "application/json" };
					await expectCalm(edge, await edge.app.request(path, { method: "POST", body, headers }));
				},
			),
			{ seed, numRuns: 300 },
		);
	});

	test("paths, queries and headers", async () => {
		const edge = await createTestEdge();
		const text = fc.string({ unit: "binary", maxLength: 40 }).map((value) => encodeURIComponent(value));
		const part = fc.oneof(text, fc.constantFrom("..%2f..%2fkeys", "%FF", "%00", "__proto__", "*"));
		const header = fc.stringMatching(/^[ -~]{0,60}$/);
		await fc.assert(
			fc.asyncProperty(fc.constantFrom(...gets), part, header, header, async (path, id, one, other) => {
				const headers = { "if-none-match": one, prefer: other.replace(/\d/g, "0"), range: one };
				await expectCalm(edge, await edge.call("GET", `${path}${id}?shape=${id}`, { headers }));
			}),
			{ seed, numRuns: 300 },
		);
	});

	test("model bytes and bindings", async () => {
		const edge = await createTestEdge();
		const name = fc.oneof(fc.string(), fc.constantFrom("__proto__=1", "constructor=2", "=", "a=1e3", "a=-0"));
		await fc.assert(
			fc.asyncProperty(
				fc.uint8Array({ maxLength: 40 }),
				fc.array(name, { maxLength: 3 }),
				async (bytes, names) => {
					const query = names.map((text) => `shape=${encodeURIComponent(text)}`).join("&");
					const path = `/v1/models?${query}`;
					await expectCalm(edge, await edge.call("POST", path, { bytes: new Uint8Array(bytes) }));
				},
			),
			{ seed, numRuns: 200 },
		);
	});
});
