import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkMuGraph } from "#shared/mugraph/check.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { muGraphTraits, type TraitId, traitTitles } from "#shared/mugraph/traits.ts";
import { valueForms } from "#shared/mugraph/value-forms.ts";
import type { Program } from "#shared/program/program.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { type KernelSketch, sketchMuGraph } from "#test/support/mugraph-sketch.ts";
import {
	gatedMlp,
	layerNorm,
	loraLinear,
	maskedAttention,
	matrixProduct,
	rootMeanSquareNormLinear,
} from "#test/support/programs.ts";

/** Rows, inner, columns, and a short axis. */
const [m, k, n, r] = [0, 1, 2, 3] as const;
const extents = [8, 64, 32, 4];

/** X·(W + V): the sum in a kernel of its own, W and V weights or not. */
function sumOfWeights(role: "weight" | "activation"): MuGraph {
	const muGraph = sketchMuGraph(extents, (sketch) => {
		sketch.kernel([k], null, (kernel) =>
			kernel.storeIntermediate(kernel.map("add", kernel.load("w", [k, n]), kernel.load("v", [k, n])), "sum"),
		);
		sketch.kernel([m], null, (kernel) =>
			kernel.store(kernel.contract(kernel.load("x", [m, k]), kernel.loadIntermediate("sum"), k)),
		);
	});
	return { ...muGraph, inputs: muGraph.inputs.map((input, at) => (at < 2 ? { ...input, role } : input)) };
}

type Write = (kernel: KernelSketch) => void;

const oneKernel = (grid: readonly number[], loop: number | null, write: Write, of = extents): MuGraph =>
	sketchMuGraph(of, (sketch) => sketch.kernel(grid, loop, write));

const twoKernels = (first: Write, second: Write, grids = [[m], [m]]): MuGraph =>
	sketchMuGraph(extents, (sketch) => {
		sketch.kernel(grids[0] ?? [], null, first);
		sketch.kernel(grids[1] ?? [], null, second);
	});

const sumOfSquares = (kernel: KernelSketch, x: number): number =>
	kernel.reduce("sum", kernel.map("multiply", x, x), k);

/** X·W in a loop over k. */
const product = oneKernel([m, n], k, (kernel) => {
	kernel.stage(1);
	const sum = kernel.accumulate(kernel.contract(kernel.load("x", [m, k]), kernel.load("w", [k, n]), k));
	kernel.stage(2);
	kernel.store(sum);
});

/** rmsnorm(X)·W in one pass: the division after the loop. */
const normAfter = oneKernel([m, n], k, (kernel) => {
	kernel.stage(1);
	const x = kernel.load("x", [m, k]);
	const squares = kernel.accumulate(sumOfSquares(kernel, x));
	const sum = kernel.accumulate(kernel.contract(x, kernel.load("w", [k, n]), k));
	kernel.stage(2);
	kernel.store(kernel.map("divide", sum, kernel.map("sqrt", squares)));
});

/** The same as it is usually written: the row is normed, then multiplied. */
const normBefore = oneKernel([m], null, (kernel) => {
	const x = kernel.load("x", [m, k]);
	const normed = kernel.map("divide", x, kernel.map("sqrt", sumOfSquares(kernel, x)));
	kernel.store(kernel.contract(normed, kernel.load("w", [k, n]), k));
});

/** A row norm of the product: its statistic is over the columns, which nothing contracts. */
const normOfProduct = oneKernel([m], null, (kernel) => {
	const y = kernel.contract(kernel.load("x", [m, k]), kernel.load("w", [k, n]), k);
	const squares = kernel.reduce("sum", kernel.map("multiply", y, y), n);
	kernel.store(kernel.map("divide", y, kernel.map("sqrt", squares)));
});

const normOnly = oneKernel([m], null, (kernel) => {
	const x = kernel.load("x", [m, k]);
	kernel.store(kernel.map("divide", x, kernel.map("sqrt", sumOfSquares(kernel, x))));
});

/** Variance of a row beside the row's product. */
const deviationsCarried = oneKernel([m], k, (kernel) => {
	kernel.stage(1);
	const x = kernel.load("x", [m, k]);
	const squares = kernel.deviations(x, k);
	const sum = kernel.accumulate(kernel.contract(x, kernel.load("w", [k, n]), k));
	kernel.stage(2);
	kernel.store(kernel.map("divide", sum, kernel.map("sqrt", squares)));
});

const statisticOnly = oneKernel([m], k, (kernel) => {
	kernel.stage(1);
	const squares = kernel.accumulate(sumOfSquares(kernel, kernel.load("x", [m, k])));
	kernel.stage(2);
	kernel.store(kernel.map("sqrt", squares));
});

