import { describe, expect, test } from "vitest";
import { bytesMoved } from "#shared/mugraph/bytes-moved.ts";
import { checkMuGraph } from "#shared/mugraph/check.ts";
import { interpretMuGraph } from "#shared/mugraph/interpret.ts";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import { float64Arithmetic } from "#shared/numeric/float-arithmetic.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { AxisId, Program } from "#shared/program/program.ts";
import { assembleMuGraph } from "#shared/search/assemble.ts";
import { enumerateCuts } from "#shared/search/cuts.ts";
import type { Cut } from "#shared/search/describe-cut.ts";
import { kernelBound, legalGrid } from "#shared/search/grid-choices.ts";
import type { KernelSpec } from "#shared/search/kernel-spec.ts";
import { type KernelPlacements, type PlacementLimits, placeKernel } from "#shared/search/placement.ts";
import { groupedQueryAttention, languageModelPrograms } from "#test/support/attention-programs.ts";
import { largestDifference, randomInputs, randomTiles, testSeed } from "#test/support/mugraph-inputs.ts";
import {
	maskedAttention,
	matrixProduct,
	normChain,
	rootMeanSquareNormLinear,
	rowSoftmax,
	samplePrograms,
} from "#test/support/programs.ts";

const limits: PlacementLimits = { passesMax: 3, tileBytesMax: 2 * 1024 * 1024, placementsMax: 12 };
const everything: PlacementLimits = {
	...limits,
	tileBytesMax: Number.POSITIVE_INFINITY,
	placementsMax: 1000,
};
const programs = { ...samplePrograms, ...languageModelPrograms };
/** Of the cuts of a program, this many. */
const cutsTried = 40;

interface PlacedCut {
	readonly cut: Cut;
	readonly placed: readonly KernelPlacements[];
}

function placedCuts(program: Program): PlacedCut[] {
	const memo = new Map<string, KernelPlacements>();
	const cuts: PlacedCut[] = [];
	for (const outcome of enumerateCuts(program, { kernelsMax: 4, unitsMax: 8 })) {
		if (outcome.kind !== "cut" || cuts.length === cutsTried) continue;
		const placed = outcome.cut.kernels.map((spec) => {
			const known = memo.get(spec.key) ?? placeKernel(spec, limits);
			memo.set(spec.key, known);
			return known;
		});
		cuts.push({ cut: outcome.cut, placed });
	}
	return cuts;
}

/** One µGraph for each placement of each kernel, others at their best. */
function muGraphsOf(program: Program, { placed }: PlacedCut): MuGraph[] {
	const best = placed.map(({ placements }) => placements.slice(0, 1).map(({ kernel }) => kernel));
	return placed.flatMap(({ placements }, at) =>
		placements.map(({ kernel }) => assembleMuGraph(program, [], best.with(at, [kernel]).flat())),
	);
}

describe.each(Object.entries(programs))("%s", (_, program) => {
	const cuts = placedCuts(program);

	test("every placement is well formed", () => {
		for (const cut of cuts) expect(muGraphsOf(program, cut).flatMap(checkMuGraph)).toEqual([]);
	});

	test("every placement of a few cuts computes the program with any tiles", () => {
		const random = createRandom(testSeed, 5);
		const inputs = randomInputs(program, random);
		const expected = interpretProgramFloat64(program, inputs);
		const few = cuts.filter((_, at) => at < 2 || random.nextBelow(cuts.length) < 4);
		for (const muGraph of few.flatMap((cut) => muGraphsOf(program, cut))) {
			const tiles = randomTiles(muGraph, random);
			const actual = interpretMuGraph(muGraph, inputs, tiles, float64Arithmetic);
			const explain = `seed ${testSeed}, tiles ${JSON.stringify(tiles)}\n${printMuGraph(muGraph)}`;
			expect(largestDifference(expected, actual), explain).toBeLessThan(1e-9);
		}
	});

	test("no placement costs less than the kernel's bound, and none comes before a cheaper one", () => {
		for (const { cut, placed } of cuts)
			cut.kernels.forEach((spec, at) => {
				const costs = placed[at]?.placements.map(({ nanoseconds }) => nanoseconds) ?? [];
				expect(costs[0]).toBeGreaterThanOrEqual(kernelBound(spec) * (1 - 1e-9));
				expect(costs.toSorted((a, b) => a - b)).toEqual(costs);
			});
	});

	test("every placement is kept once, and as many as asked for at most", () => {
		for (const { placements } of cuts.flatMap(({ placed }) => placed)) {
			expect(placements.length).toBeGreaterThan(0);
			expect(placements.length).toBeLessThanOrEqual(limits.placementsMax);
			expect(new Set(placements.map(({ kernel }) => JSON.stringify(kernel))).size).toBe(placements.length);
		}
	});

	test("the legal grid axes of a kernel are exactly those that make a well-formed µGraph", () => {
		for (const cut of [...cuts.slice(0, 3), ...cuts.slice(-1)]) {
			const straight = cut.cut.kernels.map((spec) => withoutLoop(spec));
			cut.cut.kernels.forEach((spec, at) => {
				const kernel = straight[at];
				const legal = legalGrid(spec);
				program.axes.forEach((_, axis) => {
					const kernels = straight.map((own) => (own === kernel ? { ...own, grid: [axis] } : own));
					const faults = checkMuGraph(assembleMuGraph(program, [], kernels));
					expect(faults.length === 0, `axis ${axis} of kernel ${at}`).toBe(legal.includes(axis));
				});
			});
		}
	});
});

