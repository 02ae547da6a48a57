import { expect, test } from "vitest";
import { continueSearch } from "#runner/jobs/continue-search.ts";
import { effortBudgets, planProgram } from "#shared/pipeline/plan-program.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import { gatedMlpDownResidual } from "#test/support/programs.ts";

const program = gatedMlpDownResidual(8, 64, 96);
const begun = planProgram({
	program,
	programDigest: canonicalProgramDigest(program),
	target: "cpu-x86-64-v3",
	threads: 1,
	effort: "quick",
	cursor: null,
	searchStatesMax: 10,
});

test("a search that stopped early goes on from its cursor, finds more, and counts nothing twice", async () => {
	expect(begun.search.cursor).not.toBeNull();
	const whole = await continueSearch(begun, 20, new AbortController().signal);
	expect(whole.search.cursor).toBeNull();
	expect(whole.search.statesVisited).toBeGreaterThan(begun.search.statesVisited);
	expect(whole.muGraphs.length).toBeGreaterThan(begun.muGraphs.length);
	const digests = whole.muGraphs.map((muGraph) => muGraph.digest);
	expect(new Set(digests).size).toBe(digests.length);
	expect(digests.slice(0, begun.muGraphs.length)).toEqual(begun.muGraphs.map((muGraph) => muGraph.digest));
	expect(whole.candidates.length).toBeLessThanOrEqual(effortBudgets.quick.candidatesMax);
	const times = whole.candidates.map((candidate) => candidate.predictedNanoseconds);
	expect(times).toEqual([...times].sort((a, b) => a - b));
	for (const { muGraph } of whole.candidates) expect(whole.muGraphs[muGraph]).toBeDefined();
});

test("a cancelled search stays where it was", async () => {
	const cancelled = new AbortController();
	cancelled.abort();
	expect(await continueSearch(begun, 20, cancelled.signal)).toBe(begun);
});
