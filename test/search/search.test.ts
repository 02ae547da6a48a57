import { describe, expect, test } from "vitest";
import { checkMuGraph } from "#shared/mugraph/check.ts";
import { muGraphDigest } from "#shared/mugraph/fingerprint.ts";
import { interpretMuGraph } from "#shared/mugraph/interpret.ts";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import { float64Arithmetic } from "#shared/numeric/float-arithmetic.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { selectMuGraphs } from "#shared/search/select.ts";
import { largestDifference, randomInputs, randomTiles, testSeed } from "#test/support/mugraph-inputs.ts";
import {
	crossEntropy,
	gatedMlp,
	gatedMlpDownResidual,
	geluMlp,
	layerNorm,
	loraLinear,
	maskedAttention,
	residualNorm,
	rootMeanSquareNormLinear,
	rowSoftmax,
	samplePrograms,
} from "#test/support/programs.ts";

const everything = { statesMax: 100_000, foundMax: 100_000 };
/** What a plan of quick effort asks for. */
const few = { statesMax: 20_000, foundMax: 8 };

function find(
	program: Program,
	accepts: (muGraph: MuGraph) => boolean,
	limits = everything,
): MuGraph | undefined {
	return searchMuGraphs(program, limits).found.find(accepts);
}

function isOneKernel(muGraph: MuGraph, accepts: (kernel: Kernel) => boolean): boolean {
	const [kernel, ...others] = muGraph.kernels;
	return kernel !== undefined && others.length === 0 && accepts(kernel);
}

const stageOf = (kernel: Kernel, operator: string): number | undefined =>
	kernel.nodes.find((node) => node.kind === "map" && node.operator === operator)?.stage;

describe.each(Object.entries(samplePrograms))("%s", (_, program) => {
	const { found, report, cursor } = searchMuGraphs(program, { ...everything, foundMax: 60 });

	test("every µGraph is well formed and found once", () => {
		expect(found.flatMap(checkMuGraph)).toEqual([]);
		expect(new Set(found.map(muGraphDigest)).size).toBe(found.length);
		expect(report.emitted).toBeGreaterThanOrEqual(found.length);
		expect([report.stop, cursor]).toEqual(["saturated", null]);
	});

	test("every µGraph computes the program with any tiles", () => {
		const random = createRandom(testSeed, 3);
		const inputs = randomInputs(program, random);
		const expected = interpretProgramFloat64(program, inputs);
		for (const muGraph of found) {
			const tiles = randomTiles(muGraph, random);
			const actual = interpretMuGraph(muGraph, inputs, tiles, float64Arithmetic);
			const explain = `seed ${testSeed}, tiles ${JSON.stringify(tiles)}\n${printMuGraph(muGraph)}`;
			expect(largestDifference(expected, actual), explain).toBeLessThan(1e-10);
		}
	});

	test("a search cut anywhere and resumed finds what a whole one finds", () => {
		const random = createRandom(testSeed, 4);
		const whole = searchMuGraphs(program, everything);
		const pieces: MuGraph[] = [];
		let visited = 0;
		let at: string | undefined;
		for (;;) {
			const piece = searchMuGraphs(program, { ...everything, statesMax: 1 + random.nextBelow(150) }, at);
			pieces.push(...piece.found);
			visited += piece.report.statesVisited;
			if (piece.cursor === null) break;
			at = piece.cursor;
		}
		expect(visited).toBe(whole.report.statesVisited);
		const merged = selectMuGraphs(pieces, everything.foundMax).map(muGraphDigest);
		expect(merged).toEqual(whole.found.map(muGraphDigest));
	});
});

describe("odd extents", () => {
	test.each([1, 15, 16, 17, 63, 65])("RMSNorm and matrix product with %i columns and any tiles", (n) => {
		// An extent of 1 has no axis: the smallest program has two columns.
		const program = rootMeanSquareNormLinear(3, Math.max(2, 66 - n), Math.max(2, n));
		const random = createRandom(testSeed, n);
		const inputs = randomInputs(program, random);
		const expected = interpretProgramFloat64(program, inputs);
		for (const muGraph of searchMuGraphs(program, few).found) {
			const actual = interpretMuGraph(muGraph, inputs, randomTiles(muGraph, random), float64Arithmetic);
			expect(largestDifference(expected, actual)).toBeLessThan(1e-10);
		}
	});
});

