// Convolutions and pools as gathers, matrix products and reductions. Kernels of this form would lose to a general
// runtime's, so that only callers who ask for them (`ImportOptions.windows`) get them: to run or to compare a model.

import type { ReduceOperator, ValueId } from "#shared/graph/graph.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { NodeContext, OperatorEntry, OperatorImporter } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { mean } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";
import { gatherWindows, readWindow, windowCounts } from "./window.ts";

/** x [n, c, spatial…], w [m, c / group, kernel…], bias [m] -> [n, m, positions…]. */
function importConv(context: NodeContext): void {
	const { build } = context;
	const [x, w, bias] = [context.input(0), context.input(1), context.optionalInput(2)];
	demandFloat(context, x);
	const [batch = 1, channels = 1, ...extents] = build.shapeOf(x);
	const [features = 1, groupChannels = 1, ...kernel] = build.shapeOf(w);
	const groups = context.attributeInt("group", 1);
	const kernelShape = context.attributeInts("kernel_shape", kernel);
	const fits =
		groups >= 1 &&
		channels === groups * groupChannels &&
		features % groups === 0 &&
		kernelShape.join() === kernel.join();
	if (!fits) {
		context.refuse(
			"model.shape_invalid",
			`found ${channels} channels, weights [${build.shapeOf(w)}], kernel [${kernelShape}] and ${groups} groups, which do not fit`,
		);
	}
	const window = readWindow(context, extents, kernelShape);
	const positions = elementCount(window.positions);
	const summed = groupChannels * window.kernelElements;
	const windows = build.reshape(gatherWindows(context, x, window, null), [batch, groups, summed, positions]);
	const weights = build.reshape(w, [groups, features / groups, summed]);
	const product = build.reshape(build.matmul(weights, windows), [batch, features, positions]);
	const sum = bias === null ? product : build.binary("add", product, build.reshape(bias, [features, 1]));
	context.output(0, build.reshape(sum, [batch, features, ...window.positions]));
}

type PoolFormula = (context: NodeContext, x: ValueId, window: ReturnType<typeof readWindow>) => ValueId;

/** [n, c, spatial…] -> [n, c, positions…]; the formula gives [n, c, positions]. */
function pool(formula: PoolFormula): OperatorImporter {
	return (context) => {
		const { build } = context;
		const x = context.input(0);
		demandFloat(context, x);
		const [batch = 1, channels = 1, ...extents] = build.shapeOf(x);
		const window = readWindow(context, extents, context.attributeInts("kernel_shape"));
		context.output(0, build.reshape(formula(context, x, window), [batch, channels, ...window.positions]));
	};
}

/** Padding never wins: it is the lowest of all. */
const maximum: PoolFormula = (context, x, window) => {
	const { build } = context;
	const fill = build.scalar(Number.NEGATIVE_INFINITY, build.dataTypeOf(x));
	return build.reduce("max", gatherWindows(context, x, window, fill), [2], false);
};

/** The sum of a window over how many elements count in it. */
const average: PoolFormula = (context, x, window) => {
	const { build } = context;
	const sum = build.reduce("sum", gatherWindows(context, x, window, null), [2], false);
	const counts = windowCounts(window, context.attributeInt("count_include_pad", 0) !== 0);
	const divisor = writeElements(build.dataTypeOf(x), [counts.length], counts);
	return build.binary("divide", sum, build.constant(divisor));
};

/** Over all spatial axes, each kept with extent 1. */
function globalPool(
	formula: (context: NodeContext, x: ValueId, axes: readonly number[]) => ValueId,
): OperatorImporter {
	return (context) => {
		const x = context.input(0);
		demandFloat(context, x);
		const axes = context.build.shapeOf(x).map((_, axis) => axis);
		context.output(0, formula(context, x, axes.slice(2)));
	};
}

const globalReduce =
	(operator: ReduceOperator) =>
	({ build }: NodeContext, x: ValueId, axes: readonly number[]): ValueId =>
		build.reduce(operator, x, axes, true);

export const convolutionOperators: Readonly<Record<string, OperatorEntry>> = {
	Conv: operatorEntry(importConv),
	MaxPool: operatorEntry(pool(maximum), 7, "Without Indices."),
	AveragePool: operatorEntry(pool(average)),
	GlobalMaxPool: operatorEntry(globalPool(globalReduce("max"))),
	GlobalAveragePool: operatorEntry(globalPool(({ build }, x, axes) => mean(build, x, axes))),
};
