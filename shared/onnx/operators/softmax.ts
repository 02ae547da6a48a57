// Softmax, LogSoftmax and Hardmax. Below opset 13 they see their operand as a matrix: the axes before `axis` are its
// rows, all from `axis` on its columns.

import type { ValueId } from "#shared/graph/graph.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import { normalizeAxis } from "../axes.ts";
import type { GraphBuilder } from "../graph-builder.ts";
import type { NodeContext, OperatorEntry, OperatorImporter } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { axesFrom, logSoftmax, softmax } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";

/** First opset in which one axis, and not all that follow it, is normalized. */
const singleAxisOpset = 13;

type OverAxes = (build: GraphBuilder, x: ValueId, axes: readonly number[]) => ValueId;

function normalizing(formula: OverAxes): OperatorImporter {
	return (context) => {
		const x = context.input(0);
		demandFloat(context, x);
		context.output(0, formula(context.build, x, normalizedAxes(context, x)));
	};
}

function normalizedAxes(context: NodeContext, x: ValueId): readonly number[] {
	const single = context.opset >= singleAxisOpset;
	const rank = context.build.shapeOf(x).length;
	const axis = context.attributeInt("axis", single ? -1 : 1);
	if (single) return [normalizeAxis(axis, rank)];
	// Axis = rank leaves rows of nothing: every element is a row of its own.
	return axis === rank ? [] : axesFrom(context.build, x, normalizeAxis(axis, rank));
}

/** 1 at the first of the largest elements of a row, 0 elsewhere. */
function importHardmax(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const dataType = demandFloat(context, x);
	const shape = build.shapeOf(x);
	const axes = normalizedAxes(context, x);
	const first = axes[0] ?? shape.length;
	// Rows of several axes are laid flat, because the running count needs one axis.
	const rows =
		axes.length === 1 ? shape : [elementCount(shape.slice(0, first)), elementCount(shape.slice(first))];
	const axis = axes.length === 1 ? first : 1;
	const matrix = build.reshape(x, rows);
	const largest = build.binary("equal", matrix, build.reduce("max", matrix, [axis], true));
	const earlier = build.cumulativeSum(build.cast(largest, "int32"), axis, true, false);
	const chosen = build.binary("and", largest, build.binary("equal", earlier, build.scalar(0, "int32")));
	context.output(0, build.reshape(build.cast(chosen, dataType), shape));
}

export const softmaxOperators: Readonly<Record<string, OperatorEntry>> = {
	Softmax: operatorEntry(normalizing(softmax)),
	LogSoftmax: operatorEntry(normalizing(logSoftmax)),
	Hardmax: operatorEntry(importHardmax),
};