describe("what must come out, among the few of a quick plan, at real sizes", () => {
	test("RMSNorm and product: one kernel over columns, one pass, the division after the loop", () => {
		const program = rootMeanSquareNormLinear(8, 4096, 4096);
		const looped = find(
			program,
			(muGraph) =>
				isOneKernel(
					muGraph,
					(kernel) => kernel.grid.join() === "0,2" && kernel.loop === 1 && stageOf(kernel, "divide") === 2,
				),
			few,
		);
		expect(looped).toBeDefined();
	});

	test("gated MLP: one kernel, X loaded once for both contractions", () => {
		const winner = find(
			gatedMlp(8, 4096, 4096),
			(muGraph) =>
				isOneKernel(
					muGraph,
					(kernel) =>
						kernel.grid.join() === "0,2" &&
						kernel.loop === 1 &&
						kernel.nodes.filter((node) => node.kind === "load" && node.axes.join() === "0,1").length === 1,
				),
			few,
		);
		expect(winner).toBeDefined();
	});

	test("LoRA: one kernel over columns, and two kernels with the low-rank product between them", () => {
		const program = loraLinear(16, 256, 4096, 16);
		expect(
			find(program, (muGraph) => isOneKernel(muGraph, (kernel) => kernel.grid.join() === "0,2"), few),
		).toBeDefined();
		expect(
			find(
				program,
				(muGraph) =>
					muGraph.kernels.length === 2 && muGraph.intermediates.some(({ axes }) => axes.join() === "0,3"),
				few,
			),
		).toBeDefined();
	});

	test("attention: one kernel over heads and queries with online softmax, and one without a loop", () => {
		const program = maskedAttention(8, 64, 512, 64);
		const isOnline = (kernel: Kernel): boolean =>
			kernel.nodes.some((node) => node.kind === "accumulate" && node.rescale !== null);
		expect(
			find(
				program,
				(muGraph) =>
					isOneKernel(
						muGraph,
						(kernel) => kernel.grid.join() === "0,1" && kernel.loop === 2 && isOnline(kernel),
					),
				few,
			),
		).toBeDefined();
		expect(
			find(
				program,
				(muGraph) => isOneKernel(muGraph, (kernel) => kernel.grid.join() === "0,1" && kernel.loop === null),
				few,
			),
		).toBeDefined();
	});

	test("MLP with down projection: two kernels, the hidden activation between them", () => {
		for (const program of [gatedMlpDownResidual(8, 1024, 4096), geluMlp(8, 1024, 4096, 1024)]) {
			const winner = find(
				program,
				(muGraph) =>
					muGraph.kernels.length === 2 &&
					muGraph.intermediates.map(({ axes }) => axes.join()).join(" ") === "0,2",
				few,
			);
			expect(winner).toBeDefined();
		}
	});

	test.each([
		["softmax", rowSoftmax(64, 1000)],
		["LayerNorm", layerNorm(128, 768)],
		["residual and norm", residualNorm(8, 4096)],
		["cross entropy", crossEntropy(32, 1000)],
	])("%s: blocks of rows, the row resident, no loop", (_, program) => {
		const winner = find(program, (muGraph) => muGraph.kernels.every((kernel) => kernel.loop === null), few);
		expect(winner?.kernels[0]?.grid).toContain(0);
	});

	test("softmax of a long row: online in one pass, stored in a second", () => {
		const winner = find(rowSoftmax(8, 100_000), (muGraph) =>
			isOneKernel(
				muGraph,
				(kernel) => kernel.loop === 1 && kernel.nodes.at(-1)?.stage === 3 && stageOf(kernel, "divide") === 3,
			),
		);
		expect(winner).toBeDefined();
	});

	test("LayerNorm: the plain passes over a looped row", () => {
		const winner = find(layerNorm(8, 4096), (muGraph) =>
			isOneKernel(muGraph, (kernel) => kernel.loop === 1 && kernel.nodes.at(-1)?.stage === 5),
		);
		expect(winner).toBeDefined();
	});

	test("a kernel for each unit is always there", () => {
		for (const program of Object.values(samplePrograms)) {
			const { found } = searchMuGraphs(program, everything);
			const units = program.nodes.filter((node) => node.kind === "reduce" || node.kind === "contract").length;
			expect(Math.max(...found.map((muGraph) => muGraph.kernels.length))).toBeGreaterThanOrEqual(
				Math.min(1, units),
			);
		}
	});
});

describe("limits", () => {
	const program = maskedAttention(2, 5, 17, 3);

	test("a budget of states stops with a cursor, and reports it", () => {
		const outcome = searchMuGraphs(program, { statesMax: 10, foundMax: 100 });
		expect(outcome.report).toMatchObject({ statesVisited: 10, stop: "stateLimit" });
		expect(outcome.cursor).toBe("10");
	});

	test("never returns more than asked for, cheapest first", () => {
		const { found } = searchMuGraphs(program, few);
		expect(found.length).toBe(few.foundMax);
		expect(found.map(muGraphDigest)).toEqual(selectMuGraphs(found, few.foundMax).map(muGraphDigest));
	});

	test("a tile budget that nothing fits leaves the smallest placement", () => {
		const { found } = searchMuGraphs(program, { ...everything, tileBytesMax: 1 });
		expect(found.length).toBeGreaterThan(0);
	});

	test.each(["", "1.2", "a.b.c", "1.2.3.4", "-1.0.0"])("refuses '%s' as a cursor", (cursor) => {
		expect(() => searchMuGraphs(program, few, cursor)).toThrow(RangeError);
	});
});
