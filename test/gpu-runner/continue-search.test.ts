import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { continueSearch } from "#runner/jobs/continue-search.ts";
import type { Plan } from "#shared/pipeline/plan.ts";
import { effortBudgets, planProgram } from "#shared/pipeline/plan-program.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import type { Program } from "#shared/program/program.ts";
import { encodePlan } from "#shared/protocol/plan-document.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { gatedMlpDownResidual, loraLinear } from "#test/support/programs.ts";

const beginPlan = (program: Program, searchStatesMax: number): Plan =>
	planProgram({
		program,
		programDigest: canonicalProgramDigest(program),
		target: "cpu-x86-64-v3",
		threads: 1,
		effort: "quick",
		tolerance: "bfloat16-1e-2",
		cursor: null,
		searchStatesMax,
	});

const program = gatedMlpDownResidual(8, 64, 96);
const begun = beginPlan(program, 3);
const never = new AbortController().signal;

/** An AbortSignal that is aborted from the given look at it on. */
function abortedAfter(looks: number): AbortSignal {
	const controller = new AbortController();
	let seen = 0;
	return new Proxy(controller.signal, {
		get(target, member) {
			if (member === "aborted" && seen++ >= looks) controller.abort();
			return Reflect.get(target, member, target);
		},
	});
}

describe("a search that stopped early", () => {
	test("goes on from its cursor, finds more, and counts nothing twice", async () => {
		expect(begun.search.cursor).not.toBeNull();
		const whole = await continueSearch(begun, { continuations: 20 }, never);
		expect(whole.search).toMatchObject({ cursor: null, stop: "saturated" });
		expect(whole.search.statesVisited).toBeGreaterThan(begun.search.statesVisited);
		const digests = whole.muGraphs.map((muGraph) => muGraph.digest);
		expect(new Set(digests).size).toBe(digests.length);
		expect(digests.length).toBeLessThanOrEqual(effortBudgets.quick.muGraphsMax);
		const before = new Set(begun.muGraphs.map(({ digest }) => digest));
		expect(digests.some((digest) => !before.has(digest))).toBe(true);
		expect(whole.candidates.length).toBeLessThanOrEqual(effortBudgets.quick.candidatesMax);
		expect(whole.baselines).toEqual(begun.baselines);
		expect(whole.tolerance).toBe(begun.tolerance);
	});

	test.each([
		["a gated MLP with its down projection", program],
		["a linear layer with an adapter", loraLinear(16, 64, 96, 8)],
	])("ends with the plan of one whole search, wherever it stopped: %s", async (_, subject) => {
		const whole = beginPlan(subject, 20_000);
		for (const states of [1, 2, 7, 20]) {
			const continued = await continueSearch(beginPlan(subject, states), { continuations: 20 }, never);
			expect(encodePlan(continued)).toBe(encodePlan(whole));
		}
	});

	test("ends with the same plan when it is killed anywhere and delivered again, however its stretches lie", async () => {
		const expected = encodePlan(await continueSearch(begun, { continuations: 20 }, never));
		const property = fc.asyncProperty(
			fc.integer({ min: 1, max: 40 }),
			fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 4 }),
			async (stretchStates, kills) => {
				const limits = { continuations: 10_000, stretchStates };
				for (const looks of kills) {
					const killed = await continueSearch(begun, limits, abortedAfter(looks));
					// Whatever it had found by then, the store still holds the plan.
					expect([encodePlan(begun), expected]).toContain(encodePlan(killed));
				}
				expect(encodePlan(await continueSearch(begun, limits, never))).toBe(expected);
			},
		);
		await fc.assert(property, { seed: testSeed, numRuns: 12 });
	});

	test("stays where it was when it is cancelled", async () => {
		const cancelled = new AbortController();
		cancelled.abort();
		expect(await continueSearch(begun, { continuations: 20 }, cancelled.signal)).toBe(begun);
	});

	test("keeps a cursor when its stretches do not reach the end", async () => {
		const more = await continueSearch(begun, { continuations: 2, stretchStates: 2 }, never);
		expect(more.search).toMatchObject({ statesVisited: 7, stop: "stateLimit", cursor: "7" });
	});
});
