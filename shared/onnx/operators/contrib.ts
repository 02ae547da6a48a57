// ONNX Runtime's own fused operators (domain com.microsoft) that models for it contain. Its attention operators are in
// contrib-attention.ts.

import type { ValueId } from "#shared/graph/graph.ts";
import { equalShapes } from "#shared/tensor/shape.ts";
import { normalizeAxis } from "../axes.ts";
import type { NodeContext, OperatorEntry } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { importGroupQueryAttention, importMultiHeadAttention } from "./contrib-attention.ts";
import { geluExact, geluTanh, swish } from "./formulas.ts";
import { layerNormalize, rmsNormalize } from "./normalization.ts";
import { operatorEntry } from "./operator-entry.ts";

/** ONNX Runtime's default for its skip normalizations. */
const skipEpsilon = 1e-12;

function importFastGelu(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	demandFloat(context, x);
	const bias = context.optionalInput(1);
	context.output(0, geluTanh(build, bias === null ? x : build.binary("add", x, bias)));
}

function importBiasGelu(context: NodeContext): void {
	const { build } = context;
	demandFloat(context, context.input(0));
	context.output(0, geluExact(build, build.binary("add", context.input(0), context.input(1))));
}

function importGelu(context: NodeContext): void {
	demandFloat(context, context.input(0));
	context.output(0, geluExact(context.build, context.input(0)));
}

function importQuickGelu(context: NodeContext): void {
	demandFloat(context, context.input(0));
	context.output(0, swish(context.build, context.input(0), context.attributeFloat("alpha", 1.702)));
}

/** input + skip + bias; the skip may lack the batch axis, or have extent 1 there. */
function skipSum(context: NodeContext, bias: ValueId | null): ValueId {
	const { build } = context;
	const [input, skip] = [context.input(0), context.input(1)];
	demandFloat(context, input);
	const sum = build.binary("add", input, skip);
	if (!equalShapes(build.shapeOf(sum), build.shapeOf(input))) {
		context.refuse(
			"model.shape_invalid",
			`found a skip of shape [${build.shapeOf(skip).join(", ")}] for [${build.shapeOf(input).join(", ")}]`,
		);
	}
	return bias === null ? sum : build.binary("add", sum, bias);
}

function importSkipLayerNormalization(context: NodeContext): void {
	const sum = skipSum(context, context.optionalInput(4));
	const last = context.build.shapeOf(sum).length - 1;
	const epsilon = context.attributeFloat("epsilon", skipEpsilon);
	const [scale, bias] = [context.input(2), context.optionalInput(3)];
	const result = layerNormalize(context, sum, last, epsilon, scale, bias);
	context.output(0, result.output);
	if (context.hasOutput(1)) context.output(1, result.mean);
	if (context.hasOutput(2)) context.output(2, result.inverseDeviation);
	context.output(3, sum);
}

function importSkipSimplifiedLayerNormalization(context: NodeContext): void {
	const sum = skipSum(context, context.optionalInput(3));
	const last = context.build.shapeOf(sum).length - 1;
	const epsilon = context.attributeFloat("epsilon", skipEpsilon);
	const result = rmsNormalize(context, sum, last, epsilon, context.input(2));
	context.output(0, result.output);
	refuseResults(context, [1]);
	if (context.hasOutput(2)) context.output(2, result.inverseDeviation);
	context.output(3, sum);
}

function importSimplifiedLayerNormalization(context: NodeContext): void {
	const x = context.input(0);
	const axis = normalizeAxis(context.attributeInt("axis", -1), context.build.shapeOf(x).length);
	const result = rmsNormalize(context, x, axis, context.attributeFloat("epsilon", 1e-5), context.input(1));
	context.output(0, result.output);
	if (context.hasOutput(1)) context.output(1, result.inverseDeviation);
}

/** Refuses the node when it asks for results that are not computed. */
function refuseResults(context: NodeContext, indices: readonly number[]): void {
	const asked = indices.find((index) => context.hasOutput(index));
	if (asked !== undefined) {
		context.refuse("model.op_attribute_unsupported", `found result ${asked} in use, supported: without it`);
	}
}

export const contribOperators: Readonly<Record<string, OperatorEntry>> = {
	// ONNX Runtime writes this one into ONNX's own domain.
	SimplifiedLayerNormalization: operatorEntry(importSimplifiedLayerNormalization),
	"com.microsoft:SimplifiedLayerNormalization": operatorEntry(importSimplifiedLayerNormalization, 1),
	"com.microsoft:SkipLayerNormalization": operatorEntry(importSkipLayerNormalization, 1),
	"com.microsoft:SkipSimplifiedLayerNormalization": operatorEntry(
		importSkipSimplifiedLayerNormalization,
		1,
		"Without the mean result.",
	),
	"com.microsoft:FastGelu": operatorEntry(importFastGelu, 1),
	"com.microsoft:BiasGelu": operatorEntry(importBiasGelu, 1),
	"com.microsoft:Gelu": operatorEntry(importGelu, 1),
	"com.microsoft:QuickGelu": operatorEntry(importQuickGelu, 1),
	"com.microsoft:MultiHeadAttention": operatorEntry(
		importMultiHeadAttention,
		1,
		"Separate queries, keys and values; no cache indirection; padding masks of [B, T] or [B, S, T].",
	),
	"com.microsoft:GroupQueryAttention": operatorEntry(
		importGroupQueryAttention,
		1,
		"total_sequence_length known at import; one sequence, or equal lengths known at import; no local window, smooth softmax, head sink or quantized cache.",
	),
};
