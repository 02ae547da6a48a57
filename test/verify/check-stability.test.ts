import { describe, expect, test } from "vitest";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { checkStability } from "#shared/verify/check-stability.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import {
	layerNorm,
	maskedAttention,
	rootMeanSquareNormLinear,
	samplePrograms,
} from "#test/support/programs.ts";
import { wholeProgramMuGraph } from "#test/support/whole-program.ts";

/** softmax(x)·V without the maximum. */
function plainSoftmaxProduct(m: number, n: number, d: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(n), b.axis(d)];
	const weights = b.map("exp", b.input([rows, inner]));
	const sum = b.reduce("sum", weights, inner);
	b.output(b.map("divide", b.contract(weights, b.input([inner, columns]), inner), sum));
	return b.build();
}

/** The same with the maximum. */
function softmaxProduct(m: number, n: number, d: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(n), b.axis(d)];
	const logits = b.input([rows, inner]);
	const weights = b.map("exp", b.map("subtract", logits, b.reduce("max", logits, inner)));
	const sum = b.reduce("sum", weights, inner);
	b.output(b.map("divide", b.contract(weights, b.input([inner, columns]), inner), sum));
	return b.build();
}

/** mean(x²) - mean(x)², or mean((x - mean(x))²). */
function variance(isOnePass: boolean): Program {
	const b = buildProgram();
	const [rows, inner] = [b.axis(5), b.axis(4)];
	const x = b.input([rows, inner]);
	const mean = (value: number): number => b.map("multiply", b.reduce("sum", value, inner), b.constant(1 / 4));
	const centre = mean(x);
	if (isOnePass)
		b.output(b.map("subtract", mean(b.map("multiply", x, x)), b.map("multiply", centre, centre)));
	else {
		const deviation = b.map("subtract", x, centre);
		b.output(mean(b.map("multiply", deviation, deviation)));
	}
	return b.build();
}

describe("refused", () => {
	test("a softmax that lost its maximum: logits beyond exp's range", () => {
		const muGraph = wholeProgramMuGraph(plainSoftmaxProduct(3, 8, 4));
		expect(checkStability(muGraph, softmaxProduct(3, 8, 4), testSeed)).toMatchObject({
			kind: "unstable",
			error: Number.POSITIVE_INFINITY,
		});
	});

	test("a variance as a difference of means", () => {
		expect(checkStability(wholeProgramMuGraph(variance(true)), variance(false), testSeed)).toMatchObject({
			kind: "unstable",
			range: "mean of 1000",
		});
	});
});

/** x·y / 4096, with the scale on the product or on a factor: float16 ends at 65,504. */
function scaledProduct(scaled: "late" | "early"): Program {
	const b = buildProgram();
	const axes = [b.axis(5), b.axis(4)];
	const [x, y] = [b.input(axes), b.input(axes)];
	const scale = b.constant(2 ** -12);
	b.output(
		scaled === "late"
			? b.map("multiply", b.map("multiply", x, y), scale)
			: b.map("multiply", b.map("multiply", x, scale), y),
	);
	return b.build();
}

describe("in half precision", () => {
	const late = (): MuGraph => wholeProgramMuGraph(scaledProduct("late"));
	const early = scaledProduct("early");

	test("a product that is scaled after it has overflown is refused; in float32 it is as good", () => {
		expect(checkStability(late(), early, testSeed, "float32")).toEqual({ kind: "stable" });
		expect(checkStability(late(), early, testSeed, "float16")).toMatchObject({
			kind: "unstable",
			range: "large",
			error: Number.POSITIVE_INFINITY,
		});
	});

	test("sums are added in float32: what overflows is not the sum of many large terms", () => {
		const b = buildProgram();
		const [rows, inner] = [b.axis(5), b.axis(64)];
		const sum = b.reduce("sum", b.input([rows, inner]), inner);
		b.output(b.map("multiply", sum, b.constant(1 / 64)));
		const program = b.build();
		expect(checkStability(wholeProgramMuGraph(program), program, testSeed, "float16")).toEqual({
			kind: "stable",
		});
	});

	test("a softmax that lost its maximum is refused as well", () => {
		const muGraph = wholeProgramMuGraph(plainSoftmaxProduct(3, 8, 4));
		expect(checkStability(muGraph, softmaxProduct(3, 8, 4), testSeed, "float16").kind).toBe("unstable");
	});
});

describe("accepted", () => {
	const arithmetics = ["float32", "float16"] as const;
	const written = Object.entries(samplePrograms).flatMap(([name, program]) =>
		arithmetics.map((arithmetic) => [name, arithmetic, program] as const),
	);
	test.each(written)("%s in %s: as it is written", (_, arithmetic, program) => {
		expect(checkStability(wholeProgramMuGraph(program), program, testSeed, arithmetic)).toEqual({
			kind: "stable",
		});
	});

	test.each([
		["attention", maskedAttention(2, 16, 64, 16)],
		["RMSNorm and product", rootMeanSquareNormLinear(8, 256, 64)],
	])("what the search finds for %s, online softmax and late divisions included", (_, program) => {
		const proven = findProven(program);
		expect(proven.length).toBeGreaterThan(0);
		for (const muGraph of proven)
			expect(checkStability(muGraph, program, testSeed)).toEqual({ kind: "stable" });
	});

	test("LayerNorm in one pass, but not with its mean taken away after the division", () => {
		const program = layerNorm(8, 256);
		const proven = findProven(program);
		const stable = proven.filter((muGraph) => checkStability(muGraph, program, testSeed).kind === "stable");
		const isOnePass = (muGraph: MuGraph): boolean =>
			muGraph.kernels.some(({ nodes }) => nodes.some(({ kind }) => kind === "accumulateDeviations"));
		expect(stable.some(isOnePass)).toBe(true);
		expect(stable.length).toBeLessThan(proven.length);
	});
});

function findProven(program: Program): readonly MuGraph[] {
	return searchMuGraphs(program, { statesMax: 2000, foundMax: 24 }).found.filter(
		(muGraph) => verifyMuGraph(muGraph, program, { seed: testSeed }).kind === "equal",
	);
}
