import { describe, expect, test } from "vitest";
import { bytesMoved } from "#shared/mugraph/bytes-moved.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import { assembleMuGraph } from "#shared/search/assemble.ts";
import { muGraphCost, nominalTiles } from "#shared/search/cost.ts";
import { enumerateCuts } from "#shared/search/cuts.ts";
import type { Cut } from "#shared/search/describe-cut.ts";
import { placeKernel } from "#shared/search/placement.ts";
import { findUnits } from "#shared/search/units.ts";
import {
	groupedQueryAttention,
	queryKeyNormAttention,
	rotaryAttention,
} from "#test/support/attention-programs.ts";
import {
	biasGelu,
	crossEntropy,
	gatedMlp,
	gatedMlpDownResidual,
	geluMlp,
	layerNorm,
	layerNormLinear,
	loraLinear,
	maskedAttention,
	normChain,
	residualNorm,
	rootMeanSquareNormLinear,
	rowSoftmax,
} from "#test/support/programs.ts";

const limits = { passesMax: 3, tileBytesMax: 2 * 1024 * 1024, placementsMax: 12 };

/** The cheapest placement of each kernel. */
function placeBest(program: Program, cut: Cut): MuGraph {
	const kernels = cut.kernels.flatMap((spec) =>
		placeKernel(spec, limits)
			.placements.slice(0, 1)
			.map(({ kernel }) => kernel),
	);
	return assembleMuGraph(program, [], kernels);
}

function bytesOf(muGraph: MuGraph): number {
	const { readBytes, writtenBytes } = bytesMoved(
		muGraph,
		muGraph.kernels.map((kernel) => nominalTiles(kernel, muGraph)),
	);
	return readBytes + writtenBytes;
}

interface Forms {
	/** The cheapest of at most so many kernels. */
	readonly fused: MuGraph;
	/** One kernel a unit. */
	readonly unfused: MuGraph;
}

function formsOf(program: Program, kernelsMax: number): Forms {
	const { units } = findUnits(program);
	const muGraphs = [...enumerateCuts(program, { kernelsMax: 4, unitsMax: 8 })].flatMap((outcome) =>
		outcome.kind === "cut" ? [placeBest(program, outcome.cut)] : [],
	);
	const [fused] = muGraphs
		.filter(({ kernels }) => kernels.length <= kernelsMax)
		.sort((a, b) => muGraphCost(a) - muGraphCost(b));
	const [unfused] = muGraphs
		.filter(({ kernels }) => kernels.length === units.length)
		.sort((a, b) => muGraphCost(a) - muGraphCost(b));
	if (fused === undefined || unfused === undefined) throw new Error("no cut");
	return { fused, unfused };
}

const decode = { keyHeads: 2, group: 8, queries: 1, keys: 4096, depth: 64 };

const oneKernel: readonly (readonly [string, Program])[] = [
	["RMSNorm and product", rootMeanSquareNormLinear(8, 4096, 4096)],
	["LayerNorm and product", layerNormLinear(8, 4096, 4096)],
	["gated MLP", gatedMlp(8, 4096, 4096)],
	["LoRA over a short row", loraLinear(16, 256, 4096, 16)],
	["softmax with its maximum", rowSoftmax(64, 1000)],
	["LayerNorm", layerNorm(128, 768)],
	["residual and norm", residualNorm(64, 4096)],
	["a chain of norms", normChain(64, 4096)],
	["bias and GELU", biasGelu(64, 1024)],
	["masked attention", maskedAttention(8, 64, 512, 64)],
	["rotary attention", rotaryAttention(8, 128, 64)],
	["attention over normed queries and keys", queryKeyNormAttention(8, 64, 512, 64)],
	["grouped queries, one sequence", groupedQueryAttention({ ...decode, batch: 1 })],
	["grouped queries, eight sequences", groupedQueryAttention({ ...decode, batch: 8 })],
	["grouped queries of a prompt", groupedQueryAttention({ ...decode, batch: 1, queries: 256, keys: 256 })],
];

const twoKernels: readonly (readonly [string, Program])[] = [
	["gated MLP with down projection", gatedMlpDownResidual(8, 1024, 4096)],
	["MLP with GELU", geluMlp(8, 1024, 4096, 1024)],
	["LoRA over a long row", loraLinear(16, 4096, 4096, 16)],
	["cross entropy", crossEntropy(32, 1000)],
];

describe("fused programs move fewer bytes than a kernel for each unit", () => {
	test.each(oneKernel)("%s: one kernel", (_, program) => {
		const { fused, unfused } = formsOf(program, 1);
		expect(fused.kernels.length).toBe(1);
		if (findUnits(program).units.length > 1) expect(bytesOf(fused)).toBeLessThan(bytesOf(unfused));
	});

	test.each(twoKernels)("%s: a pair of kernels", (_, program) => {
		const { fused, unfused } = formsOf(program, 2);
		expect(bytesOf(fused)).toBeLessThan(bytesOf(unfused));
		expect(muGraphCost(fused)).toBeLessThan(muGraphCost(unfused));
	});
});

describe("the bound", () => {
	test("prefers one kernel for what fits a block", () => {
		for (const program of [
			rowSoftmax(64, 1000),
			layerNorm(128, 768),
			residualNorm(64, 4096),
			normChain(64, 4096),
			maskedAttention(8, 64, 512, 64),
			queryKeyNormAttention(8, 64, 512, 64),
		]) {
			const { fused, unfused } = formsOf(program, 1);
			expect(muGraphCost(fused)).toBeLessThan(muGraphCost(unfused));
		}
	});

	test("prefers reading an operand once", () => {
		const { fused } = formsOf(rootMeanSquareNormLinear(8, 4096, 4096), 1);
		const again = fused.kernels.map((kernel) => {
			const loads = kernel.nodes.filter(({ kind }) => kind === "load");
			const stage = 2 + Math.max(...kernel.nodes.map((node) => node.stage));
			return { ...kernel, nodes: [...kernel.nodes, ...loads.map((load) => ({ ...load, stage }))] };
		});
		expect(muGraphCost({ ...fused, kernels: again })).toBeGreaterThan(muGraphCost(fused));
	});

	test("of rotary attention in one kernel, the rotations are computed where they are read", () => {
		const { fused } = formsOf(rotaryAttention(8, 128, 64), 1);
		expect(fused.intermediates).toEqual([]);
		const contracts = fused.kernels.flatMap(({ nodes }) => nodes.filter(({ kind }) => kind === "contract"));
		expect(contracts.length).toBe(3);
	});
});
