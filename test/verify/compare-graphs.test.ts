import { describe, expect, test } from "vitest";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import type { GraphBuilder } from "#shared/onnx/graph-builder.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { type BoundGraph, compareGraphs } from "#shared/verify/compare-graphs.ts";
import { idealConstant } from "#shared/verify/ideal-constant.ts";
import { tensorGraph } from "#test/support/tensor-graph.ts";

type Formula = (b: GraphBuilder, x: ValueId, y: ValueId) => ValueId;

const extent = 3;
const constant = (b: GraphBuilder, value: number): ValueId => b.scalar(value, "float32");
const relu: Formula = (b, x) => b.binary("maximum", x, constant(b, 0));

/** A formula over two square matrices. */
function bound(formula: Formula): BoundGraph {
	const graph: Graph = tensorGraph((b) => {
		const [x, y] = ["x", "y"].map((name) => b.input(name, "float32", [extent, extent], "activation"));
		return [formula(b, x ?? 0, y ?? 0)];
	});
	return { graph, inputs: graph.inputs.map(({ value }) => value) };
}

function compare(left: Formula, right: Formula, seed: number) {
	return compareGraphs(bound(left), bound(right), { seed, tensorElements: [extent ** 2, extent ** 2] });
}

const seeds = [1, Number(process.env.TEST_SEED)];

const softplus: Formula = (b, x) => b.unary("log", b.binary("add", b.unary("exp", x), constant(b, 1)));
/** max(x, 0) + log(1 + e^-|x|), or with something else for |x| or 0. */
const stableSoftplus =
	(magnitude: Formula = (b, x) => b.unary("abs", x), floor = 0): Formula =>
	(b, x, y) => {
		const logarithm = softplus(b, b.unary("negate", magnitude(b, x, y)), y);
		return b.binary("add", b.binary("maximum", x, constant(b, floor)), logarithm);
	};

const equal: readonly (readonly [string, Formula, Formula])[] = [
	[
		"a product distributes",
		(b, x, y) => b.matmul(x, b.binary("add", x, y)),
		(b, x, y) => b.binary("add", b.matmul(x, x), b.matmul(x, y)),
	],
	[
		"(xy)ᵀ = yᵀxᵀ",
		(b, x, y) => b.transpose(b.matmul(x, y), [1, 0]),
		(b, x, y) => b.matmul(b.transpose(y, [1, 0]), b.transpose(x, [1, 0])),
	],
	["relu is idempotent", relu, (b, x, y) => relu(b, relu(b, x, y), y)],
	[
		"maxima are of a set",
		(b, x, y) => b.binary("maximum", b.binary("maximum", x, y), x),
		(b, x, y) => b.binary("maximum", y, x),
	],
	[
		"where(x < 0, 0, x) is relu",
		relu,
		(b, x) => b.select(b.binary("less", x, constant(b, 0)), constant(b, 0), x),
	],
	[
		"a clamp from either end",
		(b, x) => b.binary("minimum", b.binary("maximum", x, constant(b, -1)), constant(b, 2)),
		(b, x) => b.binary("maximum", b.binary("minimum", x, constant(b, 2)), constant(b, -1)),
	],
	[
		"x <= y is not y < x",
		(b, x, y) => b.binary("lessOrEqual", x, y),
		(b, x, y) => b.unary("not", b.binary("less", y, x)),
	],
	[
		"<= is < or ==",
		(b, x, y) => b.binary("lessOrEqual", x, y),
		(b, x, y) => b.binary("or", b.binary("less", x, y), b.binary("equal", x, y)),
	],
	["|x| = |-x|", (b, x) => b.unary("abs", x), (b, x) => b.unary("abs", b.unary("negate", x))],
	["softmax without its maximum", (b, x) => softmax(b, x, x), (b, x, y) => softmax(b, x, y)],
	["log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)", softplus, stableSoftplus()],
	["log Σ e^x with and without its maximum", logSum(), logSum({ shift: maximumOfRows })],
	[
		"log Σ e^x less anything of its row",
		logSum(),
		logSum({ shift: (b, _, y) => b.reduce("sum", y, [1], true) }),
	],
	[
		"log Σ e^x with a maximum that may not be infinite",
		logSum(),
		logSum({
			shift: (b, x, y) => {
				const largest = maximumOfRows(b, x, y);
				return b.select(b.unary("isInfinite", largest), constant(b, 0), largest);
			},
		}),
	],
	[
		"log(e^x + e^y) is that of a sum over both",
		(b, x, y) => b.unary("log", b.binary("add", b.unary("exp", x), b.unary("exp", y))),
		(b, x, y) => {
			const both = b.concat(
				[x, y].map((each) => b.reshape(each, [1, extent, extent])),
				0,
			);
			return b.unary("log", b.reduce("sum", b.unary("exp", both), [0], false));
		},
	],
	[
		"log Σ e^x less the first of its row",
		logSum(),
		logSum({ shift: (b, x) => b.slice(x, [0, 0], [extent, 1], [1, 1]) }),
	],
	["log e^x = x", (b, x) => b.unary("log", b.unary("exp", x)), (_, x) => x],
	[
		"-∞ absorbs",
		(b, x) => b.unary("exp", b.binary("add", x, constant(b, -Infinity))),
		(b, x) => b.binary("subtract", x, x),
	],
	[
		"thirds are thirds",
		(b, x) => b.binary("multiply", x, constant(b, 1 / 3)),
		(b, x) => b.binary("divide", x, constant(b, 3)),
	],
	[
		"1/√8 is a product of two fourth roots",
		(b, x) => b.binary("multiply", x, constant(b, 8 ** -0.5)),
		(b, x) => b.binary("multiply", b.binary("multiply", x, constant(b, 8 ** -0.25)), constant(b, 8 ** -0.25)),
	],
];

