import { describe, expect, test } from "vitest";
import {
	createExpressions,
	type ExpressionId,
	type ExpressionLimits,
	type Expressions,
} from "#shared/expression/expression.ts";

const [b, k, n] = [0, 1, 2];

function createInputs(limits?: ExpressionLimits): {
	readonly e: Expressions;
	readonly x: ExpressionId;
	readonly y: ExpressionId;
	readonly w: ExpressionId;
} {
	const e = createExpressions([8, 4096, 32], limits);
	return { e, x: e.input("x", [b, k]), y: e.input("y", [b, k]), w: e.input("w", [k, n]) };
}

describe("numbers are one by value", () => {
	const { e, x, y } = createInputs();
	const c = e.constant;
	test.each([
		["x · 2^-12 and x / 4096", e.multiply(x, c(2 ** -12)), e.divide(x, c(4096))],
		["x · (1/3 rounded) and x / 3", e.multiply(x, c(1 / 3)), e.divide(x, c(3))],
		["x · (1/49 rounded) and x / 49", e.multiply(x, c(1 / 49)), e.divide(x, c(49))],
		["x / (2^31 - 1)", e.multiply(x, c(1 / (2 ** 31 - 1))), e.divide(x, c(2 ** 31 - 1))],
		["(x · 0.5) · 0.25 and x · 0.125", e.multiply(e.multiply(x, c(0.5)), c(0.25)), e.multiply(x, c(0.125))],
		["x / (y · 0.5) and (x / y) · 2", e.divide(x, e.multiply(y, c(0.5))), e.multiply(e.divide(x, y), c(2))],
		[
			"x / (2y + 2x) and (x / 2) / (x + y)",
			e.divide(x, e.add(e.multiply(c(2), y), e.multiply(c(2), x))),
			e.divide(e.divide(x, c(2)), e.add(x, y)),
		],
		["x · -2 and -(x · 2)", e.multiply(x, c(-2)), e.negate(e.multiply(x, c(2)))],
		["x · 1 and x", e.multiply(x, c(1)), x],
		["x / 1 and x", e.divide(x, c(1)), x],
		["x - y and x + -y", e.subtract(x, y), e.add(x, e.negate(y))],
	])("%s", (_, left, right) => {
		expect(e.print(left)).toBe(e.print(right));
		expect(left).toBe(right);
	});
	test.each([
		["0.1 and 0.1 with one bit more", c(0.1), c(0.1 + 2 ** -56)],
		["x · 2 · 0.5 and x: nothing cancels", e.multiply(e.multiply(x, c(2)), c(0.5)), x],
		["x + x and 2x", e.add(x, x), e.multiply(c(2), x)],
		["x - x and 0", e.subtract(x, x), c(0)],
		["x / x and 1", e.divide(x, x), c(1)],
		["infinity and NaN", c(Number.POSITIVE_INFINITY), c(Number.NaN)],
	])("but not %s", (_, left, right) => {
		expect(left).not.toBe(right);
	});
	test("the smallest and the largest float64 are exact", () => {
		expect(e.print(c(Number.MIN_VALUE))).toBe(`1/${2n ** 1074n}`);
		expect(e.print(c(Number.MAX_VALUE))).toBe(`${2n ** 1024n - 2n ** 971n}`);
	});
});

describe("a number is inside what was multiplied or divided by it", () => {
	const { e, x, y } = createInputs();
	const mean = e.multiply(e.sum(e.multiply(x, x), [k]), e.constant(1 / 4096));
	const withEpsilon = e.sqrt(e.add(mean, e.constant(1e-5)));
	const whole = e.multiply(e.divide(x, withEpsilon), e.constant(0.125));
	test.each([
		["the mean", mean, true],
		["epsilon", e.constant(1e-5), true],
		["1/4096", e.constant(1 / 4096), true],
		["4096, the divisor", e.constant(4096), true],
		["scaled x", e.multiply(x, e.constant(0.125)), true],
		["x scaled by a half of the scale's factors", e.multiply(x, e.constant(0.5)), true],
		["x scaled by more than all factors", e.multiply(x, e.constant(2 ** -16)), false],
		["x scaled by 3", e.multiply(x, e.constant(3)), false],
		["the mean scaled", e.multiply(mean, e.constant(0.125)), false],
	])("%s: %s", (_, part, kept) => {
		expect(e.isSubexpression(part, whole)).toBe(kept);
	});
	test("also where it left a denominator", () => {
		const below = e.multiply(e.add(x, y), e.constant(1 / 3));
		expect(e.isSubexpression(below, e.divide(x, below))).toBe(true);
		expect(e.isSubexpression(e.multiply(below, e.constant(1 / 3)), e.divide(x, below))).toBe(false);
	});
});

