// Searches divided over calls of the Worker to itself, in the real Workers runtime.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Response as MiniflareResponse } from "miniflare";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jobSchema } from "#shared/protocol/job.ts";
import { encodeSearchCall } from "#shared/protocol/search-call.ts";
import { fixturesDirectory } from "#test/support/outside-suites.ts";
import { gatedMlp } from "#test/support/programs.ts";
import { type MiniflareEdge, startMiniflareEdge } from "./support/miniflare-edge.ts";
import { residentBytes } from "./support/resident-bytes.ts";
import { requestInit } from "./support/test-edge.ts";

/** What planning may add to the runtime: an isolate may have 128 MB, and its collector has not always run when we look. */
const planningGrowthBytesMax = 128 * 2 ** 20;

interface Planned {
	/** Calls that were answered, as the response says. */
	readonly calls: string | null;
	/** Stored plans, by store key. */
	readonly plans: Readonly<Record<string, string>>;
}

async function optimize(edge: MiniflareEdge, name: string, target = "cpu-x86-64-v3"): Promise<Planned> {
	const bytes = new Uint8Array(readFileSync(join(fixturesDirectory, "exported", name, "model.onnx")));
	const model = await (await edge.fetch("/v1/models", requestInit("POST", { bytes }))).json();
	const json = { model: model.id, target, effort: "quick" };
	const response = await edge.fetch("/v1/optimizations", requestInit("POST", { json }));
	const job = jobSchema.parse(await response.json());
	const plans: Record<string, string> = {};
	for (const { plan } of job.tasks) {
		const stored = await edge.store.get(plan ?? "");
		plans[plan ?? ""] = new TextDecoder().decode(stored?.bytes);
	}
	return { calls: response.headers.get("search-calls"), plans };
}

describe("an edge that calls itself", () => {
	let edge: MiniflareEdge;
	let broken: MiniflareEdge;
	let brokenCalls = 0;
	beforeAll(async () => {
		const search = async (): Promise<MiniflareResponse> => {
			brokenCalls++;
			return new MiniflareResponse("gone", { status: 500 });
		};
		[edge, broken] = await Promise.all([startMiniflareEdge(), startMiniflareEdge({ search })]);
	});
	afterAll(() => Promise.all([edge.stop(), broken.stop()]));

	test("divides an attention's search in two, and its proofs; without answers the plan is the same", async () => {
		const divided = await optimize(edge, "mirage_gqa_s");
		expect(divided.calls).toBe("4");
		const alone = await optimize(broken, "mirage_gqa_s");
		expect([alone.calls, brokenCalls]).toEqual([null, 8]);
		expect(Object.keys(divided.plans).length).toBe(1);
		expect(divided.plans).toEqual(alone.plans);
	});

	test("a model of many programs stays below a request's calls, and the isolate within its memory", async () => {
		await optimize(edge, "llama_layer_d64_h4kv2_t16");
		const base = residentBytes();
		const { calls, plans } = await optimize(edge, "llama_layer_d64_h4kv2_t16", "cpu-x86-64-v4");
		expect(Object.keys(plans).length).toBeGreaterThan(3);
		expect(Number(calls)).toBeGreaterThan(4);
		expect(Number(calls)).toBeLessThanOrEqual(24);
		expect(residentBytes() - base).toBeLessThan(planningGrowthBytesMax);
	});

	test.each(["/call", "/search", "/SearchCalls", "/v1/search", "/"])(
		"%s: a call from outside finds nothing",
		async (path) => {
			const shard = { index: 0, count: 2 };
			const call = { program: gatedMlp(2, 4, 6), cursor: null, statesMax: 10, muGraphsMax: 2, shard };
			const body = encodeSearchCall({ kind: "search", ...call });
			for (const host of [
				{},
				{ host: "search.invalid" },
				{ "mf-original-url": "https://search.invalid/call" },
			]) {
				const headers = { authorization: "Bearer kiln_alpha", ...host };
				const response = await edge.fetch(path, { method: "POST", headers, body });
				expect([response.status, (await response.json()).code]).toEqual([404, "auth.not_found_or_hidden"]);
			}
		},
	);
});
