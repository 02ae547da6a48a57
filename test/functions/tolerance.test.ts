// A tolerance from the request to key, plan and job: kernels of one never answer for another.

import { describe, expect, test } from "vitest";
import { type ToleranceId, toleranceIds } from "#shared/artefact/tolerance.ts";
import { decodePlan } from "#shared/protocol/plan-document.ts";
import { drainQueue, expectProblem, postModel, postOptimization } from "./support/edge-requests.ts";
import { publishKernel } from "./support/published-kernel.ts";
import { createTestEdge, type TestEdge } from "./support/test-edge.ts";

const pairs = toleranceIds.flatMap((cached) => toleranceIds.map((asked) => [cached, asked] as const));

/** A model whose kernel of one tolerance is in the cache. */
async function edgeWithKernel(tolerance: ToleranceId): Promise<{ edge: TestEdge; model: string }> {
	const edge = await createTestEdge();
	const { id: model } = await postModel(edge, 1);
	const { job } = await postOptimization(edge, { model, tolerance });
	await publishKernel(edge.services.store, "alpha", job.tasks[0]?.key ?? "");
	await edge.call("GET", `/v1/optimizations/${job.id}`);
	await drainQueue(edge);
	return { edge, model };
}

describe("kernels in the cache", () => {
	test.each(pairs)("one of %s answers a request for %s only if that is the same", async (cached, asked) => {
		const { edge, model } = await edgeWithKernel(cached);
		const { job } = await postOptimization(edge, { model, tolerance: asked });
		const isSame = cached === asked;
		expect(job).toMatchObject({ tolerance: asked, disposition: isSame ? "cache_hit" : "executed" });
		expect(await drainQueue(edge)).toHaveLength(isSame ? 0 : 1);
	});

	test.each(pairs)(
		"one of %s answers `cache: only` and an analysis of %s likewise",
		async (cached, asked) => {
			const { edge, model } = await edgeWithKernel(cached);
			const json = { model, target: "cpu-x86-64-v3", tolerance: asked };
			const analysis = await (await edge.call("POST", "/v1/analyses", { json })).json();
			expect(analysis).toMatchObject({ tolerance: asked, programs: [{ isHit: cached === asked }] });
			const only = await edge.call("POST", "/v1/optimizations", { json: { ...json, cache: "only" } });
			if (cached === asked) return expect(only.status).toBe(200);
			const { details } = await expectProblem(only, "cache.miss", 404);
			expect(details.misses).toMatchObject([{ components: { tolerance: asked }, cachedEffort: null }]);
		},
	);

	test("who chooses none gets those of float32-1e-3", async () => {
		const { edge, model } = await edgeWithKernel("float32-1e-3");
		const { job } = await postOptimization(edge, { model });
		expect(job).toMatchObject({ tolerance: "float32-1e-3", disposition: "cache_hit" });
		const other = await edgeWithKernel("bfloat16-1e-2");
		const { job: miss } = await postOptimization(other.edge, { model: other.model });
		expect(miss).toMatchObject({ tolerance: "float32-1e-3", disposition: "executed" });
	});
});

describe("jobs under way", () => {
	test("of two tolerances do not wait for each other, and each has a plan of its own", async () => {
		const edge = await createTestEdge();
		const { id: model } = await postModel(edge, 1);
		const jobs = [];
		for (const tolerance of toleranceIds) jobs.push((await postOptimization(edge, { model, tolerance })).job);
		expect(jobs.map(({ disposition }) => disposition)).toEqual(["executed", "executed"]);
		expect(new Set(jobs.map(({ tasks }) => tasks[0]?.key)).size).toBe(2);
		const messages = await drainQueue(edge);
		expect(messages.map(({ key }) => key)).toEqual(jobs.map(({ tasks }) => tasks[0]?.key));
		for (const [at, { plan }] of messages.entries()) {
			const stored = await edge.services.store.get(String(plan));
			expect(decodePlan(new TextDecoder().decode(stored?.bytes)).tolerance).toBe(toleranceIds[at]);
		}
	});
});

test.each(["float16", "1e-2", "BFLOAT16-1e-2", "", 0.01, null])(
	"a tolerance that is none, %j, is refused and pointed at, by both operations",
	async (tolerance) => {
		const edge = await createTestEdge();
		const json = { model: `mdl_${"0".repeat(64)}`, target: "cpu-x86-64-v3", tolerance };
		for (const path of ["/v1/optimizations", "/v1/analyses"]) {
			const problem = await expectProblem(await edge.call("POST", path, { json }), "request.invalid", 422);
			expect(problem.errors).toMatchObject([
				{ pointer: "/json/tolerance", message: expect.stringContaining("bfloat16-1e-2") },
			]);
		}
	},
);