describe("the square of a sum is an atom", () => {
	const { e, x, y, w } = createInputs();
	const difference = e.subtract(x, y);
	const square = e.multiply(difference, difference);
	test("of either sign, with its common factors outside", () => {
		const other = e.subtract(y, x);
		expect(e.multiply(other, other)).toBe(square);
		expect(e.multiply(difference, other)).toBe(e.negate(square));
		const scaled = e.multiply(difference, e.divide(w, e.constant(2)));
		expect(e.multiply(scaled, scaled)).toBe(
			e.multiply(square, e.multiply(e.multiply(w, w), e.constant(0.25))),
		);
		const quotient = e.divide(difference, e.exp(w));
		expect(e.multiply(quotient, quotient)).toBe(e.divide(square, e.multiply(e.exp(w), e.exp(w))));
	});
	const sum = e.sum(e.multiply(square, w), [k]);
	test.each([
		["the square", square, true],
		["the difference", difference, true],
		["the difference times a factor", e.multiply(difference, w), true],
		["one term of it", e.negate(y), true],
		["the sum of the square before its factor", e.sum(square, [k]), false],
		["the sum of the difference", e.sum(difference, [k]), false],
		["the cube", e.multiply(square, difference), false],
		["the other difference", e.add(x, y), false],
	])("%s is inside a sum of squares: %s", (_, part, kept) => {
		expect(e.isSubexpression(part, sum)).toBe(kept);
	});
	test("and divides", () => {
		const whole = e.divide(w, square);
		expect(e.isSubexpression(e.divide(w, difference), whole)).toBe(true);
		expect(e.isSubexpression(e.divide(w, e.add(x, y)), whole)).toBe(false);
	});
});

describe("a product over the limit stays a product", () => {
	const wide = (e: Expressions, name: string): ExpressionId =>
		[1, 2, 3].map((at) => e.input(`${name}${at}`, [b])).reduce((left, right) => e.add(left, right));

	test("with what is written with its parts kept, and what has too much of anything cut", () => {
		const { e, w } = createInputs({ monomialsMax: 8 });
		const [u, v] = [wide(e, "u"), wide(e, "v")];
		const whole = e.multiply(e.multiply(u, v), w);
		const product = e.multiply(e.input("u1", [b]), e.input("v2", [b]));
		for (const part of [u, v, product, e.multiply(v, w), e.multiply(u, e.multiply(w, v))])
			expect(e.isSubexpression(part, whole), e.print(part)).toBe(true);
		const u1 = e.input("u1", [b]);
		for (const part of [e.multiply(u1, u1), e.multiply(w, w), e.exp(e.input("z", [])), e.multiply(whole, u1)])
			expect(e.isSubexpression(part, whole), e.print(part)).toBe(false);
	});
	test("at exactly the limit it does not", () => {
		for (const [monomialsMax, isExpanded] of [
			[9, true],
			[8, false],
		] as const) {
			const { e } = createInputs({ monomialsMax });
			const product = e.multiply(wide(e, "u"), wide(e, "v"));
			expect(e.print(product).split(" + ").length === 9).toBe(isExpanded);
		}
	});
});

describe("partial sums", () => {
	const { e, x, w } = createInputs();
	const product = e.multiply(x, w);
	test("of all tiles are the whole sum, in any order", () => {
		const tiles = [64, 8, 8].reduce((part, extent) => e.partialSum(part, k, extent), product);
		expect(tiles).toBe(e.sum(product, [k]));
		expect(e.partialSum(e.partialSum(product, k, 8), k, 512)).toBe(tiles);
	});
	test("leave the axis free until then", () => {
		const half = e.partialSum(product, k, 2048);
		expect(e.freeAxes(half)).toEqual([b, k, n]);
		expect(e.freeAxes(e.partialSum(half, k, 2))).toEqual([b, n]);
	});
	test("of more than the axis has are not inside its sum", () => {
		expect(e.isSubexpression(e.partialSum(product, k, 8192), e.sum(product, [k]))).toBe(false);
	});
});
