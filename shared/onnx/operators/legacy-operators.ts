// Operators in models older than opset 7, where today's broadcasting came in. They are taken where their meaning has not
// changed since (ONNX changelog, https://github.com/onnx/onnx/blob/main/docs/Changelog.md).

import { OptimizeError } from "#shared/fault/optimize-error.ts";

/** First opset in which every operator is taken that Kiln knows. */
export const oldestOpset = 7;

/** The same from opset 1 to 7, attributes included. */
const unchangedSinceOpset1: ReadonlySet<string> = new Set([
	"ArgMax",
	"ArgMin",
	"Constant",
	"Flatten",
	"Gather",
	"LogSoftmax",
	"MatMul",
	"Not",
	"ReduceL1",
	"ReduceL2",
	"ReduceLogSum",
	"ReduceLogSumExp",
	"ReduceMax",
	"ReduceMean",
	"ReduceMin",
	"ReduceProd",
	"ReduceSum",
	"ReduceSumSquare",
	"Shape",
	"Size",
	"Slice",
	"Softmax",
	"Softplus",
	"Softsign",
	"Squeeze",
	"Transpose",
	"Unsqueeze",
]);

/** Changed from 6 to 7 in more than broadcasting: they default to training mode below 7. */
const changedAtOpset7: ReadonlySet<string> = new Set(["BatchNormalization", "Dropout"]);

/**
 * Throws `model.op_unsupported` or `.op_attribute_unsupported` for an operator below opset 7 whose meaning has changed.
 * `broadcasts`: the node's `broadcast` attribute is set (one-sided broadcasting, gone since).
 */
export function checkLegacyOperator(operator: string, opset: number, broadcasts: boolean): void {
	if (opset >= oldestOpset) return;
	const isSame =
		opset === oldestOpset - 1 ? !changedAtOpset7.has(operator) : unchangedSinceOpset1.has(operator);
	if (!isSame) {
		throw new OptimizeError(
			"model.op_unsupported",
			`operator '${operator}' of opset ${opset} differs from that of opset ${oldestOpset}, the first supported`,
			{ operator, opset },
		);
	}
	if (broadcasts) {
		throw new OptimizeError(
			"model.op_attribute_unsupported",
			`attribute 'broadcast' of opset ${opset}: NumPy broadcasting, from opset ${oldestOpset} on, is supported`,
			{ operator, opset, attribute: "broadcast" },
		);
	}
}