interface LogSum {
	/** What the exponents are lowered by: one number a row. */
	readonly shift?: Formula;
	/** What is added again. */
	readonly raise?: Formula;
	readonly factor?: number;
	readonly axis?: 0 | 1;
}

/** raise + log(factor Σ e^(x - shift)) over the axis. */
function logSum({
	shift = (b) => constant(b, 0),
	raise = shift,
	factor = 1,
	axis = 1,
}: LogSum = {}): Formula {
	return (b, x, y) => {
		const exponential = b.unary("exp", b.binary("subtract", x, shift(b, x, y)));
		const sum = b.reduce("sum", exponential, [axis], true);
		const scaled = factor === 1 ? sum : b.binary("multiply", sum, constant(b, factor));
		return b.binary("add", b.unary("log", scaled), raise(b, x, y));
	};
}

function maximumOfRows(b: GraphBuilder, x: ValueId, _: ValueId): ValueId {
	return b.reduce("max", x, [1], true);
}

/** exp(x - s) over its row's sum, s the maximum of a row of `shifting`. */
function softmax(b: GraphBuilder, x: ValueId, shifting: ValueId): ValueId {
	const exponential = b.unary("exp", b.binary("subtract", x, b.reduce("max", shifting, [1], true)));
	return b.binary("divide", exponential, b.reduce("sum", exponential, [1], true));
}

const different: readonly (readonly [string, Formula, Formula])[] = [
	["relu is not the identity", relu, (_, x) => x],
	["|x| is not x", (b, x) => b.unary("abs", x), (_, x) => x],
	["softplus of x for -|x|", softplus, stableSoftplus((_, x) => x)],
	["softplus of another magnitude", softplus, stableSoftplus((b, _, y) => b.unary("abs", y))],
	["softplus with a maximum with 1", softplus, stableSoftplus(undefined, 1)],
	[
		"log(2 + e^x) is no softplus",
		softplus,
		(b, x) => b.unary("log", b.binary("add", b.unary("exp", x), constant(b, 2))),
	],
	[
		"log Σ e^(x - M) is not log Σ e^x",
		logSum(),
		logSum({ shift: maximumOfRows, raise: (b) => constant(b, 0) }),
	],
	["log Σ e^x of rows is not that of columns", logSum(), logSum({ axis: 0 })],
	[
		"log Σ e^x with another number added again",
		logSum(),
		logSum({ shift: maximumOfRows, raise: (b, x, y) => maximumOfRows(b, y, x) }),
	],
	["log(2 Σ e^x) is not log Σ e^x", logSum(), logSum({ factor: 2 })],
	[
		"a row's exponential counted twice",
		logSum(),
		(b, x, y) => logSum()(b, b.concat([x, b.slice(x, [0, 0], [extent, 1], [1, 1])], 1), y),
	],
	["shifts that differ within a row", logSum(), logSum({ shift: (_, __, y) => y, raise: maximumOfRows })],
	["√(x²) is not x", (b, x) => b.unary("sqrt", b.binary("multiply", x, x)), (_, x) => x],
	["products do not commute", (b, x, y) => b.matmul(x, y), (b, x, y) => b.matmul(y, x)],
	["a square matrix is not its transpose", (b, x) => b.transpose(x, [1, 0]), (_, x) => x],
	["1.001 x is not x", (b, x) => b.binary("multiply", x, constant(b, 1.001)), (_, x) => x],
	["(1 + 2⁻²⁰) x is not x", (b, x) => b.binary("multiply", x, constant(b, 1 + 2 ** -20)), (_, x) => x],
	["a maximum is no minimum", (b, x, y) => b.binary("maximum", x, y), (b, x, y) => b.binary("minimum", x, y)],
	["x < y is not x <= y", (b, x, y) => b.binary("less", x, y), (b, x, y) => b.binary("lessOrEqual", x, y)],
	[
		"a clamp whose bounds cross",
		(b, x) => b.binary("minimum", b.binary("maximum", x, constant(b, 2)), constant(b, -1)),
		(b, x) => b.binary("maximum", b.binary("minimum", x, constant(b, -1)), constant(b, 2)),
	],
	[
		"a softmax over the other axis",
		(b, x) => softmax(b, x, x),
		(b, x) => b.transpose(softmax(b, b.transpose(x, [1, 0]), x), [1, 0]),
	],
	[
		"a padding of -∞ is none of 0",
		(b, x) => b.pad(x, [1, 0], [0, 0], "constant", constant(b, -Infinity)),
		(b, x) => b.pad(x, [1, 0], [0, 0], "constant", null),
	],
];

