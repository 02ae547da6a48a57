import { describe, expect, test } from "vitest";
import type { ValueId } from "#shared/graph/graph.ts";
import type { GraphBuilder } from "#shared/onnx/graph-builder.ts";
import { type BoundGraph, compareGraphs } from "#shared/verify/compare-graphs.ts";
import { tensorGraph } from "#test/support/tensor-graph.ts";

const rows = 2;
const columns = 3;
const lowestFloat32 = -(2 - 2 ** -23) * 2 ** 127;

interface Row {
	readonly b: GraphBuilder;
	readonly scores: ValueId;
	/** A mask of numbers. */
	readonly bias: ValueId;
	/** A mask of bools. */
	readonly allowed: ValueId;
}
type Formula = (row: Row) => ValueId;

function bound(formula: Formula): BoundGraph {
	const graph = tensorGraph((b) => {
		const shape = [rows, columns];
		const scores = b.input("scores", "float32", shape, "activation");
		const bias = b.input("bias", "float32", shape, "activation");
		const allowed = b.input("allowed", "bool", shape, "activation");
		return [formula({ b, scores, bias, allowed })];
	});
	return { graph, inputs: graph.inputs.map(({ value }) => value) };
}

function compare(left: Formula, right: Formula, seed: number) {
	const count = rows * columns;
	return compareGraphs(bound(left), bound(right), { seed, tensorElements: [count, count, count] });
}

const scalar = ({ b }: Row, value: number): ValueId => b.scalar(value, "float32");
const maximumOf = ({ b }: Row, x: ValueId): ValueId => b.reduce("max", x, [1], true);
const sumOf = ({ b }: Row, x: ValueId): ValueId => b.reduce("sum", x, [1], true);
const hiddenScores: Formula = (row) => row.b.select(row.allowed, row.scores, scalar(row, -Infinity));
const biasedScores: Formula = ({ b, scores, bias }) => b.binary("add", scores, bias);
/** 0 where shown, -∞ where hidden. */
const penaltyOf =
	(shown: Formula): Formula =>
	(row) =>
		row.b.select(shown(row), scalar(row, 0), scalar(row, -Infinity));
const penalty: Formula = penaltyOf(({ allowed }) => allowed);
/** Another bool that inputs decide. */
const isPositive: Formula = (row) => row.b.binary("less", scalar(row, 0), row.bias);
const plus =
	(left: Formula, right: Formula): Formula =>
	(row) =>
		row.b.binary("add", left(row), right(row));
const shownIf =
	(operator: "and" | "or"): Formula =>
	(row) =>
		row.b.binary(operator, row.allowed, isPositive(row));
const isHiddenRow: Formula = (row) =>
	row.b.binary("equal", maximumOf(row, penalty(row)), scalar(row, -Infinity));

interface Guard {
	readonly lowest?: number;
	readonly least?: number;
	readonly dividend?: "share" | "one";
	readonly sumOver?: Formula;
}

/** e^(aᵢ - max(a, lowest)) / max(Σ, 1), and variants that are something else. */
const guarded =
	(scores: Formula, guard: Guard = {}): Formula =>
	(row) => {
		const { b } = row;
		const a = scores(row);
		const peak = b.binary("maximum", maximumOf(row, a), scalar(row, guard.lowest ?? lowestFloat32));
		const shareOf = (x: ValueId): ValueId => b.unary("exp", b.binary("subtract", x, peak));
		const sum = sumOf(row, shareOf(guard.sumOver?.(row) ?? a));
		const divisor = b.binary("maximum", sum, scalar(row, guard.least ?? 1));
		return b.binary("divide", guard.dividend === "one" ? scalar(row, 1) : shareOf(a), divisor);
	};

const softmax =
	(scores: Formula, dividend: "share" | "one" = "share"): Formula =>
	(row) => {
		const { b } = row;
		const a = scores(row);
		const shares = b.unary("exp", b.binary("subtract", a, maximumOf(row, a)));
		return b.binary("divide", dividend === "one" ? scalar(row, 1) : shares, sumOf(row, shares));
	};

/** 0 in rows that are hidden altogether. */
const zeroed =
	(inner: Formula): Formula =>
	(row) =>
		row.b.select(isHiddenRow(row), scalar(row, 0), inner(row));

