// A search that is divided over calls, some of which fail, gives the plan that one instance makes alone.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerSearchCall } from "#functions/search/answer-search-call.ts";
import { createParallelCalls, parallelCallsMax } from "#functions/search/parallel-calls.ts";
import { createSendSearchCall, type SearchBinding } from "#functions/search/search-binding.ts";
import { type SearchRoute, searchInParallel } from "#functions/search/search-in-parallel.ts";
import { searchWidth } from "#functions/search/search-width.ts";
import { assemblePlan, type PlanRequest, planProgram, searchOfPlan } from "#shared/pipeline/plan-program.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import type { Program } from "#shared/program/program.ts";
import { encodePlan } from "#shared/protocol/plan-document.ts";
import { encodeSearchCall, searchCallBytesMax } from "#shared/protocol/search-call.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { gatedMlp, loraLinear, maskedAttention, samplePrograms } from "#test/support/programs.ts";
import { bindingHere } from "./support/search-platforms.ts";

const requestFor = (program: Program, searchStatesMax = 200): PlanRequest => ({
	program,
	programDigest: canonicalProgramDigest(program),
	target: "cpu-x86-64-v3",
	threads: 1,
	effort: "quick",
	tolerance: "float32-1e-3",
	cursor: null,
	searchStatesMax,
	muGraphsMax: 4,
});

interface Run {
	readonly text: string;
	readonly answered: number;
	readonly reports: readonly Readonly<Record<string, unknown>>[];
}

async function planOver(
	request: PlanRequest,
	width: number,
	binding: SearchBinding | null,
	{ callsMax = 64, timeoutMilliseconds = 60_000 } = {},
): Promise<Run> {
	const reports: Readonly<Record<string, unknown>>[] = [];
	const calls = createParallelCalls(callsMax);
	const route: SearchRoute = {
		send: binding === null ? null : createSendSearchCall(binding, timeoutMilliseconds),
		calls,
		report: (entry) => reports.push(entry),
	};
	const proven = await searchInParallel(searchOfPlan(request), width, route);
	return { text: encodePlan(assemblePlan(request, proven)), answered: calls.answeredCount, reports };
}

describe("the plan is the same byte for byte", () => {
	test.each(Object.entries(samplePrograms))(
		"%s: as one alone, with 8 parts here, with 2 and 8 by calls",
		async (_, program) => {
			const request = requestFor(program, 20_000);
			const alone = encodePlan(planProgram(request));
			expect(await planOver(request, 8, null)).toEqual({ text: alone, answered: 0, reports: [] });
			for (const width of [2, 8]) {
				const called = await planOver(request, width, bindingHere);
				expect(called).toMatchObject({ text: alone, reports: [] });
				expect(called.answered).toBeGreaterThan(width);
			}
		},
	);

	test.each([1, 5, 10])("when the budget of %i states ends the search", async (searchStatesMax) => {
		const request = requestFor(loraLinear(4, 8, 12, 3), searchStatesMax);
		const run = await planOver(request, 4, bindingHere);
		expect(run.text).toBe(encodePlan(planProgram(request)));
		expect(JSON.parse(run.text).search).toMatchObject({ statesVisited: searchStatesMax, stop: "stateLimit" });
	});

	const program = gatedMlp(8, 64, 96);
	const alone = encodePlan(planProgram(requestFor(program)));
	const failures: Readonly<Record<string, SearchBinding["fetch"]>> = {
		"that reject": () => Promise.reject(new Error("gone")),
		"that are never answered": (_, { signal }) =>
			new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("late")))),
		"answered with a fault": async () => new Response("out of memory", { status: 500 }),
		"answered with what is no part": async () => new Response('{"found":[]}'),
		"answered with half a text": async (url, init) => {
			const text = await (await bindingHere.fetch(url, init)).text();
			return new Response(text.slice(0, text.length / 2));
		},
		"answered with too few proofs": async (_, init) =>
			String(init.body).includes('"prove"') ? new Response("[]") : new Response(null, { status: 500 }),
	};
	test.each(Object.entries(failures))(
		"with calls %s: each is tried twice and then computed here",
		async (_, fail) => {
			const run = await planOver(requestFor(program), 4, { fetch: fail }, { timeoutMilliseconds: 50 });
			expect(run.text).toBe(alone);
			expect(run.answered).toBe(0);
			expect(run.reports.length).toBe(2 * 2 * 4);
		},
	);

	test("whichever calls fail, and however few there may be", async () => {
		const property = fc.asyncProperty(
			fc.integer({ min: 1, max: 8 }),
			fc.integer({ min: 0, max: 20 }),
			fc.infiniteStream(fc.boolean()),
			async (width, callsMax, fates) => {
				const sent: boolean[] = [];
				const binding: SearchBinding = {
					fetch: (url, init) => {
						const succeeds = fates.next().value === true;
						sent.push(succeeds);
						return succeeds ? bindingHere.fetch(url, init) : Promise.reject(new Error("gone"));
					},
				};
				const run = await planOver(requestFor(program), width, binding, { callsMax });
				expect(run.text).toBe(alone);
				expect(sent.length).toBeLessThanOrEqual(callsMax);
				if (width > 1 && callsMax >= 4) expect(sent.length).toBeGreaterThan(0);
				expect(run.answered).toBe(sent.filter(Boolean).length);
			},
		);
		await fc.assert(property, { seed: testSeed, numRuns: 25 });
	});
});