/** A norm of one tensor beside a product of others. */
const unrelatedStatistic = oneKernel([m], k, (kernel) => {
	kernel.stage(1);
	const squares = kernel.accumulate(sumOfSquares(kernel, kernel.load("y", [m, k])));
	const sum = kernel.accumulate(kernel.contract(kernel.load("x", [m, k]), kernel.load("w", [k, n]), k));
	kernel.stage(2);
	kernel.store(squares);
	kernel.store(sum);
});

const twoProducts = (second: string): MuGraph =>
	oneKernel([m, n], k, (kernel) => {
		kernel.stage(1);
		const x = kernel.load("x", [m, k]);
		const left = kernel.accumulate(kernel.contract(x, kernel.load("a", [k, n]), k));
		const other = second === "x" ? x : kernel.load(second, [m, k]);
		const right = kernel.accumulate(kernel.contract(other, kernel.load("b", [k, n]), k));
		kernel.stage(2);
		kernel.store(kernel.map("multiply", left, right));
	});

const lowRank = (isAdded: boolean, rank: number): MuGraph =>
	oneKernel(
		[m, n],
		null,
		(kernel) => {
			const x = kernel.load("x", [m, k]);
			const low = kernel.contract(x, kernel.load("a", [k, r]), k);
			const branch = kernel.contract(low, kernel.load("b", [r, n]), r);
			const full = kernel.contract(x, kernel.load("w", [k, n]), k);
			kernel.store(kernel.map(isAdded ? "add" : "maximum", full, branch));
		},
		[8, 64, 32, rank],
	);

/** Softmax of a row in one pass, or with its maximum known before. */
const softmaxSum = (isOnline: boolean): MuGraph =>
	oneKernel([m], k, (kernel) => {
		kernel.stage(1);
		const x = kernel.load("x", [m, k]);
		const maximum = kernel.accumulate(kernel.reduce("max", x, k), "max");
		if (isOnline) {
			const weights = kernel.map("exp", kernel.map("subtract", x, maximum));
			const sum = kernel.accumulate(kernel.reduce("sum", weights, k), "sum", maximum);
			kernel.stage(2);
			return kernel.store(kernel.map("log", sum));
		}
		kernel.stage(3);
		const again = kernel.load("x", [m, k]);
		const weights = kernel.map("exp", kernel.map("subtract", again, maximum));
		const sum = kernel.accumulate(kernel.reduce("sum", weights, k));
		kernel.stage(4);
		kernel.store(kernel.map("log", sum));
	});

/** Scores, weights and weighted sum; `kept` says what lies between scores and sum. */
const scores = (operator: "exp" | "sigmoid"): MuGraph =>
	oneKernel([m], null, (kernel) => {
		const weights = kernel.map(
			operator,
			kernel.contract(kernel.load("q", [m, k]), kernel.load("k", [k, n]), k),
		);
		const sum = kernel.contract(weights, kernel.load("v", [n, r]), n);
		kernel.store(kernel.map("divide", sum, kernel.reduce("sum", weights, n)));
	});

/** k is the outer part of a split axis, r its inner one. */
const partialSums = (isSplit: boolean): MuGraph =>
	sketchMuGraph(
		extents,
		(sketch) => {
			sketch.kernel([m, k], null, (kernel) => {
				kernel.storeIntermediate(kernel.reduce("sum", kernel.load("x", [m, k, r]), r), "partial");
			});
			sketch.kernel([m], null, (kernel) => {
				kernel.store(kernel.reduce("sum", kernel.loadIntermediate("partial"), k));
			});
		},
		isSplit ? [{ axis: k, innerExtent: 4 }] : [],
	);

const epilogue = (write: (kernel: KernelSketch, sum: number) => number): MuGraph =>
	oneKernel([m, n], null, (kernel) => {
		const sum = kernel.contract(kernel.load("x", [m, k]), kernel.load("w", [k, n]), k);
		kernel.store(write(kernel, sum));
	});

/** x·c - y·s and a product with it; x and y are halves of one tensor, or two tensors. */
const rotated = (second: string): MuGraph =>
	oneKernel([m, n], null, (kernel) => {
		const half = { offset: 0, extent: 128 };
		const first = kernel.load("x", [m, k], half);
		const other = kernel.load(second, [m, k], { ...half, offset: 64 });
		const turned = kernel.map(
			"subtract",
			kernel.map("multiply", first, kernel.load("cosine", [m, k])),
			kernel.map("multiply", other, kernel.load("sine", [m, k])),
		);
		kernel.store(kernel.contract(turned, kernel.load("w", [k, n]), k));
	});

