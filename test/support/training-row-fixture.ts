import { present } from "#shared/fault/assert.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import { type TrainingRow, trainingRowSchema } from "#shared/protocol/training-row.ts";
import { matrixProduct } from "./programs.ts";

/** A valid row of a small matrix product that was never timed. */
export function trainingRowFixture(change: Partial<TrainingRow> = {}): TrainingRow {
	const program = matrixProduct(3, 17, 15);
	const programDigest = canonicalProgramDigest(program);
	const target = "cpu-x86-64-v3";
	const plan = planProgram({
		...{
			program,
			programDigest,
			target,
			threads: 1,
			effort: "quick",
			tolerance: "float32-1e-3",
			cursor: null,
		},
	});
	const { schedule } = present(plan.candidates[0], "a candidate");
	const { digest, muGraph: graph } = present(plan.muGraphs[0], "a µGraph");
	return trainingRowSchema.parse({
		schema: "kiln.training/1",
		id: "row",
		version: "0",
		measuredAt: "2026-01-01T00:00:00.000Z",
		program: { digest: programDigest, document: `programs/${programDigest}.json` },
		...{ target, threads: 1, effort: "quick", seed: 1, candidate: 0, schedule },
		machine: {
			...{
				target,
				model: "cpu",
				cores: 2,
				instructionSets: ["avx2"],
				compiler: "gcc",
				baseline: "onnxruntime",
			},
			...{ level1Bytes: 1, level2Bytes: 2, level3Bytes: 3 },
			...{ readGigabytesPerSecond: 20, fusedMultiplyAddGflops: 100 },
		},
		muGraph: { digest, graph },
		features: { version: "schedule-features/1", values: { kernels: 1 } },
		predicted: { model: "analytic/2", nanoseconds: 5 },
		outcome: { kind: "crashed", errorMax: null, reason: "SIGSEGV" },
		timing: null,
		...change,
	});
}
