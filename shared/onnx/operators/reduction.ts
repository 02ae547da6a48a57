// Reductions, running sums, and the positions of extremes.

import type { ReduceOperator, UnaryOperator, ValueId } from "#shared/graph/graph.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { normalizeAxis } from "../axes.ts";
import type { GraphBuilder } from "../graph-builder.ts";
import type { NodeContext, OperatorEntry, OperatorImporter } from "../node-context.ts";
import { demandFloat, demandNumber } from "./accepted-types.ts";
import { mean, square, withScalar } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";
import { positions } from "./positions.ts";
import { staticNumbers } from "./static-operand.ts";

const axesLimit = "Axes must be known at import.";

/** Reduces x over `axes`; a reduced axis is kept with extent 1 when `keep`. */
type ReduceFormula = (context: NodeContext, x: ValueId, axes: readonly number[], keep: boolean) => ValueId;

/** `axesOperandOpset`: from it on the axes are an operand, below an attribute. */
function reduction(formula: ReduceFormula, axesOperandOpset = 18): OperatorImporter {
	return (context) => {
		const x = context.input(0);
		const axes = reducedAxes(context, x, axesOperandOpset);
		context.output(0, formula(context, x, axes, context.attributeInt("keepdims", 1) !== 0));
	};
}

/** Non-negative axes; none given means all, or nothing when the node says so. */
function reducedAxes(context: NodeContext, x: ValueId, axesOperandOpset: number): readonly number[] {
	const rank = context.build.shapeOf(x).length;
	const all = Array.from({ length: rank }, (_, axis) => axis);
	if (context.opset < axesOperandOpset) {
		const axes = context.attributeInts("axes", []);
		return axes.length === 0 ? all : axes.map((axis) => normalizeAxis(axis, rank));
	}
	const operand = context.optionalInput(1);
	const axes = operand === null ? [] : staticNumbers(context, operand, "axes");
	if (axes.length > 0) return axes.map((axis) => normalizeAxis(axis, rank));
	return context.attributeInt("noop_with_empty_axes", 0) !== 0 ? [] : all;
}

function fold(operator: ReduceOperator): ReduceFormula {
	return ({ build }, x, axes, keep) => build.reduce(operator, x, axes, keep);
}

/** Folds numbers only: bool has no sum. `before` is applied to every element. */
function foldNumbers(
	operator: ReduceOperator,
	before: (build: GraphBuilder, x: ValueId) => ValueId = (_build, x) => x,
): ReduceFormula {
	return (context, x, axes, keep) => {
		demandNumber(context, x);
		return context.build.reduce(operator, before(context.build, x), axes, keep);
	};
}

/** Sum times 1 / n; integers divide, truncating. */
const meanFormula: ReduceFormula = (context, x, axes, keep) => {
	const { build } = context;
	if (isFloat(demandNumber(context, x))) return mean(build, x, axes, keep);
	const count = elementCount(axes.map((axis) => build.shapeOf(x)[axis] ?? 1));
	return withScalar(build, "divide", build.reduce("sum", x, axes, keep), count);
};

const absoluteSum = foldNumbers("sum", (build, x) => build.unary("abs", x));
const squareSum = foldNumbers("sum", square);

/** A float reduction followed by a function of each result. */
function floatsThen(formula: ReduceFormula, operator: UnaryOperator): ReduceFormula {
	return (context, x, axes, keep) => {
		demandFloat(context, x);
		return context.build.unary(operator, formula(context, x, axes, keep));
	};
}

/** log(sum(e^(x - max))) + max, the maximum taken as 0 where it is infinite. */
const logSumExp: ReduceFormula = (context, x, axes, keep) => {
	const { build } = context;
	const dataType = demandFloat(context, x);
	const largest = build.reduce("max", x, axes, true);
	const zero = build.scalar(0, dataType);
	const shift = build.select(build.unary("isInfinite", largest), zero, largest);
	const exponential = build.unary("exp", build.binary("subtract", x, shift));
	const logarithm = build.unary("log", build.reduce("sum", exponential, axes, keep));
	return build.binary("add", logarithm, build.reshape(shift, build.shapeOf(logarithm)));
};

function importCumSum(context: NodeContext): void {
	const x = context.input(0);
	demandNumber(context, x);
	const [axis] = staticNumbers(context, context.input(1), "axis");
	if (axis === undefined)
		context.refuse("model.shape_invalid", "the operand axis is empty, expected one axis");
	const exclusive = context.attributeInt("exclusive", 0) !== 0;
	const reverse = context.attributeInt("reverse", 0) !== 0;
	context.output(0, context.build.cumulativeSum(x, axis, exclusive, reverse));
}

/** The least (or largest) position whose element equals the extreme of its lane. */
function positionOf(extreme: "max" | "min"): OperatorImporter {
	return (context) => {
		const { build } = context;
		const x = context.input(0);
		demandNumber(context, x);
		const shape = build.shapeOf(x);
		const axis = normalizeAxis(context.attributeInt("axis", 0), shape.length);
		const extent = shape[axis] ?? 1;
		if (extent === 0) context.refuse("model.shape_invalid", `axis ${axis} is empty, expected an element`);
		const last = context.attributeInt("select_last_index", 0) !== 0;
		const found = build.binary("equal", x, build.reduce(extreme, x, [axis], true));
		const missing = build.scalar(last ? -1 : extent, "int64");
		const candidates = build.select(
			found,
			positions(context, "int64", extent, shape.length - axis - 1),
			missing,
		);
		const kept = build.reduce(last ? "max" : "min", candidates, [axis], true);
		const keeps = context.attributeInt("keepdims", 1) !== 0;
		context.output(0, keeps ? kept : build.reshape(kept, shape.toSpliced(axis, 1)));
	};
}

export const reductionOperators: Readonly<Record<string, OperatorEntry>> = {
	ReduceSum: operatorEntry(reduction(foldNumbers("sum"), 13), 7, axesLimit),
	ReduceMean: operatorEntry(reduction(meanFormula), 7, axesLimit),
	ReduceMax: operatorEntry(reduction(fold("max")), 7, axesLimit),
	ReduceMin: operatorEntry(reduction(fold("min")), 7, axesLimit),
	ReduceProd: operatorEntry(reduction(foldNumbers("product")), 7, axesLimit),
	ReduceL1: operatorEntry(reduction(absoluteSum), 7, axesLimit),
	ReduceL2: operatorEntry(reduction(floatsThen(squareSum, "sqrt")), 7, `${axesLimit} Floats only.`),
	ReduceLogSum: operatorEntry(reduction(floatsThen(fold("sum"), "log")), 7, `${axesLimit} Floats only.`),
	ReduceLogSumExp: operatorEntry(reduction(logSumExp), 7, `${axesLimit} Floats only.`),
	ReduceSumSquare: operatorEntry(reduction(squareSum), 7, axesLimit),
	CumSum: operatorEntry(importCumSum, 11, "The axis must be known at import."),
	ArgMax: operatorEntry(positionOf("max")),
	ArgMin: operatorEntry(positionOf("min")),
};
