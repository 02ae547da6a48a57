// FlexAttention of ai.onnx.preview: attention whose scores and probabilities pass through graphs that the model brings.
// Softmax and what follows it are computed in float32 or wider unless the model says otherwise.

import type { ValueId } from "#shared/graph/graph.ts";
import { type DataType, isFloat } from "#shared/tensor/data-type.ts";
import { equalShapes } from "#shared/tensor/shape.ts";
import { dataTypeOfCode, elementTypeName } from "../element-type.ts";
import type { NodeContext, OperatorEntry } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { softmax, withScalar } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";

/** q [b, h, l, d], k [b, g, s, d], v [b, g, s, e] -> [b, h, l, e]; each of g key heads serves h / g query heads. */
function importFlexAttention(context: NodeContext): void {
	const { build } = context;
	const dataType = demandFloat(context, context.input(0));
	const { batch, heads, keyHeads, rows, columns, depth, width } = readExtents(context);
	const group = heads / keyHeads;
	const queries = build.reshape(context.input(0), [batch, keyHeads, group, rows, depth]);
	const keys = build.reshape(context.input(1), [batch, keyHeads, 1, columns, depth]);
	const values = build.reshape(context.input(2), [batch, keyHeads, 1, columns, width]);
	const scores = scaledProduct(context, queries, build.transpose(keys, [0, 1, 2, 4, 3]), depth);
	const computed = softmaxType(context, dataType);
	const whole = build.reshape(build.cast(scores, computed), [batch, heads, rows, columns]);
	const shares = softmax(build, modified(context, "score_mod", whole), [3]);
	const probabilities = build.reshape(modified(context, "prob_mod", shares), [
		batch,
		keyHeads,
		group,
		rows,
		columns,
	]);
	const output = build.matmul(probabilities, build.cast(values, computed));
	context.output(0, build.cast(build.reshape(output, [batch, heads, rows, width]), dataType));
}

/**
 * scale · q kᵀ. Both operands are multiplied by the root of the scale, as the specification asks: 16-bit scores could
 * overflow before they are scaled. The root is of float32, as in the function that defines the operator.
 */
function scaledProduct(context: NodeContext, queries: ValueId, keys: ValueId, depth: number): ValueId {
	const { build } = context;
	const scale = context.attributeFloat("scale", Math.fround(1 / Math.fround(Math.sqrt(depth))));
	if (!(scale > 0)) return withScalar(build, "multiply", build.matmul(queries, keys), scale);
	const root = Math.fround(Math.sqrt(scale));
	const scaled = (operand: ValueId): ValueId => withScalar(build, "multiply", operand, root);
	return build.matmul(scaled(queries), scaled(keys));
}

function readExtents(context: NodeContext) {
	const { build } = context;
	const [queries, keys, values] = [0, 1, 2].map((index) => build.shapeOf(context.input(index)));
	const [batch = 0, heads = 0, rows = 0, depth = 0] = queries ?? [];
	const [, keyHeads = 0, columns = 0] = keys ?? [];
	const width = values?.[3] ?? 0;
	const fits =
		queries?.length === 4 &&
		keys?.join() === [batch, keyHeads, columns, depth].join() &&
		values?.join() === [batch, keyHeads, columns, width].join() &&
		keyHeads > 0 &&
		heads % keyHeads === 0;
	if (!fits) {
		context.refuse(
			"model.shape_invalid",
			`found queries [${queries}], keys [${keys}] and values [${values}], which do not fit`,
		);
	}
	return { batch, heads, keyHeads, rows, columns, depth, width };
}

function softmaxType(context: NodeContext, operandType: DataType): DataType {
	if (!context.hasAttribute("softmax_precision")) return operandType === "float64" ? "float64" : "float32";
	const code = context.attributeInt("softmax_precision");
	const dataType = dataTypeOfCode(code);
	if (dataType !== null && isFloat(dataType)) return dataType;
	return context.refuse(
		"model.op_attribute_unsupported",
		`found softmax_precision ${elementTypeName(code)}, supported: float types`,
		{ attribute: "softmax_precision", found: code },
	);
}

/** What the model's graph of this attribute makes of the tensor; the tensor itself where there is none. */
function modified(context: NodeContext, attribute: "score_mod" | "prob_mod", tensor: ValueId): ValueId {
	if (!context.hasAttribute(attribute)) return tensor;
	const { build } = context;
	const [result, ...others] = context.subgraph(attribute, [tensor]);
	const isSame =
		result !== undefined &&
		others.length === 0 &&
		build.dataTypeOf(result) === build.dataTypeOf(tensor) &&
		equalShapes(build.shapeOf(result), build.shapeOf(tensor));
	if (isSame) return result;
	return context.refuse(
		"model.shape_invalid",
		`attribute '${attribute}': expected one result of the type and shape of its input`,
	);
}

export const flexAttentionOperators: Readonly<Record<string, OperatorEntry>> = {
	"ai.onnx.preview:FlexAttention": operatorEntry(
		importFlexAttention,
		1,
		"score_mod and prob_mod: graphs of at most 16 KiB that read nothing from outside and hold no weights and no graphs.",
	),
};