const equal: readonly (readonly [string, Formula, Formula])[] = [
	["a guard of rows is one by comparison", guarded(hiddenScores), zeroed(softmax(hiddenScores))],
	["a mask of numbers needs no guard", guarded(biasedScores), softmax(biasedScores)],
	[
		"hidden scores are scores plus a penalty",
		hiddenScores,
		(row) => row.b.binary("add", row.scores, penalty(row)),
	],
	[
		"two penalties added are one of both bools",
		plus(
			plus(({ scores }) => scores, penalty),
			penaltyOf(isPositive),
		),
		(row) => row.b.select(shownIf("and")(row), row.scores, scalar(row, -Infinity)),
	],
	[
		"a penalty added twice is added once",
		plus(
			penalty,
			plus(penalty, ({ scores }) => scores),
		),
		hiddenScores,
	],
	[
		"softmax under two penalties and under one mask",
		softmax(
			plus(
				plus(({ scores }) => scores, penalty),
				penaltyOf(isPositive),
			),
		),
		softmax((row) => row.b.select(shownIf("and")(row), row.scores, scalar(row, -Infinity))),
	],
	[
		"a maximum of numbers is not -∞",
		(row) =>
			row.b.select(
				row.b.binary("equal", maximumOf(row, row.bias), scalar(row, -Infinity)),
				scalar(row, 5),
				row.bias,
			),
		({ bias }) => bias,
	],
];

const different: readonly (readonly [string, Formula, Formula])[] = [
	[
		"two penalties added hide what either hides",
		plus(
			plus(({ scores }) => scores, penalty),
			penaltyOf(isPositive),
		),
		(row) => row.b.select(shownIf("or")(row), row.scores, scalar(row, -Infinity)),
	],
	[
		"two penalties are not one of them",
		plus(
			plus(({ scores }) => scores, penalty),
			penaltyOf(isPositive),
		),
		hiddenScores,
	],
	[
		"numbers that are added twice count twice",
		plus(
			({ bias }) => bias,
			plus(penalty, ({ bias }) => bias),
		),
		plus(({ bias }) => bias, penalty),
	],
	["without its guard", guarded(hiddenScores), softmax(hiddenScores)],
	[
		"the reciprocal of a guarded sum is 1 in a hidden row, not 0",
		guarded(hiddenScores, { dividend: "one" }),
		zeroed(softmax(hiddenScores, "one")),
	],
	["a sum raised to 2", guarded(hiddenScores, { least: 2 }), zeroed(softmax(hiddenScores))],
	["a sum of numbers raised to 2", guarded(biasedScores, { least: 2 }), softmax(biasedScores)],
	[
		"scores may be below -1: the sum is less than 1",
		guarded(biasedScores, { lowest: -1 }),
		softmax(biasedScores),
	],
	["the lowest number of another type", guarded(biasedScores, { lowest: -65504 }), softmax(biasedScores)],
	[
		"a sum of other shares",
		guarded(hiddenScores, { sumOver: ({ bias }) => bias }),
		zeroed(softmax(hiddenScores)),
	],
	[
		"a penalty may be -∞",
		(row) => row.b.select(isHiddenRow(row), scalar(row, 5), row.bias),
		({ bias }) => bias,
	],
	[
		"a logarithm may be -∞",
		(row) => {
			const log = row.b.unary("log", row.bias);
			return row.b.select(row.b.binary("equal", log, scalar(row, -Infinity)), scalar(row, 5), log);
		},
		(row) => row.b.unary("log", row.bias),
	],
	[
		"a quotient may be -∞",
		(row) => {
			const quotient = row.b.binary("divide", row.scores, row.bias);
			const isInfinite = row.b.binary("equal", quotient, scalar(row, -Infinity));
			return row.b.select(isInfinite, scalar(row, 5), quotient);
		},
		(row) => row.b.binary("divide", row.scores, row.bias),
	],
];

describe.each([1, Number(process.env.TEST_SEED)])("seed %i", (seed) => {
	test.each(equal)("%s: equal, with at most 2^-60", (_, left, right) => {
		const outcome = compare(left, right, seed);
		expect(outcome).toMatchObject({ kind: "equal" });
		if (outcome.kind === "equal") expect(outcome.certificate.errorProbabilityLog2).toBeLessThanOrEqual(-60);
	});
	test.each(different)("%s: never equal", (_, left, right) => {
		expect(compare(left, right, seed).kind).not.toBe("equal");
	});
});
