import { describe, expect, test } from "vitest";
import { prepareCandidates } from "#runner/jobs/prepare-candidates.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";
import { programDigest } from "#shared/program/fingerprint.ts";
import { rootMeanSquareNormLinear } from "#test/support/programs.ts";

const program = rootMeanSquareNormLinear(8, 64, 128);
const plan = planProgram({
	program,
	programDigest: programDigest(program),
	target: "cpu-x86-64-v3",
	threads: 1,
	effort: "quick",
	tolerance: "float32-1e-3",
	cursor: null,
});

describe("neighbours of a candidate", () => {
	test("are new candidates of its proof, each once, and in the grown plan", async () => {
		const { neighboursOf, proofs, grownPlan, emitUnit } = await prepareCandidates(plan);
		const first = neighboursOf(0, 3);
		const second = neighboursOf(0, 3);
		const count = plan.candidates.length;
		expect([...first, ...second]).toEqual(Array.from({ length: 6 }, (_, at) => count + at));
		for (const candidate of first) expect(proofs[candidate]).toBe(proofs[0]);
		const { candidates } = grownPlan();
		expect(candidates).toHaveLength(count + 6);
		const texts = candidates.map(({ muGraph, schedule }) => JSON.stringify([muGraph, schedule]));
		expect(new Set(texts).size).toBe(texts.length);
		expect(emitUnit([{ candidate: count + 5, prefix: "k" }])).toContain("k_run");
		expect(plan.candidates).toHaveLength(count);
	});

	test("end when all have been given", async () => {
		const { neighboursOf } = await prepareCandidates(plan);
		expect(neighboursOf(0, 10_000).length).toBeGreaterThan(5);
		expect(neighboursOf(0, 10_000)).toEqual([]);
	});
});