/** The second kernel reads the root, or works it out again. */
const rootTwice = (isAgain: boolean): MuGraph =>
	twoKernels(
		(kernel) => {
			const root = kernel.map("sqrt", kernel.load("x", [m, k]));
			kernel.store(root);
			kernel.storeIntermediate(isAgain ? kernel.reduce("max", root, k) : root, "kept");
		},
		(kernel) => {
			const kept = kernel.loadIntermediate("kept");
			const root = isAgain ? kernel.map("sqrt", kernel.load("x", [m, k])) : kept;
			kernel.store(kernel.map("subtract", root, isAgain ? kept : kernel.reduce("max", kept, k)));
		},
	);

const scaledInLoop = (isHoisted: boolean): MuGraph =>
	oneKernel([m, n], k, (kernel) => {
		const early = isHoisted ? kernel.map("exp", kernel.load("scale", [n])) : 0;
		kernel.stage(1);
		const scale = isHoisted ? early : kernel.map("exp", kernel.load("scale", [n]));
		const scaled = kernel.map("multiply", kernel.load("w", [k, n]), scale);
		const sum = kernel.accumulate(kernel.contract(kernel.load("x", [m, k]), scaled, k));
		kernel.stage(2);
		kernel.store(sum);
	});

/** A bias comes after the sum; an activation before the second product is no epilogue. */
const chained = oneKernel([m], null, (kernel) => {
	const hidden = kernel.contract(kernel.load("x", [m, k]), kernel.load("a", [k, n]), k);
	kernel.store(kernel.contract(kernel.map("sigmoid", hidden), kernel.load("b", [n, r]), n));
});

type Case = readonly [TraitId, string, MuGraph];

const shown: readonly Case[] = [
	["divisionAfterContraction", "the norm's root divides the sum", normAfter],
	["divisionAfterContraction", "softmax weights are summed before they are divided", scores("exp")],
	["loopCarriedStatistic", "squares beside a product", normAfter],
	["loopCarriedStatistic", "squared deviations beside a product", deviationsCarried],
	["onePassVariance", "an accumulator of deviations", deviationsCarried],
	["divisionAfterContraction", "by a root of deviations", deviationsCarried],
	["fusedNormalisation", "division after the product", normAfter],
	["fusedNormalisation", "division before the product", normBefore],
	["sharedOperandLoad", "two products of one X", twoProducts("x")],
	["fusedContractions", "two products of one X", twoProducts("x")],
	["fusedContractions", "products of different tensors", twoProducts("y")],
	["lowRankBranch", "rank 4 beside 64 x 32", lowRank(true, 4)],
	["chainedContractions", "through an activation", chained],
	["chainedContractions", "attention", scores("exp")],
	["fusedAttention", "exponentials between two products", scores("exp")],
	["onlineSoftmax", "a rescaled sum", softmaxSum(true)],
	["severalPasses", "the maximum first", softmaxSum(false)],
	["splitReduction", "parts of one axis", partialSums(true)],
	["fusedEpilogue", "an activation", epilogue((kernel, sum) => kernel.map("sigmoid", sum))],
	["fusedEpilogue", "a bias", epilogue((kernel, sum) => kernel.map("add", sum, kernel.load("b", [n])))],
	["rowResident", "a norm with the row in the block", normOnly],
	["recomputation", "an element-wise value in both kernels", rootTwice(true)],
	["recomputedPerBlock", "a row's statistic in each block of columns", normAfter],
	["recomputedPerBlock", "the low-rank product in each block of columns", lowRank(true, 4)],
	["hoistedBeforeLoop", "work on a value without the loop axis", scaledInLoop(true)],
	["rotaryOnTheFly", "halves of one tensor", rotated("x")],
	["preparedWeights", "a sum of two", sumOfWeights("weight")],
	["singleKernel", "one", product],
	["singleKernel", "one a call", sumOfWeights("weight")],
];

