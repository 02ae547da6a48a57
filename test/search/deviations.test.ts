import { describe, expect, test } from "vitest";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import type { AxisId, Program, ProgramNodeId } from "#shared/program/program.ts";
import { deviationsOf } from "#shared/search/deviations.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { buildProgram, type ProgramBuilder } from "#test/support/program-builder.ts";
import { layerNorm } from "#test/support/programs.ts";
import { layerNormLinear, layerNormLinearInOnePass } from "#test/support/variance-programs.ts";

const [rowCount, columnCount] = [6, 48];

interface Tensor {
	readonly x: ProgramNodeId;
	readonly rows: AxisId;
	readonly columns: AxisId;
}
type Body = (b: ProgramBuilder, tensor: Tensor) => ProgramNodeId;

/** What the last node of a program sums the squared deviations of: "x", another node, or nothing. */
function recognised(body: Body): "x" | "another" | null {
	const b = buildProgram();
	const [rows, columns] = [b.axis(rowCount), b.axis(columnCount)];
	const x = b.input([rows, columns]);
	const sum = body(b, { x, rows, columns });
	b.output(sum);
	const found = deviationsOf(b.build(), sum);
	return found === null ? null : found === x ? "x" : "another";
}

const mean = (b: ProgramBuilder, { x, columns }: Tensor, factor = 1 / columnCount): ProgramNodeId =>
	b.map("multiply", b.reduce("sum", x, columns), b.constant(factor));
const squares = (b: ProgramBuilder, d: ProgramNodeId, ...over: AxisId[]): ProgramNodeId =>
	b.reduce("sum", b.map("multiply", d, d), ...over);

const spellings: readonly (readonly [string, Body])[] = [
	["x - mean", (b, t) => squares(b, b.map("subtract", t.x, mean(b, t)), t.columns)],
	["mean - x", (b, t) => squares(b, b.map("subtract", mean(b, t), t.x), t.columns)],
	[
		"a contraction with itself",
		(b, t) => {
			const d = b.map("subtract", t.x, mean(b, t));
			return b.contract(d, d, t.columns);
		},
	],
	[
		"a quotient by n",
		(b, t) => {
			const m = b.map("divide", b.reduce("sum", t.x, t.columns), b.constant(columnCount));
			return squares(b, b.map("subtract", t.x, m), t.columns);
		},
	],
	[
		"1/n in front, as float32 rounds it",
		(b, t) => {
			const c = b.constant(Math.fround(1 / columnCount));
			const m = b.map("multiply", c, b.reduce("sum", t.x, t.columns));
			return squares(b, b.map("subtract", t.x, m), t.columns);
		},
	],
	[
		"a mean over both axes",
		(b, t) => {
			const sum = b.reduce("sum", t.x, t.rows, t.columns);
			const m = b.map("multiply", sum, b.constant(1 / (rowCount * columnCount)));
			return squares(b, b.map("subtract", t.x, m), t.rows, t.columns);
		},
	],
];

const others: readonly (readonly [string, Body])[] = [
	["the mean of another count", (b, t) => squares(b, b.map("subtract", t.x, mean(b, t, 1 / 47)), t.columns)],
	["a sum over other axes", (b, t) => squares(b, b.map("subtract", t.x, mean(b, t)), t.rows)],
	["a sum over more axes", (b, t) => squares(b, b.map("subtract", t.x, mean(b, t)), t.rows, t.columns)],
	["a sum of x and its mean", (b, t) => squares(b, b.map("add", t.x, mean(b, t)), t.columns)],
	[
		"deviations of another tensor from this one's mean",
		(b, t) => squares(b, b.map("subtract", b.map("exp", t.x), mean(b, t)), t.columns),
	],
	[
		"deviations from a maximum",
		(b, t) => squares(b, b.map("subtract", t.x, b.reduce("max", t.x, t.columns)), t.columns),
	],
	[
		"a product of two deviations",
		(b, t) => {
			const d = b.map("subtract", t.x, mean(b, t));
			return b.contract(d, b.map("negate", d), t.columns);
		},
	],
	["a sum without squares", (b, t) => b.reduce("sum", b.map("subtract", t.x, mean(b, t)), t.columns)],
];

describe("a sum of squared deviations", () => {
	test.each(spellings)("is recognised: %s", (_, body) => {
		expect(recognised(body)).toBe("x");
	});

	test.each(others)("is not: %s", (_, body) => {
		expect(recognised(body)).toBeNull();
	});
});

const kernelsOfCall = (muGraph: MuGraph): readonly Kernel[] =>
	muGraph.kernels.filter((_, id) => !findPreparePart(muGraph).kernels.has(id));

const passesOf = ({ nodes }: Kernel): number =>
	new Set(nodes.filter(({ stage }) => stage % 2 === 1).map(({ stage }) => stage)).size;

describe("the search", () => {
	const cases: readonly (readonly [string, Program, number])[] = [
		["layer norm, statistics and result", layerNorm(8, 512), 2],
		["layer norm and linear, spelled naively", layerNormLinear(8, 512, 64), 2],
		["layer norm and linear with the mean taken out", layerNormLinearInOnePass(8, 512, 64), 1],
	];
	test.each(cases)(
		"finds %s in one kernel a call without a pass for the variance alone",
		(_, program, passes) => {
			const { found } = searchMuGraphs(program, { statesMax: 20_000, foundMax: 40 });
			const carried = found.filter((muGraph) => {
				const [kernel, ...rest] = kernelsOfCall(muGraph);
				return (
					rest.length === 0 &&
					kernel?.nodes.some(({ kind }) => kind === "accumulateDeviations") &&
					passesOf(kernel) <= passes
				);
			});
			expect(carried.length).toBeGreaterThan(0);
			for (const muGraph of carried)
				expect(verifyMuGraph(muGraph, program, { seed: testSeed }).kind).toBe("equal");
		},
	);
});
