// Work on weights alone is done once, before any call.

import { describe, expect, test } from "vitest";
import { checkMuGraph } from "#shared/mugraph/check.ts";
import { interpretMuGraph } from "#shared/mugraph/interpret.ts";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import { float64Arithmetic } from "#shared/numeric/float-arithmetic.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import { enumerateCuts } from "#shared/search/cuts.ts";
import type { Cut } from "#shared/search/describe-cut.ts";
import { enumerateHoistings, hoist } from "#shared/search/hoisting.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { largestDifference, randomInputs, randomTiles, testSeed } from "#test/support/mugraph-inputs.ts";
import { loraLinear, rootMeanSquareNormLinear, samplePrograms } from "#test/support/programs.ts";
import {
	columnSums,
	foldedLora,
	outerProductWeights,
	softmaxWeights,
	weightPrograms,
} from "#test/support/weight-programs.ts";

function cutsOf(program: Program): readonly Cut[] {
	return [...enumerateCuts(program, { kernelsMax: 4, unitsMax: 8 })].flatMap((outcome) =>
		outcome.kind === "cut" ? [outcome.cut] : [],
	);
}

function kernelsOfCall(muGraph: MuGraph): readonly Kernel[] {
	return muGraph.kernels.filter((_, id) => !findPreparePart(muGraph).kernels.has(id));
}

/** Every input an activation. */
function withoutWeights(program: Program): Program {
	return { ...program, inputs: program.inputs.map((input) => ({ ...input, role: "activation" })) };
}

function withWeightsOf(program: Program, dataType: "float16"): Program {
	const inputs = program.inputs.map((input) => (input.role === "weight" ? { ...input, dataType } : input));
	return { ...program, inputs };
}

describe("what is hoisted", () => {
	test.each(Object.entries(weightPrograms))("%s: no cut computes a hoisted value in a call", (_, program) => {
		const { isPrepared, stored } = hoist(program);
		const cuts = cutsOf(program).filter(({ prepare }) => stored.size === 0 || prepare.length > 0);
		expect(cuts.length).toBeGreaterThan(0);
		const all = enumerateHoistings(program).length === 1;
		for (const { prepare, kernels } of all ? cuts : cuts.slice(0, 1)) {
			for (const { nodes, boundary } of kernels)
				expect(nodes.filter((node) => isPrepared[node] && !boundary.has(node))).toEqual([]);
			const given = prepare.flatMap(({ stores }) => stores.map(({ node }) => node));
			expect(new Set(given).size).toBe(given.length);
			for (const node of stored) expect(given).toContain(node);
		}
	});

	test("nothing without weights, and nothing that an output takes", () => {
		for (const program of Object.values(weightPrograms))
			expect(hoist(withoutWeights(program)).stored.size).toBe(0);
		expect(hoist(weightPrograms["weights as output"] ?? foldedLora(2, 2, 2, 2)).stored.size).toBe(0);
	});

	test("what no output needs is not", () => {
		const program = foldedLora(5, 17, 15, 3);
		const dead: Program = {
			...program,
			nodes: [...program.nodes, { kind: "map", operator: "exp", operands: [1], axes: [1, 2] }],
		};
		expect([...hoist(dead).stored]).toEqual([...hoist(program).stored]);
	});

	test("values that take longer to read than to make are also computed in each call", () => {
		const loads = (program: Program): readonly number[] =>
			enumerateHoistings(program).map(({ stored }) => stored.size);
		expect(loads(foldedLora(5, 17, 15, 3))).toEqual([1]);
		expect(loads(outerProductWeights(5, 17, 15))).toEqual([1, 0]);
		expect(loads(withWeightsOf(foldedLora(5, 170, 150, 3), "float16"))).toEqual([1, 0]);
		expect(loads(withWeightsOf(foldedLora(5, 170, 150, 64), "float16"))).toEqual([1]);
		expect(loads(columnSums(5, 17, 15))).toEqual([2]);
		expect(loads(withWeightsOf(rootMeanSquareNormLinear(5, 17, 15), "float16"))).toEqual([0]);
	});

	test("programs without such work are cut as ever", () => {
		for (const program of Object.values(samplePrograms))
			if (hoist(program).stored.size === 0)
				for (const { prepare } of cutsOf(program)) expect(prepare).toEqual([]);
	});

	test("one kernel for each sum of weights, what follows with its axes beside it", () => {
		const kernels = cutsOf(softmaxWeights(5, 17, 15, 3))[0]?.prepare ?? [];
		expect(kernels.map(({ stores }) => stores.length)).toEqual([1, 1, 1, 1]);
		expect(cutsOf(foldedLora(5, 17, 15, 3))[0]?.prepare.map(({ stores }) => stores.length)).toEqual([1]);
	});
});

describe.each(Object.entries(weightPrograms))("%s: what the search finds", (_, program) => {
	const { found } = searchMuGraphs(program, { statesMax: 20_000, foundMax: 30 });

	test("is well formed and proven, and its prepare kernels come first", () => {
		expect(found.flatMap(checkMuGraph)).toEqual([]);
		for (const muGraph of found) {
			const { kernels } = findPreparePart(muGraph);
			expect([...kernels]).toEqual(Array.from({ length: kernels.size }, (_, id) => id));
		}
		for (const muGraph of found.slice(0, 3))
			expect(verifyMuGraph(muGraph, program, { seed: testSeed }).kind).toBe("equal");
	});

	test("computes the program with any tiles", () => {
		const random = createRandom(testSeed, 5);
		const inputs = randomInputs(program, random);
		const expected = interpretProgramFloat64(program, inputs);
		for (const muGraph of found) {
			const tiles = randomTiles(muGraph, random);
			const actual = interpretMuGraph(muGraph, inputs, tiles, float64Arithmetic);
			const explain = `seed ${testSeed}, tiles ${JSON.stringify(tiles)}\n${printMuGraph(muGraph)}`;
			expect(largestDifference(expected, actual), explain).toBeLessThan(1e-10);
		}
	});
});

describe("LoRA", () => {
	const program = loraLinear(16, 256, 256, 8);

	test.each([program, loraLinear(8, 64, 64, 4)])(
		"with weights: one product a call, the branch folded into them, comes first (%#)",
		(own) => {
			const [first] = searchMuGraphs(own, { statesMax: 20_000, foundMax: 8 }).found;
			const kernels = first === undefined ? [] : kernelsOfCall(first);
			expect(kernels.map(({ nodes }) => nodes.filter(({ kind }) => kind === "contract").length)).toEqual([1]);
			expect(first?.kernels.length).toBe(2);
		},
	);

	test("with activations: nothing is prepared, and folding does not come first", () => {
		const { found } = searchMuGraphs(withoutWeights(program), { statesMax: 20_000, foundMax: 8 });
		for (const muGraph of found) expect(findPreparePart(muGraph).kernels.size).toBe(0);
		const contracts = found[0]?.kernels.flatMap(({ nodes }) =>
			nodes.filter(({ kind }) => kind === "contract"),
		);
		expect(contracts?.length).toBe(3);
	});
});
