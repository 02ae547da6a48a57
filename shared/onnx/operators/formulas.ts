// Formulas that several operator families lower to: each writes primitives and returns the result.

import type { BinaryOperator, UnaryOperator, ValueId } from "#shared/graph/graph.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { GraphBuilder } from "../graph-builder.ts";

/** x (operator) constant, the constant in x's type. */
export function withScalar(
	build: GraphBuilder,
	operator: BinaryOperator,
	x: ValueId,
	constant: number,
): ValueId {
	return build.binary(operator, x, build.scalar(constant, build.dataTypeOf(x)));
}

/** constant (operator) x. */
export function scalarWith(
	build: GraphBuilder,
	operator: BinaryOperator,
	constant: number,
	x: ValueId,
): ValueId {
	return build.binary(operator, build.scalar(constant, build.dataTypeOf(x)), x);
}

/** A chain of unary operators, first to last. */
export function chain(build: GraphBuilder, x: ValueId, ...operators: readonly UnaryOperator[]): ValueId {
	return operators.reduce((value, operator) => build.unary(operator, value), x);
}

export function square(build: GraphBuilder, x: ValueId): ValueId {
	return build.binary("multiply", x, x);
}

/**
 * Sum over `axes` (each kept with extent 1 when `keep`) times 1 / their element count. 16-bit operands are averaged in float32: their own
 * type cannot hold 1 / n, nor the sum of a long row.
 */
export function mean(build: GraphBuilder, x: ValueId, axes: readonly number[], keep = true): ValueId {
	const { dataType, shape } = build.value(x);
	const count = elementCount(axes.map((axis) => shape.at(axis) ?? 1));
	const computed = build.cast(x, elementBytes(dataType) === 2 ? "float32" : dataType);
	const sum = build.reduce("sum", computed, axes, keep);
	return build.cast(withScalar(build, "multiply", sum, 1 / count), dataType);
}

/** exp(x - max) / sum of it, over `axes`. */
export function softmax(build: GraphBuilder, x: ValueId, axes: readonly number[]): ValueId {
	const maximum = build.reduce("max", x, axes, true);
	const exponential = build.unary("exp", build.binary("subtract", x, maximum));
	return build.binary("divide", exponential, build.reduce("sum", exponential, axes, true));
}

/** (x - max) - log(sum(exp(x - max))), over `axes`. */
export function logSoftmax(build: GraphBuilder, x: ValueId, axes: readonly number[]): ValueId {
	const shifted = build.binary("subtract", x, build.reduce("max", x, axes, true));
	const sum = build.reduce("sum", build.unary("exp", shifted), axes, true);
	return build.binary("subtract", shifted, build.unary("log", sum));
}

/** x / 2 * (1 + erf(x / sqrt 2)). */
export function geluExact(build: GraphBuilder, x: ValueId): ValueId {
	const error = build.unary("erf", withScalar(build, "multiply", x, Math.SQRT1_2));
	const gate = withScalar(build, "add", error, 1);
	return build.binary("multiply", withScalar(build, "multiply", x, 0.5), gate);
}

/** x / 2 * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). */
export function geluTanh(build: GraphBuilder, x: ValueId): ValueId {
	const cube = build.binary("multiply", square(build, x), x);
	const inner = build.binary("add", x, withScalar(build, "multiply", cube, 0.044715));
	const hyperbolic = build.unary("tanh", withScalar(build, "multiply", inner, Math.sqrt(2 / Math.PI)));
	const gate = withScalar(build, "add", hyperbolic, 1);
	return build.binary("multiply", withScalar(build, "multiply", x, 0.5), gate);
}

/** x * sigmoid(alpha * x). */
export function swish(build: GraphBuilder, x: ValueId, alpha: number): ValueId {
	const scaled = alpha === 1 ? x : withScalar(build, "multiply", x, alpha);
	return build.binary("multiply", x, build.unary("sigmoid", scaled));
}

/** log(1 + e^x) as max(x, 0) + log(1 + e^-|x|), which does not overflow. */
export function softplus(build: GraphBuilder, x: ValueId): ValueId {
	const exponential = chain(build, x, "abs", "negate", "exp");
	const logarithm = build.unary("log", withScalar(build, "add", exponential, 1));
	return build.binary("add", withScalar(build, "maximum", x, 0), logarithm);
}

/** min(max(x, lowest), highest). */
export function clamp(build: GraphBuilder, x: ValueId, lowest: number, highest: number): ValueId {
	return withScalar(build, "minimum", withScalar(build, "maximum", x, lowest), highest);
}

/** x - mean(x) and the standard deviation sqrt(mean((x - mean)^2) + epsilon), over `axes`. */
export function centred(
	build: GraphBuilder,
	x: ValueId,
	axes: readonly number[],
	epsilon: number,
): { readonly mean: ValueId; readonly difference: ValueId; readonly deviation: ValueId } {
	const average = mean(build, x, axes);
	const difference = build.binary("subtract", x, average);
	const variance = mean(build, square(build, difference), axes);
	const deviation = build.unary("sqrt", withScalar(build, "add", variance, epsilon));
	return { mean: average, difference, deviation };
}

/** The axes from `axis` (non-negative) to the last. */
export function axesFrom(build: GraphBuilder, x: ValueId, axis: number): number[] {
	return build
		.shapeOf(x)
		.map((_, index) => index)
		.slice(axis);
}