function withoutLoop(spec: KernelSpec): Kernel {
	const { placements } = placeKernel(spec, everything);
	const placement = placements.find(({ kernel }) => kernel.loop === null);
	if (placement === undefined) throw new Error("no placement without a loop");
	return { ...placement.kernel, grid: [] };
}

/** Placements of the whole program in one kernel. */
function oneKernel(program: Program, within = limits): readonly Kernel[] {
	const [first] = placedCuts(program);
	const spec = first?.cut.kernels[0];
	if (spec === undefined) throw new Error("no cut");
	return placeKernel(spec, within).placements.map(({ kernel }) => kernel);
}

const gridsOf = (kernels: readonly Kernel[]): string[] => [
	...new Set(kernels.map(({ grid }) => grid.join())),
];

describe("grids that leave out what repeats work", () => {
	const [head, group, query] = [0, 1, 2];
	const program = groupedQueryAttention({
		batch: 1,
		keyHeads: 2,
		group: 4,
		queries: 256,
		keys: 256,
		depth: 64,
	});

	test("grouped queries: keys and values are read once for a whole group when the group stays in the block", () => {
		const kernels = oneKernel(program);
		const read = (grid: readonly AxisId[]): number => {
			const kernel = kernels.find((own) => own.grid.join() === grid.join() && own.loop === null);
			if (kernel === undefined) return Number.NaN;
			const muGraph = assembleMuGraph(program, [], [kernel]);
			// Contractions take one axis of each side in tiles, the others one by one.
			const gridTiles = grid.map((axis) => (axis === query ? 64 : 1));
			return bytesMoved(muGraph, [{ gridTiles, loopTile: 0 }]).readBytes;
		};
		const [keyBytes, queryBytes] = [2 * 2 * 256 * 64 * 4, 2 * 4 * 256 * 64 * 4];
		expect(read([head, query])).toBe(4 * keyBytes + queryBytes);
		expect(read([head, group, query])).toBe(4 * 4 * keyBytes + queryBytes);
		expect(kernels[0]?.grid).toEqual([head, query]);
	});

	test("axes along which nothing is repeated are always on the grid", () => {
		expect(gridsOf(oneKernel(matrixProduct(64, 64, 64)))).toEqual(["0,2"]);
		expect(gridsOf(oneKernel(rowSoftmax(64, 1000)))).toEqual(["0"]);
	});

	test("a row's statistic is computed once for all columns, or in each tile of them", () => {
		const grids = gridsOf(oneKernel(rootMeanSquareNormLinear(64, 256, 64)));
		expect(grids).toContain("0,2");
		expect(grids).toContain("0");
	});
});

describe("limits", () => {
	const attention = maskedAttention(2, 40, 50, 30);

	test("few places go to different loops and grids before the second best of one", () => {
		const all = oneKernel(attention, everything);
		const loops = (kernels: readonly Kernel[]): Set<AxisId | null> =>
			new Set(kernels.map(({ loop }) => loop));
		expect(loops(all).size).toBeGreaterThan(1);
		expect(loops(oneKernel(attention, { ...limits, placementsMax: loops(all).size + 1 }))).toEqual(
			loops(all),
		);
	});

	test("no loop has more passes than asked for", () => {
		const passes = (kernel: Kernel): number =>
			Math.max(...kernel.nodes.map(({ stage }) => Math.ceil(stage / 2)));
		const most = Math.max(...oneKernel(normChain(8, 100), everything).map(passes));
		expect(most).toBe(3);
		for (const passesMax of [1, 2]) {
			const kernels = oneKernel(normChain(8, 100), { ...everything, passesMax });
			expect(kernels.every((kernel) => kernel.loop === null || passes(kernel) <= passesMax)).toBe(true);
		}
	});

	test("what outgrows the tile budget goes, but for the smallest", () => {
		const roomy = oneKernel(attention, everything);
		const tight = oneKernel(attention, { ...everything, tileBytesMax: 10 * 1024 });
		expect(tight.length).toBeGreaterThan(0);
		expect(tight.length).toBeLessThan(roomy.length);
		expect(oneKernel(attention, { ...everything, tileBytesMax: 1 }).length).toBe(1);
	});
});
