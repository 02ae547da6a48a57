import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeTime, searchTable } from "#cli/describe-search.ts";
import { drawSearches } from "#cli/draw-searches.ts";
import { printOutputExpressions } from "#cli/print-expressions.ts";
import { type IslandSearch, searchIsland } from "#cli/search-island.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import type { Program } from "#shared/program/program.ts";
import { runKiln } from "#test/support/kiln-process.ts";
import { gatedMlp, matrixProduct, rootMeanSquareNormLinear, rowSoftmax } from "#test/support/programs.ts";

const model = join(import.meta.dirname, "../fixtures/exported/mirage_rmsnorm_linear_s/model.onnx");

let root: string;
beforeAll(() => {
	root = mkdtempSync(join(tmpdir(), "kiln-search-"));
});
afterAll(() => rmSync(root, { recursive: true }));

function searched(program: Program, index = 0): IslandSearch {
	const island = {
		index,
		sources: [],
		nodes: [],
		inputs: [],
		outputs: [],
		programInputs: [],
		programOutputs: [],
		program,
		digest: canonicalProgramDigest(program),
	};
	return searchIsland(island, { effort: "quick", target: "cpu-x86-64-v3", threads: 1 });
}

describe("searchIsland", () => {
	const search = searched(gatedMlp(8, 64, 32));

	test("gives proven µGraphs, predicted fastest first, each once, with what it takes to compare them", () => {
		const { muGraphs, unfusedBytes } = search;
		const times = muGraphs.map(({ predictedNanoseconds }) => predictedNanoseconds);
		expect(times).toEqual([...times].sort((a, b) => a - b));
		expect(new Set(muGraphs.map(({ digest }) => digest)).size).toBe(muGraphs.length);
		for (const { certificate, bytesMoved, muGraph, schedule } of muGraphs) {
			expect(certificate.errorProbabilityLog2).toBeLessThanOrEqual(-60);
			expect(bytesMoved).toBeGreaterThan(0);
			expect(schedule.kernels.length).toBe(muGraph.kernels.length);
		}
		expect(muGraphs[0]?.bytesMoved).toBeLessThan(unfusedBytes);
	});

	test("names the tricks of the best", () => {
		expect(search.muGraphs[0]?.traits.map(({ id }) => id)).toContain("sharedOperandLoad");
	});
});

describe("searchTable", () => {
	test("has one row an island, columns aligned", () => {
		const nothing = { ...searched(matrixProduct(3, 17, 15), 11), muGraphs: [] };
		const [head = "", first = "", second = "", ...others] = searchTable([
			searched(gatedMlp(8, 64, 32)),
			nothing,
		]);
		expect(others).toEqual([]);
		expect(head).toMatch(/^island +µGraphs +states +ms +best +moves +predicted +what it does$/);
		expect(first).toMatch(/^ +0 .* 1 kernel .*x fewer\) .* sharedOperandLoad/);
		expect(second).toMatch(/^ +11 +0 .*nothing proven: the baseline runs$/);
		expect(first.indexOf("1 kernel")).toBe(head.indexOf("best"));
	});

	test.each([
		[999.4, "999 ns"],
		[1_234, "1.2 µs"],
		[5_600_000, "5.6 ms"],
	])("%d nanoseconds read %s", (nanoseconds, text) => {
		expect(describeTime(nanoseconds)).toBe(text);
	});
});

describe("printOutputExpressions", () => {
	test("a norm and a product, in the letters of the program", () => {
		const [{ print } = { print: "" }] = printOutputExpressions(rootMeanSquareNormLinear(2, 8, 4));
		expect(print).toMatch(/^Σ_b in0\[8a\+b\]·in1\[b\]·in2\[4b\+c\]\/\(sqrt\(.*Σ_b in0\[8a\+b\]·in0\[8a\+b\]/);
		expect(print).not.toMatch(/S\{|\[\d+( \d+)*\]/);
	});

	test("what the axioms know nothing of keeps its axes", () => {
		const [{ print } = { print: "" }] = printOutputExpressions(rowSoftmax(3, 5));
		expect(print).toMatch(/max_b\(in0\[5a\+b\]\)/);
	});
});

describe("kiln search", () => {
	test("--json has every stage, --draw writes the picture", async () => {
		const file = join(root, "drawn", "best.svg");
		const { code, stdout } = await runKiln(["search", model, "--effort", "quick", "--json", "--draw", file]);
		expect(code).toBe(0);
		const { islands, drawn } = JSON.parse(stdout);
		expect(drawn).toEqual([file]);
		expect(readFileSync(file, "utf8")).toMatch(/^<svg [\s\S]*kernel 0[\s\S]*<\/svg>\n$/);
		const [island] = islands;
		expect(island).toMatchObject({
			programPrint: expect.stringContaining("contract("),
			expressions: [{ output: 0, print: expect.stringContaining("Σ_") }],
			algebra: {
				values: expect.any(Number),
				usefulValues: expect.any(Number),
				dags: island.dagPrints.length,
			},
			placementsPruned: expect.any(Object),
			unfusedBytes: expect.any(Number),
			stabilityInFloat16: island.mugraphs.map(({ digest }: { digest: string }) =>
				expect.objectContaining({ digest, kind: expect.stringMatching(/^(un)?stable$/) }),
			),
			mugraphs: expect.arrayContaining([
				expect.objectContaining({ traits: expect.any(Array), predictedNs: expect.any(Number) }),
			]),
		});
	});

	test("--explain names the stages in their order", async () => {
		const { stdout } = await runKiln(["search", model, "--effort", "quick", "--explain"]);
		const stages = [...stdout.matchAll(/^── (\S+)/gm)].map(([, stage]) => stage);
		expect(stages).toEqual(["the", "what", "algebra:", "cuts", "µGraphs,"]);
	});
});

describe("drawSearches", () => {
	const [first, second] = [searched(gatedMlp(8, 64, 32), 3), searched(matrixProduct(3, 17, 15), 4)];

	test("a folder gets one file an island, a file's name the island where there are several", async () => {
		const folder = join(root, "folder");
		await drawSearches([first, second], folder, 1);
		expect(readdirSync(folder)).toEqual(["island-3.svg", "island-4.svg"]);
		const files = await drawSearches([first, second], join(root, "all.svg"), 1);
		expect(files).toEqual([join(root, "all-island-3.svg"), join(root, "all-island-4.svg")]);
		expect(await drawSearches([first], join(root, "one.svg"), 1)).toEqual([join(root, "one.svg")]);
	});

	test("a rank beyond what was found is a wrong use, and nothing is written", async () => {
		const folder = join(root, "none");
		await expect(drawSearches([first, second], folder, 999)).rejects.toMatchObject({
			code: "request.invalid",
		});
		expect(existsSync(folder)).toBe(false);
	});
});
