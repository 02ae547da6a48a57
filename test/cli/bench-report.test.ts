import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { BenchCase } from "#cli/bench-island.ts";
import { type BenchReport, renderBenchPage } from "#cli/report/bench-page.ts";
import { benchHead, benchRow, benchSum } from "#cli/report/bench-table.ts";
import { drawDistribution } from "#cli/report/distribution-chart.ts";
import { engineRatio } from "#cli/report/engine-ratio.ts";
import { machineRoofs, programWork, roofGflops, rooflineNanoseconds } from "#cli/report/roofline.ts";
import { sumCases } from "#cli/report/sum-cases.ts";
import { tuningCurve } from "#cli/report/tuning-curve.ts";
import type { Burst } from "#runner/measure/statistics.ts";
import type { Machine } from "#shared/target/target.ts";
import { runKiln } from "#test/support/kiln-process.ts";
import { matrixProduct } from "#test/support/programs.ts";

const model = join(import.meta.dirname, "../fixtures/exported/mirage_rmsnorm_linear_m/model.onnx");

const machine: Machine = {
	...{ target: "cpu-x86-64-v3", model: "cpu", cores: 2, instructionSets: ["avx2"] },
	...{ level1Bytes: 1, level2Bytes: 2, level3Bytes: 3, compiler: "gcc", baseline: "onnxruntime 1" },
	...{ readGigabytesPerSecond: 20, fusedMultiplyAddGflops: 100 },
};

function caseOf(change: Partial<BenchCase> = {}): BenchCase {
	return {
		...{
			island: 4,
			occurrences: 1,
			program: "ab",
			baselineForm: "asWritten",
			baselineNs: 41_500,
			kernelNs: 12_340,
		},
		engine: { runNs: 39_800, nodesNs: 37_020, runsCount: 612 },
		...{ bestNs: 12_340, ratio: { median: 3.363, low: 3.211, high: 3.489 }, verdict: "faster" },
		...{ rooflineShare: 0.723, readRate: 24.25, work: { bytes: 1000, operations: 50_000, intensity: 50 } },
		...{
			errorMax: 2.5e-7,
			seed: 1,
			curve: [],
			samplesNs: { baseline: [40_000, 43_000], kernel: [12_000, 13_000] },
		},
		...change,
	};
}

function page(change: Partial<BenchReport> = {}): string {
	const cases = change.cases ?? [caseOf()];
	const parts = {
		model: "m.onnx",
		command: "kiln bench m.onnx",
		machine,
		threads: 1,
		tolerance: "bfloat16-1e-2",
	} as const;
	return renderBenchPage({ ...parts, summed: sumCases(cases), ...change, cases });
}

