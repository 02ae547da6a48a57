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

test("a schedule that rounds more than the plan's tolerance allows is refused, and one that may is not", async () => {
	const candidates = plan.candidates.map((candidate) => ({
		...candidate,
		schedule: {
			kernels: candidate.schedule.kernels.map((kernel) => ({ ...kernel, productType: "bfloat16" as const })),
		},
	}));
	await expect(prepareCandidates({ ...plan, candidates })).rejects.toMatchObject({
		code: "verify.mismatch",
		message: expect.stringContaining("tolerance float32-1e-3"),
	});
	const allowed = await prepareCandidates({ ...plan, tolerance: "bfloat16-1e-2", candidates });
	expect(allowed.emitUnit([{ candidate: 0, prefix: "k" }])).toContain("pairs");
});

test("a plan within bfloat16's tolerance has candidates of both kinds, one within the default's has none", () => {
	const request = { program, programDigest: plan.programDigest, target: plan.target, threads: 1 } as const;
	const types = (tolerance: "float32-1e-3" | "bfloat16-1e-2"): ReadonlySet<string> => {
		const { candidates } = planProgram({ ...request, effort: "quick", tolerance, cursor: null });
		return new Set(
			candidates.flatMap(({ schedule }) => schedule.kernels.map((kernel) => kernel.productType)),
		);
	};
	expect(types("float32-1e-3")).toEqual(new Set(["float32"]));
	expect(types("bfloat16-1e-2")).toEqual(new Set(["float32", "bfloat16"]));
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
