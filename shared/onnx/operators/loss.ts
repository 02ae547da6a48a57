// Losses over class indices. The target's class is picked by comparing with 0 … C-1 and adding up one survivor, so that
// a loss stays one row-wise program with the log-softmax before it.

import type { ValueId } from "#shared/graph/graph.ts";
import { classDomain } from "#shared/graph/value-domain.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { NodeContext, OperatorEntry } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { logSoftmax, withScalar } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";
import { positions } from "./positions.ts";

/** What a target may be is noted up to here: nobody asks for each of more classes. */
const demandedClassesMax = 1024;

/** `input` [N, C, d…] of log-probabilities; the target is operand 1, the weights operand 2. */
function negativeLogLikelihood(context: NodeContext, input: ValueId): ValueId {
	const { build } = context;
	const dataType = demandFloat(context, input);
	const [rows, classes, ...spatial] = build.shapeOf(input);
	const target = context.input(1);
	if (rows === undefined || classes === undefined || build.shapeOf(target).length !== spatial.length + 1) {
		context.refuse(
			"model.shape_invalid",
			`scores [${build.shapeOf(input).join(", ")}] with labels [${build.shapeOf(target).join(", ")}]`,
		);
	}
	const ignored = context.hasAttribute("ignore_index") ? context.attributeInt("ignore_index") : null;
	if (classes <= demandedClassesMax) build.demandDomain(target, classDomain(classes, ignored));
	const isTarget = classIsTarget(context, target, classes);
	const zero = build.scalar(0, dataType);
	const pick = (values: ValueId): ValueId =>
		build.reduce("sum", build.select(isTarget, values, zero), [1], false);
	const weight = weights(context, classes, spatial.length, pick);
	const picked = build.unary("negate", pick(input));
	const losses = weight === null ? picked : build.binary("multiply", picked, weight);
	return reduceLosses(context, losses, weight);
}

/** [N, C, d…]: whether the class is the target; an ignored target has none. */
function classIsTarget(context: NodeContext, target: ValueId, classes: number): ValueId {
	const { build } = context;
	const { dataType, shape } = build.value(target);
	const [rows = 1, ...spatial] = shape;
	const all = positions(context, dataType, classes, spatial.length);
	const column = build.reshape(target, [rows, 1, ...spatial]);
	const isTarget = build.binary("equal", column, all);
	if (!context.hasAttribute("ignore_index")) return isTarget;
	const ignored = withScalar(build, "equal", column, context.attributeInt("ignore_index"));
	return build.binary("and", isTarget, build.unary("not", ignored));
}

/** Each target's weight [N, d…]; null when all are 1. */
function weights(
	context: NodeContext,
	classes: number,
	spatialRank: number,
	pick: (values: ValueId) => ValueId,
): ValueId | null {
	const { build } = context;
	const operand = context.optionalInput(2);
	const ones = new Array<number>(spatialRank).fill(1);
	if (operand !== null) return pick(build.reshape(operand, [classes, ...ones]));
	if (!context.hasAttribute("ignore_index")) return null;
	return pick(build.scalar(1, build.dataTypeOf(context.input(0))));
}

function reduceLosses(context: NodeContext, losses: ValueId, weight: ValueId | null): ValueId {
	const { build } = context;
	const shape = build.shapeOf(losses);
	const all = shape.map((_, axis) => axis);
	const reduction = context.attributeString("reduction", "mean");
	if (reduction === "none") return losses;
	const sum = build.reduce("sum", losses, all, false);
	if (reduction === "sum") return sum;
	if (reduction !== "mean") {
		context.refuse(
			"model.op_attribute_invalid",
			`found reduction '${reduction}', expected none, sum or mean`,
			{ attribute: "reduction", found: reduction },
		);
	}
	if (weight === null) return withScalar(build, "multiply", sum, 1 / elementCount(shape));
	return build.binary("divide", sum, build.reduce("sum", weight, all, false));
}

function importSoftmaxCrossEntropy(context: NodeContext): void {
	const scores = context.input(0);
	demandFloat(context, scores);
	const logProbabilities = logSoftmax(context.build, scores, [1]);
	context.output(0, negativeLogLikelihood(context, logProbabilities));
	context.output(1, logProbabilities);
}

const targetLimit =
	"A label outside the classes, for which the operator is not defined, adds nothing to the sum; `kiln equivalent` assumes that there is none where it must.";

export const lossOperators: Readonly<Record<string, OperatorEntry>> = {
	NegativeLogLikelihoodLoss: operatorEntry(
		(context) => context.output(0, negativeLogLikelihood(context, context.input(0))),
		12,
		targetLimit,
	),
	SoftmaxCrossEntropyLoss: operatorEntry(importSoftmaxCrossEntropy, 12, targetLimit),
};