const notShown: readonly Case[] = [
	["divisionAfterContraction", "the row is divided first", normBefore],
	["divisionAfterContraction", "the statistic is over another axis", normOfProduct],
	["divisionAfterContraction", "there is no contraction", normOnly],
	["loopCarriedStatistic", "no contraction", statisticOnly],
	["loopCarriedStatistic", "of another tensor", unrelatedStatistic],
	["loopCarriedStatistic", "two contractions", twoProducts("x")],
	["fusedNormalisation", "no contraction", normOnly],
	["fusedNormalisation", "no statistic", product],
	["sharedOperandLoad", "products of different tensors", twoProducts("y")],
	["sharedOperandLoad", "one product", product],
	["fusedContractions", "one feeds the other", chained],
	["lowRankBranch", "a rank as large as the columns", lowRank(true, 32)],
	["lowRankBranch", "branches that are not added", lowRank(false, 4)],
	["chainedContractions", "side by side", twoProducts("x")],
	["fusedAttention", "another function between them", scores("sigmoid")],
	["onlineSoftmax", "two passes", softmaxSum(false)],
	["onePassVariance", "no such accumulator", normAfter],
	["severalPasses", "one pass", softmaxSum(true)],
	["splitReduction", "two axes of the program", partialSums(false)],
	["fusedEpilogue", "nothing after it", product],
	["fusedEpilogue", "only the moved division", normAfter],
	["fusedEpilogue", "an activation that is contracted again", chained],
	["rowResident", "a loop", statisticOnly],
	["rowResident", "nothing along the row afterwards", partialSums(false)],
	["recomputation", "stored and read", rootTwice(false)],
	["recomputation", "one kernel", normAfter],
	["recomputedPerBlock", "every grid axis is free in the product", product],
	["hoistedBeforeLoop", "in every step", scaledInLoop(false)],
	["rotaryOnTheFly", "two tensors", rotated("y")],
	["rotaryOnTheFly", "a plain product", product],
	["preparedWeights", "a sum of two activations", sumOfWeights("activation")],
	["singleKernel", "two", partialSums(true)],
];

const traitsOf = (muGraph: MuGraph): readonly TraitId[] => muGraphTraits(muGraph).map(({ id }) => id);

describe("muGraphTraits", () => {
	test("the sketches are well formed", () => {
		for (const [, , muGraph] of [...shown, ...notShown]) expect(checkMuGraph(muGraph)).toEqual([]);
	});

	test.each(shown)("names %s: %s", (id, _, muGraph) => {
		expect(traitsOf(muGraph)).toContain(id);
	});

	test.each(notShown)("does not name %s: %s", (id, _, muGraph) => {
		expect(traitsOf(muGraph)).not.toContain(id);
	});

	test("every trait is both shown and not shown above", () => {
		const ids = Object.keys(traitTitles);
		const known = (cases: readonly Case[]): ReadonlySet<string> => new Set(cases.map(([id]) => id));
		expect(ids.filter((id) => !known(notShown).has(id))).toEqual([]);
		expect(ids.filter((id) => !known(shown).has(id))).toEqual([]);
	});

	test("docs/reading-a-mugraph.md has a line for each, in the same words", () => {
		const page = readFileSync(join(import.meta.dirname, "../../docs/reading-a-mugraph.md"), "utf8");
		const lines = [...page.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, id, title]) => [id, title]);
		expect(lines).toEqual(Object.entries(traitTitles));
	});

	test("says in which kernels: of a split, both", () => {
		const [trait] = muGraphTraits(partialSums(true)).filter(({ id }) => id === "splitReduction");
		expect(trait?.kernels).toEqual([0, 1]);
	});
});

describe("of what the search finds", () => {
	const found = (program: Program): ReadonlySet<string> =>
		new Set(
			searchMuGraphs(program, { statesMax: 300, foundMax: 1000 }).found.map((muGraph) =>
				traitsOf(muGraph).join(" "),
			),
		);
	const hasAll = (signatures: ReadonlySet<string>, ids: readonly TraitId[]): boolean =>
		[...signatures].some((signature) => ids.every((id) => signature.split(" ").includes(id)));

	test.each<[string, Program, readonly TraitId[]]>([
		[
			"RMSNorm and linear",
			rootMeanSquareNormLinear(8, 64, 32),
			["divisionAfterContraction", "loopCarriedStatistic", "singleKernel"],
		],
		["gated MLP", gatedMlp(8, 64, 32), ["sharedOperandLoad", "fusedEpilogue", "singleKernel"]],
		["LoRA", loraLinear(8, 64, 32, 4), ["lowRankBranch", "sharedOperandLoad", "singleKernel"]],
		["attention", maskedAttention(2, 8, 64, 16), ["fusedAttention", "onlineSoftmax", "singleKernel"]],
		["LayerNorm", layerNorm(8, 64), ["rowResident", "singleKernel"]],
	])("%s has its winner's traits together", (_, program, ids) => {
		expect(hasAll(found(program), ids)).toBe(true);
	});

	test("a plain product is one kernel or a split sum, nothing else", () => {
		const tricks = new Set([...found(matrixProduct(8, 64, 32))].flatMap((line) => line.split(" ")));
		tricks.delete("splitReduction");
		expect([...tricks]).toEqual(["singleKernel"]);
	});
});

describe("valueForms", () => {
	test("the same value has one form wherever it is computed, and a load of an intermediate is what was stored", () => {
		const again = valueForms(rootTwice(true));
		const stored = valueForms(rootTwice(false));
		const count = ({ forms }: typeof again): number => forms.length;
		expect(count(again)).toBe(count(stored));
		expect(again.ofNode[1]?.at(-1)).toBe(stored.ofNode[1]?.at(-1));
	});
});
