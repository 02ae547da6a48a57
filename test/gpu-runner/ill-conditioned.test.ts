import { rmSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { prepareCandidates } from "#runner/jobs/prepare-candidates.ts";
import { measureCandidates } from "#runner/measure/measure-candidates.ts";
import { kernelTolerances } from "#shared/artefact/tolerance.ts";
import { present } from "#shared/fault/assert.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { partitionGraph } from "#shared/partition/partition.ts";
import { islandBaselines } from "#shared/pipeline/island-baselines.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { tinyModel } from "#test/support/onnx-model.ts";
import { briefBudget } from "./brief-budget.ts";
import { findToolchain } from "./toolchain-fixture.ts";

const folders: string[] = [];
afterAll(() => {
	for (const folder of folders) rmSync(folder, { recursive: true });
});

/** x + 2^17 has lost all of x below 2^-7: what a mask of large numbers does to attention's scores. */
const model = tinyModel({
	nodes: [
		{ operator: "Add", inputs: ["x", "offset"], outputs: ["shifted"] },
		{ operator: "Softmax", inputs: ["shifted"], outputs: ["y"] },
	],
	inputs: { x: [4, 24] },
	outputs: { y: [4, 24] },
	initializers: { offset: writeElements("float32", [], [2 ** 17]) },
});

test("a kernel that is as exact as ONNX Runtime on ordinary inputs is timed, however inexact float32 is there", async () => {
	const toolchain = await findToolchain();
	const { graph } = importModel(model);
	const island = present(partitionGraph(graph).islands[0], "one island");
	const directory = toolchain.folder();
	folders.push(directory);
	const plan = planProgram({
		program: island.program,
		programDigest: island.digest,
		target: toolchain.target.id,
		threads: 1,
		effort: "quick",
		tolerance: "float32-1e-3",
		cursor: null,
	});
	const { proofs, emitUnit } = await prepareCandidates(plan);
	const { candidates, kernel } = await measureCandidates({
		program: island.program,
		target: toolchain.target,
		threads: 1,
		seed: Number(process.env.TEST_SEED ?? 1),
		tolerance: plan.tolerance,
		baselines: islandBaselines(model, graph, island).map(({ bytes, ...form }) => ({ ...form, model: bytes })),
		candidatesCount: Math.min(2, proofs.length),
		emitUnit,
		budget: briefBudget,
		directory,
		compiler: toolchain.compiler,
		harness: toolchain.harness,
		runtime: toolchain.runtime,
		hangMilliseconds: 10_000,
	});
	expect(new Set(candidates.map(({ outcome }) => outcome.kind))).toEqual(new Set(["timed"]));
	expect(kernel?.errorMax).toBeGreaterThan(kernelTolerances[plan.tolerance].errorMax);
});