/** Every tag is closed by its own, in order; attributes hold no markup. What an XML parser would refuse fails. */
function assertWellFormed(html: string): void {
	const open: string[] = [];
	const body = html.replace("<!DOCTYPE html>", "").replace(/<style>[^<]*<\/style>/, "");
	let rest = "";
	let end = 0;
	for (const tag of body.matchAll(/<(\/?)([a-zA-Z0-9]+)((?: [a-zA-Z0-9-]+="[^"<>]*")*)(\/?)>/g)) {
		rest += body.slice(end, tag.index);
		end = tag.index + tag[0].length;
		if (tag[1] === "/") expect(open.pop()).toBe(tag[2]);
		else if (tag[4] === "") open.push(tag[2] ?? "");
	}
	expect(open).toEqual([]);
	expect(rest + body.slice(end)).not.toMatch(/[<>]|&(?!(amp|lt|gt|quot|#\d+);)/);
}

describe("the bench report", () => {
	test("shows the numbers of the cases", () => {
		const html = page();
		for (const shown of ["3.36×", "3.21 – 3.49", "41.5 µs", "12.3 µs", "72 %", "2.5e-7", "asWritten"])
			expect(html).toContain(`>${shown}<`);
	});

	test("has in-engine time beside wall time, what it is over the kernel's, and that it was not interleaved", () => {
		const html = page();
		expect(html).toContain("<th>in engine</th>");
		expect(html).toContain('>37.0 µs <span class="faded">of 39.8 µs</span><');
		expect(html).toContain(">3.00×<");
		expect(html).toMatch(/In engine: what ONNX Runtime's own profiler says.*not interleaved/);
		const heads = [...html.matchAll(/<th>/g)].length;
		for (const [row] of page({ cases: [caseOf({ engine: null })] }).matchAll(
			/<tr( class="sum")?><td>.*<\/tr>/g,
		))
			expect([...row.matchAll(/<td>/g)].length).toBe(heads);
	});

	test("is well-formed, has no script and fetches nothing", () => {
		for (const html of [
			page(),
			page({ cases: [caseOf(), caseOf({ island: 7 }), caseOf({ errorMax: null })] }),
		]) {
			assertWellFormed(html);
			expect(html).not.toMatch(/<script|javascript:|https?:|\ssrc=|\shref=|url\(|@import|\son\w+=/i);
		}
	});

	test("hostile names are text and nothing else", () => {
		const hostile = `"><script>alert(1)</script><img src='x' onerror=y>&\u0000\ud800`;
		const html = page({
			...{ model: hostile, command: hostile, cases: [caseOf({ baselineForm: hostile })] },
			machine: { ...machine, model: hostile, compiler: hostile, baseline: hostile },
		});
		assertWellFormed(html);
		expect(html).not.toMatch(/<script|<img/);
		expect(html).toContain("&lt;script&gt;");
		expect(html).not.toContain("\u0000");
	});

	test("an island without confirmed samples says so instead of an empty chart", () => {
		expect(drawDistribution({ baseline: [], kernel: [] })).toBe("");
		expect(page({ cases: [caseOf({ samplesNs: { baseline: [], kernel: [] } })] })).toContain(
			"no candidate was confirmed",
		);
	});
});

describe("in-engine time over the kernel's", () => {
	const engine = (nodesNs: number) => ({ runNs: 2 * nodesNs, nodesNs, runsCount: 5 });
	test.each([
		["is that of the nodes", engine(900), 9],
		["may exceed the wall time by what two measurements differ", engine(1_100), 11],
		["is none where the profiler made it longer than that", engine(1_101), null],
		["is none where the profiler said nothing", null, null],
	])("%s", (_, own, expected) => {
		expect(engineRatio({ engine: own, baselineNs: 1_000, kernelNs: 100 })).toBe(expected);
	});
});

describe("the table", () => {
	const cells = (row: string): readonly string[] => row.trim().split(/ {2,}/);

	test("has a row an island under its heads, aligned, and a sum", () => {
		const rows = [caseOf(), caseOf({ island: 12, occurrences: 30, engine: null, verdict: "inconclusive" })];
		const [first = "", second = ""] = rows.map(benchRow);
		expect(cells(benchHead)).toEqual([
			...["island", "verdict", "speed-up", "ONNX Runtime wall", "in engine", "kernel", "of the roofline"],
		]);
		const interval = "3.36x [3.21, 3.49]";
		expect(cells(first)).toEqual(["4", "faster", interval, "41.5 µs", "37.0 µs", "12.3 µs", "72 %"]);
		expect(cells(second)).toEqual([
			...["12 ×30", "inconclusive", interval, "41.5 µs", "–", "12.3 µs", "72 %"],
		]);
		expect(first.length).toBe(benchHead.length);
		expect(second.length).toBe(benchHead.length);
		const sum = benchSum(sumCases(rows));
		expect(cells(sum)).toEqual(["all", "1.02x [1.02, 1.02]", "1.29 ms", "1.26 ms"]);
		expect(sum.indexOf(" ms")).toBe(first.indexOf(" µs"));
	});
});

describe.skipIf(process.platform !== "linux")("kiln bench", () => {
	test("--json alone is on stdout, with wall and in-engine time of ONNX Runtime", async () => {
		const kernels = mkdtempSync(join(tmpdir(), "kiln-none-"));
		try {
			const { code, stdout, stderr } = await runKiln(["bench", model, "--kernels", kernels, "--json"]);
			expect(code, stderr).toBe(0);
			const [first] = JSON.parse(stdout).cases;
			expect(first).toMatchObject({ verdict: "baseline", baselineNs: expect.any(Number) });
			expect(Object.keys(first.engine)).toEqual(["runNs", "nodesNs", "runsCount"]);
			expect(first.engine.nodesNs).toBeGreaterThan(0);
			expect(first.engine.nodesNs).toBeLessThanOrEqual(first.engine.runNs);
		} finally {
			rmSync(kernels, { recursive: true });
		}
	});
});

describe("the tuning curve", () => {
	const burst = (participant: string, round: number, ...nanoseconds: number[]): Burst => ({
		...{ participant, round, runsPerSample: 1, nanoseconds, clean: nanoseconds.map(() => true) },
	});
	const screen = {
		stage: "screen",
		bursts: [burst("candidate-0", 0, 50), burst("candidate-1", 0, 80), burst("candidate-2", 0, 25)],
	} as const;

	test("rises with every candidate that is better than all before, and goes on to the last", () => {
		const refine = {
			stage: "refine",
			bursts: [burst("candidate-2", 0, 25), burst("candidate-3", 0, 30, 18, 20), burst("candidate-4", 0, 40)],
		} as const;
		const confirm = {
			stage: "confirm",
			bursts: [burst("baseline-0", 0, 100), burst("candidate-3", 0, 1)],
		} as const;
		expect(tuningCurve([screen, refine, confirm], 100)).toEqual([
			{ candidates: 1, speedup: 2, stage: "screen" },
			{ candidates: 3, speedup: 4, stage: "screen" },
			{ candidates: 4, speedup: 5, stage: "refine" },
			{ candidates: 5, speedup: 5, stage: "refine" },
		]);
	});

	test("is drawn on the page, and its place says so where there is none", () => {
		const html = page({ cases: [caseOf({ curve: tuningCurve([screen], 100) })] });
		assertWellFormed(html);
		expect(html).toContain('aria-label="Best speed-up by candidates measured"');
		expect(page()).toContain("fewer than two candidates were measured");
	});
});

describe("the roofline", () => {
	test("moves every tensor once and counts two operations a multiply-add", () => {
		const work = programWork(matrixProduct(3, 17, 15));
		expect(work).toMatchObject({ bytes: 4 * (3 * 17 + 17 * 15 + 3 * 15), operations: 2 * 3 * 17 * 15 });
		expect(work.intensity).toBeCloseTo(work.operations / work.bytes);
	});

	test.each([
		[{ bytes: 2000, operations: 100, intensity: 0.05 }, 1, 100],
		[{ bytes: 20, operations: 50_000, intensity: 2500 }, 1, 500],
		[{ bytes: 20, operations: 50_000, intensity: 2500 }, 2, 250],
		[{ bytes: 20, operations: 50_000, intensity: 2500 }, 64, 250],
	])("%j with %d threads takes at least %d ns", (work, threads, nanoseconds) => {
		expect(rooflineNanoseconds(work, machineRoofs(machine, threads))).toBe(nanoseconds);
	});

	test.each([
		[1, 20],
		[5, 100],
		[50, 100],
	])("at %d operations a byte the roof is %d GFLOP/s", (intensity, gflops) => {
		expect(roofGflops(intensity, machineRoofs(machine, 1))).toBe(gflops);
	});
});

describe("all islands together", () => {
	const ratio = { median: 4, low: 2, high: 8 };
	const slower = { verdict: "baseline", ratio: { median: 0.5, low: 0.4, high: 0.6 }, kernelNs: 200 } as const;

	test("are summed as often as they occur; one whose kernel is not published runs the baseline", () => {
		const cases = [
			caseOf({ baselineNs: 400, ratio, occurrences: 3 }),
			caseOf({ baselineNs: 100, ...slower }),
		];
		expect(sumCases(cases)).toEqual({
			baselineNs: 1300,
			kernelNs: 400,
			ratio: { median: 1300 / 400, low: 1300 / 700, high: 1300 / 250 },
		});
		expect(page({ cases })).toContain(">3.25×<");
	});

	test.each(["inconclusive", "baseline"] as const)("a verdict %s counts as no gain", (verdict) => {
		expect(sumCases([caseOf({ verdict, ratio })]).ratio).toEqual({ median: 1, low: 1, high: 1 });
	});
});
