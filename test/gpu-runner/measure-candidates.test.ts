import { existsSync, rmSync } from "node:fs";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { measureCandidates } from "#runner/measure/measure-candidates.ts";
import type { MeasureRequest } from "#runner/measure/measure-request.ts";
import { rootMeanSquareNormLinear } from "#test/support/programs.ts";
import { type FixtureKernel, kernelSource } from "./kernel-fixture.ts";
import { rootMeanSquareNormLinearOnnx, writeOnnxFixture } from "./onnx-fixture.ts";
import { findToolchain, type Toolchain } from "./toolchain-fixture.ts";

const shape = { m: 3, k: 65, n: 33 };
let toolchain: Toolchain;
const folders: string[] = [];
beforeAll(async () => {
	toolchain = await findToolchain();
});
afterEach(() => {
	for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const asWritten = {
	form: "asWritten",
	model: rootMeanSquareNormLinearOnnx(shape.m, shape.k, shape.n),
	inputNames: ["x", "g", "w"],
	outputNames: ["y"],
};

const brief = {
	screenMilliseconds: 60,
	contestMilliseconds: 60,
	refineMilliseconds: 0,
	confirmMilliseconds: 60,
	contestRoundsMax: 100,
	confirmRoundsMax: 100,
	quietMilliseconds: 0,
};

function measure(kinds: readonly FixtureKernel[], change: Partial<MeasureRequest> = {}) {
	const directory = toolchain.folder();
	folders.push(directory);
	return measureCandidates({
		program: rootMeanSquareNormLinear(shape.m, shape.k, shape.n),
		target: toolchain.target,
		threads: 1,
		seed: Number(process.env.TEST_SEED ?? 1),
		tolerance: "float32-1e-3",
		baselines: [asWritten],
		candidatesCount: kinds.length,
		emitUnit: (parts) =>
			parts
				.map(({ candidate, prefix }) => kernelSource(kinds[candidate] ?? "broken", prefix, shape))
				.join("\n"),
		budget: brief,
		directory,
		compiler: toolchain.compiler,
		harness: toolchain.harness,
		runtime: toolchain.runtime,
		hangMilliseconds: 10_000,
		...change,
	});
}

async function outcomesOf(kinds: readonly FixtureKernel[], change: Partial<MeasureRequest> = {}) {
	const { candidates, kernel } = await measure(kinds, change);
	const outcomes = new Map(candidates.map(({ candidate, outcome }) => [kinds[candidate], outcome]));
	return { outcomes, kernel };
}

describe("measuring", () => {
	test("right candidates are timed and the fastest is built alone and confirmed", async () => {
		const { kernel, candidates, stages, baseline, sandboxed } = await measure(["slow", "right"]);
		expect(candidates.map(({ outcome }) => outcome.kind)).toEqual(["timed", "timed"]);
		expect(kernel?.candidate).toBe(1);
		expect(kernel?.errorMax).toBeLessThan(1e-5);
		expect(kernel?.source).toContain("kiln_kernel_run");
		expect(existsSync(kernel?.library ?? "")).toBe(true);
		expect(stages.map(({ stage }) => stage)).toEqual(["contest", "confirm"]);
		expect(stages[1]?.bursts.some(({ participant }) => participant === "reference")).toBe(true);
		expect(baseline.latencyNanoseconds).toBeGreaterThan(0);
		expect(sandboxed).toBe(true);
	});

	test("every kind of bad candidate is named by what it did, and the good one goes on", async () => {
		const { outcomes, kernel } = await outcomesOf([
			"crashes",
			"wrong",
			"writesBefore",
			"unwritten",
			"right",
			"exits",
			"readsBehind",
			"writesBehind",
			"remembers",
			"spoofs",
			"broken",
			"forks",
		]);
		expect(outcomes.get("crashes")).toEqual({ kind: "crashed", signal: "SIGSEGV" });
		expect(outcomes.get("wrong")).toMatchObject({ kind: "wrongResult", output: 0 });
		expect(outcomes.get("writesBefore")).toEqual({
			kind: "crashed",
			signal: "outOfBounds: wrote before output 0",
		});
		expect(outcomes.get("writesBehind")?.kind).toBe("crashed");
		expect(outcomes.get("readsBehind")?.kind).toBe("crashed");
		expect(outcomes.get("unwritten")?.kind).toBe("wrongResult");
		expect(outcomes.get("exits")).toMatchObject({ kind: "crashed", signal: "exit status 0" });
		expect(["wrongResult", "unstable"]).toContain(outcomes.get("remembers")?.kind);
		expect(outcomes.get("spoofs")?.kind).toBe("wrongResult");
		expect(outcomes.get("broken")?.kind).toBe("compileFailed");
		expect(outcomes.get("right")?.kind).toBe("timed");
		// Its fork fails, and nothing else is wrong with it.
		expect(outcomes.get("forks")?.kind).toBe("timed");
		expect([4, 11]).toContain(kernel?.candidate);
	});

	test.each([
		["float32-1e-3", "wrongResult", false],
		["bfloat16-1e-2", "timed", true],
	] as const)("a candidate that is off by 4e-3 is, under %s: %s", async (tolerance, kind, isKernel) => {
		const { outcomes, kernel } = await outcomesOf(["coarse", "wrong"], { tolerance });
		const coarse = outcomes.get("coarse");
		expect(coarse).toMatchObject({ kind, errorMax: expect.closeTo(4e-3, 4) });
		expect(outcomes.get("wrong")?.kind).toBe("wrongResult");
		expect(kernel !== null).toBe(isKernel);
		if (kernel !== null) expect(kernel.errorMax).toBeCloseTo(4e-3, 4);
	});

	test("a candidate that hangs and one that allocates without end are stopped", async () => {
		const { outcomes } = await outcomesOf(["hangs", "allocates"], { hangMilliseconds: 2500 });
		expect(outcomes.get("hangs")).toEqual({ kind: "hung", limitMilliseconds: 2500 });
		expect(["hung", "crashed"]).toContain(outcomes.get("allocates")?.kind);
	});

	test("a better neighbour of the winner takes its place, and what is wrong or slower does not", async () => {
		const steps = new Map([[0, [1, 2]]]);
		const { kernel, stages, candidates } = await measure(["slow", "wrong", "right"], {
			candidatesCount: 1,
			neighboursOf: (candidate) => {
				const near = steps.get(candidate) ?? [];
				steps.delete(candidate);
				return near;
			},
			budget: { ...brief, refineMilliseconds: 60_000 },
		});
		expect(kernel?.candidate).toBe(2);
		expect(stages.map(({ stage }) => stage)).toEqual(["contest", "refine", "confirm"]);
		expect(candidates.find(({ candidate }) => candidate === 1)?.outcome.kind).toBe("wrongResult");
	});

	test("without time to refine no neighbour is asked for", async () => {
		const { kernel } = await measure(["right"], {
			neighboursOf: () => {
				throw new Error("asked");
			},
		});
		expect(kernel?.candidate).toBe(0);
	});

	test("a candidate that harms its neighbour is found and the neighbour acquitted", async () => {
		const { outcomes } = await outcomesOf(["leavesTrap", "right"]);
		expect(outcomes.get("right")?.kind).toBe("timed");
	});

	test("a candidate slower than the baseline leaves the baseline as the answer", async () => {
		const { kernel } = await measure(["slow"]);
		expect(["baseline", "inconclusive"]).toContain(kernel?.comparison.verdict);
	});

	test("without a right candidate there is no kernel, and the baseline is still timed", async () => {
		const { kernel, baseline, baselineFiles } = await measure(["wrong"]);
		expect(kernel).toBeNull();
		expect(baseline).toMatchObject({ form: "asWritten" });
		expect(baseline.latencyNanoseconds).toBeGreaterThan(0);
		expect(baselineFiles.inputs.map(({ name }) => name)).toEqual(["x"]);
		for (const file of [baselineFiles.model, ...baselineFiles.inputs.map((input) => input.file)])
			expect(existsSync(file), file).toBe(true);
	});

	test("a baseline that computes something else or does not load is left out, with the reason", async () => {
		const inputs = [
			{ name: "x", shape: [shape.m, shape.k] },
			{ name: "g", shape: [shape.k] },
			{ name: "w", shape: [shape.k, shape.n] },
		];
		const outputs = [{ name: "y", shape: [shape.m, shape.n] }];
		const other = writeOnnxFixture({
			inputs,
			outputs,
			nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
		});
		const { baselineFaults, baseline } = await measure(["right"], {
			baselines: [
				{ ...asWritten, form: "other", model: other },
				{ ...asWritten, form: "garbage", model: other.slice(0, 40) },
				asWritten,
			],
		});
		expect(baseline.form).toBe("asWritten");
		expect(baselineFaults.map(({ form }) => form)).toEqual(["other", "garbage"]);
		expect(baselineFaults[0]?.message).toContain("computes something else");
	});

	test("without any baseline it fails with its code, and a cancelled measurement stops", async () => {
		await expect(measure(["right"], { baselines: [] })).rejects.toMatchObject({
			code: "measure.baseline_failed",
		});
		const signal = AbortSignal.timeout(50);
		await expect(measure(["slow"], { signal })).rejects.toMatchObject({ code: "limit.deadline" });
	});
});