describe.each(seeds)("seed %i", (seed) => {
	test.each(equal)("%s: equal, with at most 2^-60", (_, left, right) => {
		const outcome = compare(left, right, seed);
		expect(outcome).toMatchObject({ kind: "equal" });
		if (outcome.kind === "equal") expect(outcome.certificate.errorProbabilityLog2).toBeLessThanOrEqual(-60);
	});
	test.each(different)("%s: never equal", (_, left, right) => {
		expect(compare(left, right, seed).kind).not.toBe("equal");
	});
});

test("a rational difference has a witness", () => {
	const outcome = compare(
		(b, x, y) => b.binary("add", x, y),
		(b, x, y) =>
			b.binary("add", x, b.pad(b.slice(y, [0, 0], [2, 3], [1, 1]), [0, 0], [1, 0], "constant", null)),
		1,
	);
	expect(outcome).toMatchObject({ kind: "different", witness: { seed: 1, output: 0, index: 6 } });
});

test.each(seeds)("seed %i: in float16 1/√8 is a product of two fourth roots, and of nothing else", (seed) => {
	const scaled = (...factors: readonly number[]): BoundGraph => {
		const graph = tensorGraph((b) => {
			const x = b.input("x", "float16", [extent], "activation");
			return [factors.reduce((each, f) => b.binary("multiply", each, b.scalar(f, "float16")), x)];
		});
		return { graph, inputs: graph.inputs.map(({ value }) => value) };
	};
	const verdict = (...factors: readonly number[]): string =>
		compareGraphs(scaled(8 ** -0.5), scaled(...factors), { seed, tensorElements: [extent] }).kind;
	expect(verdict(8 ** -0.25, 8 ** -0.25)).toBe("equal");
	expect(verdict(8 ** -0.25, 8 ** -0.25 * (1 + 2 ** -6))).not.toBe("equal");
});

test("bools of inputs are variables, of which a difference says nothing", () => {
	const side = (formula: (b: GraphBuilder, c: ValueId) => ValueId): BoundGraph => {
		const graph = tensorGraph((b) => [formula(b, b.input("c", "bool", [extent], "activation"))]);
		return { graph, inputs: graph.inputs.map(({ value }) => value) };
	};
	const outcome = compareGraphs(
		side((b, c) => b.binary("and", c, c)),
		side((b, c) => b.unary("not", b.unary("not", c))),
		{ seed: 1, tensorElements: [extent] },
	);
	expect(outcome).toMatchObject({ kind: "inconclusive", reason: expect.stringContaining("bools") });
});

test("a model beyond the limit is inconclusive, and says so", () => {
	const graph = tensorGraph((b) => {
		const x = b.input("x", "float32", [512, 512], "activation");
		return [b.matmul(x, x)];
	});
	const side = { graph, inputs: graph.inputs.map(({ value }) => value) };
	const outcome = compareGraphs(side, side, { seed: 1, tensorElements: [512 * 512] });
	expect(outcome).toMatchObject({ kind: "inconclusive", reason: expect.stringContaining("too large") });
});

test.each([
	[1 / 3, { numerator: 1, denominator: 3, root: 1 }],
	[Math.SQRT1_2, { numerator: 1, denominator: 2, root: 2 }],
	[8 ** -0.25, { numerator: 1, denominator: 8, root: 4 }],
	[0.3, { numerator: 3, denominator: 10, root: 1 }],
	[1.001, null],
	[0.7978845608028654, null],
])("the float32 nearest %d stands for %j", (value, expected) => {
	const [rounded = 0] = new Float32Array(writeElements("float32", [1], [value]).bytes.slice().buffer);
	expect(idealConstant(rounded, "float32")).toEqual(expected);
});

test.each(["float32", "float16", "bfloat16"] as const)(
	"one unit above 1 does not stand for 1 in %s",
	(dataType) => {
		const bits = { float32: 23, float16: 10, bfloat16: 7 }[dataType];
		expect(idealConstant(1 + 2 ** -bits, dataType)).toBeNull();
	},
);