describe("how wide a search is divided", () => {
	test("small programs are not, and no plan takes more calls than a request has", () => {
		for (const program of Object.values(samplePrograms)) {
			for (const effort of ["quick", "standard", "max"] as const) {
				expect(2 * searchWidth(program, effort, 64)).toBeLessThanOrEqual(parallelCallsMax);
				expect(searchWidth(program, effort, 1)).toBe(1);
			}
		}
		expect(searchWidth(gatedMlp(8, 64, 96), "standard", 64)).toBe(1);
		expect(searchWidth(maskedAttention(2, 8, 16, 8), "standard", 64)).toBeGreaterThan(1);
	});
});

describe("the entry point for calls", () => {
	const program = gatedMlp(2, 4, 6);
	const call = {
		kind: "search",
		program,
		cursor: null,
		statesMax: 10,
		muGraphsMax: 2,
		shard: { index: 0, count: 2 },
	} as const;
	const answer = (body: string) =>
		answerSearchCall(new Request("https://search.invalid/call", { method: "POST", body }));
	const changed = (change: Readonly<Record<string, unknown>>): string =>
		JSON.stringify({ ...JSON.parse(encodeSearchCall(call)), ...change });

	test("answers a call of its own version", async () => {
		expect((await answer(encodeSearchCall(call))).status).toBe(200);
	});

	test.each([
		["no JSON", "}"],
		["nothing", ""],
		["another version's", changed({ version: "0.0.0" })],
		["another schema", changed({ schema: "kiln.plan/1" })],
		["too many shards", changed({ shard: { index: 0, count: 65 } })],
		["a shard beyond the last", changed({ shard: { index: 2, count: 2 } })],
		["a fractional shard", changed({ shard: { index: 0.5, count: 2 } })],
		["no shard", changed({ shard: undefined })],
		["more states than any effort has", changed({ statesMax: 1e9 })],
		["more µGraphs than any effort keeps", changed({ muGraphsMax: 1e6 })],
		["a cursor without end", changed({ cursor: "1".repeat(100) })],
		["members it does not know", changed({ also: 1 })],
		[
			"a program without bounds",
			changed({ program: { ...program, nodes: new Array(1025).fill(program.nodes[0]) } }),
		],
	])("refuses %s", async (_, body) => {
		const refused = await answer(body);
		expect([refused.status, (await refused.json()).code]).toEqual([422, "request.invalid"]);
	});

	test("refuses a body that is too large", async () => {
		const refused = await answer(" ".repeat(searchCallBytesMax + 1));
		expect([refused.status, (await refused.json()).code]).toEqual([413, "upload.too_large"]);
	});

	test("a cursor that is none is a fault of ours, told as a problem", async () => {
		expect((await answer(changed({ cursor: "x" }))).status).toBe(500);
	});
});
