import { describe, expect, test } from "vitest";
import { createMemoryStore } from "#adapters/memory-store.ts";
import { problemResponse } from "#functions/errors.ts";
import { type ErrorCode, errorCodes, OptimizeError, retryableCodes } from "#shared/fault/optimize-error.ts";
import { problemSchema } from "#shared/protocol/problem.ts";
import { expectProblem } from "./support/edge-requests.ts";
import { createTestEdge } from "./support/test-edge.ts";

describe("problem+json", () => {
	test.each(Object.entries(errorCodes))(
		"%s is answered with status %i in the one shape",
		async (code, status) => {
			const error = new OptimizeError(code as ErrorCode, "what went wrong", { limit: 3 });
			const response = problemResponse(error, { requestId: "req_1", path: "/v1/x" });
			const problem = problemSchema.parse(await response.json());
			expect(response.status).toBe(status);
			expect(problem).toMatchObject({ status, code, detail: "what went wrong" });
			// What a store or a queue said is for the log.
			expect(problem.details).toEqual(code.startsWith("infra.") ? {} : { limit: 3 });
			expect(problem.class).toBe(code.split(".")[0]);
			expect(problem.retryable).toBe(retryableCodes.has(code as ErrorCode));
			expect(response.headers.has("retry-after")).toBe(problem.retryable);
		},
	);

	test("a fault of ours says nothing of itself to the caller and everything to the log", async () => {
		const store = {
			...createMemoryStore(),
			head: async () => {
				throw new TypeError("secret detail");
			},
		};
		const edge = await createTestEdge({ store });
		const problem = await expectProblem(await edge.call("GET", "/readyz"), "internal.bug", 500);
		expect(JSON.stringify(problem)).not.toContain("secret");
		expect(edge.reports).toMatchObject([{ error: "secret detail", requestId: problem.request_id }]);
	});

	test("a store that cannot be reached makes the edge not ready, and that is retryable", async () => {
		const store = {
			...createMemoryStore(),
			head: async () => {
				throw new OptimizeError("infra.storage", "the object store did not answer");
			},
		};
		const edge = await createTestEdge({ store });
		const problem = await expectProblem(await edge.call("GET", "/readyz"), "infra.storage", 503);
		expect(problem.retryable).toBe(true);
		expect((await edge.call("GET", "/healthz")).status).toBe(200);
	});

	test.each([
		["no JSON", "{", "application/json"],
		["JSON of another shape", "[]", "application/json"],
		["no content type", "{}", ""],
	])("a body that is %s is request.invalid", async (_, body, contentType) => {
		const edge = await createTestEdge();
		const headers = { authorization: "Bearer kiln_alpha", "content-type": contentType };
		const response = await edge.app.request("/v1/optimizations", { method: "POST", body, headers });
		await expectProblem(response, "request.invalid", 422);
	});

	test.each([
		["/v1/optimizations", "application/json"],
		["/v1/models", "application/json"],
		["/v1/models", "application/merge-patch+json"],
		["/v1/uploads", "application/json"],
	])("JSON beyond its limit is refused: %s as %s", async (path, contentType) => {
		const edge = await createTestEdge();
		const json = { model: "x".repeat(300_000), target: "cpu-x86-64-v3" };
		const response = await edge.call("POST", path, { json, headers: { "content-type": contentType } });
		await expectProblem(response, "upload.too_large", 413);
	});

	test.each([
		["GET", "/v1/nothing"],
		["GET", "/nothing"],
		["DELETE", "/v1/targets"],
	])("%s %s is not found", async (method, path) => {
		const edge = await createTestEdge();
		await expectProblem(await edge.call(method, path), "auth.not_found_or_hidden", 404);
	});

	test("every answer names its request, and no two share a name", async () => {
		const edge = await createTestEdge();
		const names = [];
		for (const path of ["/healthz", "/v1/targets", "/nothing"])
			names.push((await edge.call("GET", path)).headers.get("request-id"));
		expect(new Set(names).size).toBe(3);
		for (const name of names) expect(name).toMatch(/^req_[0-9A-Z]{26}$/);
	});
});
