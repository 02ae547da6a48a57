// ONNX's own Attention (opset 23 and later).

import type { ValueId } from "#shared/graph/graph.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { dataTypeOfCode, elementTypeName } from "../element-type.ts";
import type { NodeContext, OperatorEntry } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { operatorEntry } from "./operator-entry.ts";
import { positions } from "./positions.ts";
import type { DotProductResults } from "./scaled-dot-product.ts";
import {
	appendToPast,
	bothAllow,
	causalMask,
	mergeHeads,
	scaledDotProduct,
	splitHeads,
} from "./scaled-dot-product.ts";

function importAttention(context: NodeContext): void {
	const { build } = context;
	const dataType = demandFloat(context, context.input(0));
	const isFlat = build.shapeOf(context.input(0)).length === 3;
	const queries = withHeads(context, 0, "q_num_heads");
	const keys = appendToPast(build, context.optionalInput(4), withHeads(context, 1, "kv_num_heads"));
	const values = appendToPast(build, context.optionalInput(5), withHeads(context, 2, "kv_num_heads"));
	const depth = build.shapeOf(queries)[3] ?? 1;
	const masks = readMasks(context, queries, keys);
	const results = scaledDotProduct(context, {
		queries,
		keys,
		values,
		scale: context.attributeFloat("scale", 1 / Math.sqrt(depth)),
		softcap: context.attributeFloat("softcap", 0),
		...masks,
		softmaxType: softmaxType(context, dataType),
	});
	context.output(0, isFlat ? mergeHeads(build, results.output) : results.output);
	context.output(1, keys);
	context.output(2, values);
	if (context.hasOutput(3)) context.output(3, scoresOutput(context, results));
}

/** The i-th operand as [B, H, S, D]. */
function withHeads(context: NodeContext, index: number, headsAttribute: string): ValueId {
	const value = context.input(index);
	const rank = context.build.shapeOf(value).length;
	if (rank === 4) return value;
	if (rank !== 3) context.refuse("model.shape_invalid", `operand ${index} has rank ${rank}, expected 3 or 4`);
	return splitHeads(context, value, context.attributeInt(headsAttribute));
}

interface Masks {
	readonly allowed: ValueId | null;
	readonly bias: ValueId | null;
	readonly mayMaskWholeRows: boolean;
}

function readMasks(context: NodeContext, queries: ValueId, keys: ValueId): Masks {
	const { build } = context;
	const rows = build.shapeOf(queries)[2] ?? 0;
	const columns = build.shapeOf(keys)[2] ?? 0;
	const operand = context.optionalInput(3);
	const isBool = operand !== null && build.dataTypeOf(operand) === "bool";
	const mask = operand === null ? null : padMask(context, operand, columns);
	const lengths = context.optionalInput(6);
	const byLength = lengths === null ? null : lengthMask(context, lengths, columns);
	const causal =
		context.attributeInt("is_causal", 0) !== 0 ? causality(context, lengths, rows, columns) : null;
	return {
		allowed: bothAllow(build, bothAllow(build, isBool ? mask : null, causal), byLength),
		bias: mask === null || isBool ? null : build.cast(mask, build.dataTypeOf(queries)),
		mayMaskWholeRows: operand !== null || lengths !== null,
	};
}

/** A mask that ends before the last key hides the keys behind its end. */
function padMask(context: NodeContext, mask: ValueId, columns: number): ValueId {
	const { build } = context;
	const shape = build.shapeOf(mask);
	const width = shape.at(-1) ?? 0;
	if (shape.length < 2 || shape.length > 4 || width > columns) {
		context.refuse(
			"model.shape_invalid",
			`found a mask of shape [${shape.join(", ")}] for ${columns} keys, expected rank 2 to 4`,
		);
	}
	if (width === columns || (width === 1 && context.opset < 24)) return mask;
	const dataType = build.dataTypeOf(mask);
	const none = shape.map(() => 0);
	const fill = isFloat(dataType) ? build.scalar(Number.NEGATIVE_INFINITY, dataType) : null;
	return build.pad(mask, none, [...none.slice(1), columns - width], "constant", fill);
}

/** [B, 1, 1, T]: the keys of each batch that are not padding. */
function lengthMask(context: NodeContext, lengths: ValueId, columns: number): ValueId {
	const { build } = context;
	const keys = positions(context, build.dataTypeOf(lengths), columns);
	return build.binary("less", keys, lengthsByBatch(context, lengths));
}

/** Valid lengths [B] as [B, 1, 1, 1]. */
function lengthsByBatch(context: NodeContext, lengths: ValueId): ValueId {
	const { build } = context;
	const [batch = 0] = build.shapeOf(lengths);
	return build.reshape(lengths, [batch, 1, 1, 1]);
}

/** Queries are the last tokens of the keys: of the valid ones where lengths are given, else of past and present. */
function causality(context: NodeContext, lengths: ValueId | null, rows: number, columns: number): ValueId {
	const { build } = context;
	if (lengths === null) {
		const past = context.optionalInput(4);
		return causalMask(context, past === null ? 0 : (build.shapeOf(past)[2] ?? 0), rows, columns);
	}
	const dataType = build.dataTypeOf(lengths);
	const ends = build.binary(
		"add",
		lengthsByBatch(context, lengths),
		positions(context, dataType, rows, 1, -rows),
	);
	return build.binary("lessOrEqual", positions(context, dataType, columns), ends);
}

function softmaxType(context: NodeContext, operandType: DataType): DataType {
	const code = context.attributeInt("softmax_precision", 0);
	if (code === 0) return operandType;
	const dataType = dataTypeOfCode(code);
	if (dataType === null || !isFloat(dataType)) {
		context.refuse(
			"model.op_attribute_unsupported",
			`found softmax_precision ${elementTypeName(code)}, supported: float types`,
			{ attribute: "softmax_precision", found: code },
		);
	}
	return dataType;
}

/** The fourth result: the scores at the stage that `qk_matmul_output_mode` names. */
function scoresOutput(context: NodeContext, results: DotProductResults): ValueId {
	const mode = context.attributeInt("qk_matmul_output_mode", 0);
	const stages = [results.scaled, results.capped, results.masked, results.probabilities];
	return (
		stages[mode] ??
		context.refuse("model.op_attribute_invalid", `found qk_matmul_output_mode ${mode}, expected 0 to 3`, {
			attribute: "qk_matmul_output_mode",
			found: mode,
		})
	);
}

export const attentionOperators: Readonly<Record<string, OperatorEntry>> = {
	Attention: operatorEntry(importAttention, 23),
};
