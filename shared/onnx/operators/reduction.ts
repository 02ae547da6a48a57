// Reductions, running sums, and the positions of extremes.

import type { ReduceOperator, ValueId } from "#shared/graph/graph.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { normalizeAxis } from "../axes.ts";
import type { GraphBuilder } from "../graph-builder.ts";
import type { NodeContext, OperatorEntry, OperatorImporter } from "../node-context.ts";
import { demandFloat, demandNumber } from "./accepted-types.ts";
import { meanKept, square, withScalar } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";
import { staticNumbers } from "./static-operand.ts";

const axesLimit = "Axes must be known at import.";

/** Reduces x over `axes`; every reduced axis is kept with extent 1. */
type ReduceFormula = (context: NodeContext, x: ValueId, axes: readonly number[]) => ValueId;

/** `axesOperandOpset`: from it on the axes are an operand, below an attribute. */
function reduction(formula: ReduceFormula, axesOperandOpset = 18): OperatorImporter {
	return (context) => {
		const { build } = context;
		const x = context.input(0);
		const axes = reducedAxes(context, x, axesOperandOpset);
		const kept = formula(context, x, axes);
		if (context.attributeInt("keepdims", 1) !== 0) {
			context.output(0, kept);
			return;
		}
		const dropped = new Set(axes);
		context.output(
			0,
			build.reshape(
				kept,
				build.shapeOf(kept).filter((_, axis) => !dropped.has(axis)),
			),
		);
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
	return ({ build }, x, axes) => build.reduce(operator, x, axes, true);
}

/** Folds numbers only: bool has no sum. */
function foldNumbers(operator: ReduceOperator): ReduceFormula {
	return (context, x, axes) => {
		demandNumber(context, x);
		return context.build.reduce(operator, x, axes, true);
	};
}

/** Sum times 1 / n; integers divide, truncating. */
function mean(context: NodeContext, x: ValueId, axes: readonly number[]): ValueId {
	const { build } = context;
	if (isFloat(demandNumber(context, x))) return meanKept(build, x, axes);
	const count = elementCount(axes.map((axis) => build.shapeOf(x)[axis] ?? 1));
	return withScalar(build, "divide", build.reduce("sum", x, axes, true), count);
}

function l1(context: NodeContext, x: ValueId, axes: readonly number[]): ValueId {
	demandNumber(context, x);
	return context.build.reduce("sum", context.build.unary("abs", x), axes, true);
}

function sumSquare(context: NodeContext, x: ValueId, axes: readonly number[]): ValueId {
	demandNumber(context, x);
	return context.build.reduce("sum", square(context.build, x), axes, true);
}

function l2(context: NodeContext, x: ValueId, axes: readonly number[]): ValueId {
	demandFloat(context, x);
	return context.build.unary("sqrt", sumSquare(context, x, axes));
}

function logSum(context: NodeContext, x: ValueId, axes: readonly number[]): ValueId {
	demandFloat(context, x);
	return context.build.unary("log", context.build.reduce("sum", x, axes, true));
}

/** log(sum(e^(x - max))) + max, the maximum taken as 0 where it is infinite. */
function logSumExp(context: NodeContext, x: ValueId, axes: readonly number[]): ValueId {
	const { build } = context;
	const dataType = demandFloat(context, x);
	const largest = build.reduce("max", x, axes, true);
	const zero = build.scalar(0, dataType);
	const shift = build.select(build.unary("isInfinite", largest), zero, largest);
	const exponential = build.unary("exp", build.binary("subtract", x, shift));
	const logarithm = build.unary("log", build.reduce("sum", exponential, axes, true));
	return build.binary("add", logarithm, shift);
}

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
		const candidates = build.select(found, positions(build, extent, shape.length - axis - 1), missing);
		const kept = build.reduce(last ? "max" : "min", candidates, [axis], true);
		const keeps = context.attributeInt("keepdims", 1) !== 0;
		context.output(0, keeps ? kept : build.reshape(kept, shape.toSpliced(axis, 1)));
	};
}

/** 0, 1, … along one axis that has `axesBehind` axes behind it. */
function positions(build: GraphBuilder, extent: number, axesBehind: number): ValueId {
	const shape = [extent, ...new Array<number>(axesBehind).fill(1)];
	return build.constant(
		writeElements(
			"int64",
			shape,
			Array.from({ length: extent }, (_, index) => index),
		),
	);
}

export const reductionOperators: Readonly<Record<string, OperatorEntry>> = {
	ReduceSum: operatorEntry(reduction(foldNumbers("sum"), 13), 7, axesLimit),
	ReduceMean: operatorEntry(reduction(mean), 7, axesLimit),
	ReduceMax: operatorEntry(reduction(fold("max")), 7, axesLimit),
	ReduceMin: operatorEntry(reduction(fold("min")), 7, axesLimit),
	ReduceProd: operatorEntry(reduction(foldNumbers("product")), 7, axesLimit),
	ReduceL1: operatorEntry(reduction(l1), 7, axesLimit),
	ReduceL2: operatorEntry(reduction(l2), 7, `${axesLimit} Floats only.`),
	ReduceLogSum: operatorEntry(reduction(logSum), 7, `${axesLimit} Floats only.`),
	ReduceLogSumExp: operatorEntry(reduction(logSumExp), 7, `${axesLimit} Floats only.`),
	ReduceSumSquare: operatorEntry(reduction(sumSquare), 7, axesLimit),
	CumSum: operatorEntry(importCumSum, 11, "The axis must be known at import."),
	ArgMax: operatorEntry(positionOf("max")),
	ArgMin: operatorEntry(positionOf("min")),
};
