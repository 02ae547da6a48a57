// Normalizations. Statistics are computed in `stash_type` (float32 unless the model says otherwise) as ONNX's own
// function bodies do: a 16-bit operand is cast up, the normalized result cast back before scale and bias.

import type { ValueId } from "#shared/graph/graph.ts";
import { type DataType, elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import { normalizeAxis } from "../axes.ts";
import { dataTypeOfCode, elementTypeName } from "../element-type.ts";
import type { NodeContext, OperatorEntry } from "../node-context.ts";
import { demandFloat } from "./accepted-types.ts";
import { axesFrom, centred, mean, square, withScalar } from "./formulas.ts";
import { operatorEntry } from "./operator-entry.ts";

const defaultEpsilon = 1e-5;

/** The type statistics are computed in: never narrower than the operand's. */
export function statisticsType(context: NodeContext, operandType: DataType): DataType {
	const code = context.attributeInt("stash_type", 1);
	const stash = dataTypeOfCode(code);
	if (stash !== "float32" && stash !== operandType) {
		context.refuse(
			"model.op_attribute_unsupported",
			`found stash_type ${elementTypeName(code)}, supported: float32 or the operand's own type`,
			{ attribute: "stash_type", found: code },
		);
	}
	return operandType === "float64" ? "float64" : stash;
}

/** normalized * scale + bias; either may be absent. */
export function scaleAndShift(
	context: NodeContext,
	normalized: ValueId,
	scale: ValueId | null,
	bias: ValueId | null,
): ValueId {
	const { build } = context;
	const scaled = scale === null ? normalized : build.binary("multiply", normalized, scale);
	return bias === null ? scaled : build.binary("add", scaled, bias);
}

export interface LayerNormalized {
	readonly output: ValueId;
	readonly mean: ValueId;
	readonly inverseDeviation: ValueId;
}

/** Layer normalization of x over its axes from `axis` (non-negative) on. */
export function layerNormalize(
	context: NodeContext,
	x: ValueId,
	axis: number,
	epsilon: number,
	scale: ValueId | null,
	bias: ValueId | null,
): LayerNormalized {
	const { build } = context;
	const dataType = demandFloat(context, x);
	const computed = build.cast(x, statisticsType(context, dataType));
	const {
		mean: average,
		difference,
		deviation,
	} = centred(build, computed, axesFrom(build, x, axis), epsilon);
	const normalized = build.cast(build.binary("divide", difference, deviation), dataType);
	return {
		output: scaleAndShift(context, normalized, scale, bias),
		mean: average,
		inverseDeviation: build.unary("reciprocal", deviation),
	};
}

/** RMS normalization of x over its axes from `axis` (non-negative) on: x / sqrt(mean(x^2) + epsilon) * scale. */
export function rmsNormalize(
	context: NodeContext,
	x: ValueId,
	axis: number,
	epsilon: number,
	scale: ValueId | null,
): { readonly output: ValueId; readonly inverseDeviation: ValueId } {
	const { build } = context;
	const dataType = demandFloat(context, x);
	const computed = build.cast(x, statisticsType(context, dataType));
	const variance = mean(build, square(build, computed), axesFrom(build, x, axis));
	const deviation = build.unary("sqrt", withScalar(build, "add", variance, epsilon));
	// The result has the scale's type, which may differ from the operand's.
	const resultType = scale === null ? dataType : build.dataTypeOf(scale);
	const normalized = build.cast(build.binary("divide", computed, deviation), resultType);
	return {
		output: scaleAndShift(context, normalized, scale, null),
		inverseDeviation: build.unary("reciprocal", deviation),
	};
}

function axisOf(context: NodeContext, x: ValueId): number {
	return normalizeAxis(context.attributeInt("axis", -1), context.build.shapeOf(x).length);
}

function importLayerNormalization(context: NodeContext): void {
	const x = context.input(0);
	const epsilon = context.attributeFloat("epsilon", defaultEpsilon);
	const result = layerNormalize(
		context,
		x,
		axisOf(context, x),
		epsilon,
		context.input(1),
		context.optionalInput(2),
	);
	context.output(0, result.output);
	if (context.hasOutput(1)) context.output(1, result.mean);
	if (context.hasOutput(2)) context.output(2, result.inverseDeviation);
}

export function importRmsNormalization(context: NodeContext): void {
	const x = context.input(0);
	const epsilon = context.attributeFloat("epsilon", defaultEpsilon);
	const result = rmsNormalize(context, x, axisOf(context, x), epsilon, context.input(1));
	context.output(0, result.output);
	if (context.hasOutput(1)) context.output(1, result.inverseDeviation);
}

/** A vector of one entry a channel, shaped to broadcast over [N, C, d…]. */
function perChannel(context: NodeContext, vector: ValueId, rank: number): ValueId {
	const [channels = 1] = context.build.shapeOf(vector);
	return context.build.reshape(vector, [channels, ...new Array<number>(Math.max(0, rank - 2)).fill(1)]);
}

function importGroupNormalization(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const dataType = demandFloat(context, x);
	const shape = build.shapeOf(x);
	const [rows = 1, channels = 1] = shape;
	const groups = context.attributeInt("num_groups");
	if (shape.length < 2 || groups < 1 || channels % groups !== 0) {
		context.refuse(
			"model.op_attribute_invalid",
			`found num_groups ${groups} for ${channels} channels, expected a divisor`,
			{ attribute: "num_groups", found: groups },
		);
	}
	const epsilon = context.attributeFloat("epsilon", defaultEpsilon);
	const computed = build.cast(x, statisticsType(context, dataType));
	const lanes = rows * groups === 0 ? 0 : elementCount(shape) / (rows * groups);
	const grouped = build.reshape(computed, [rows, groups, lanes]);
	const { difference, deviation } = centred(build, grouped, [2], epsilon);
	const normalized = build.cast(build.binary("divide", difference, deviation), dataType);
	scaleGroups(context, normalized, shape, groups);
}

/** Opset 18 has scale and bias by group, 21 by channel; models of either age are seen with both. */
function scaleGroups(context: NodeContext, normalized: ValueId, shape: Shape, groups: number): void {
	const { build } = context;
	const [scale, bias] = [context.input(1), context.input(2)];
	const entries = build.shapeOf(scale)[0] ?? 0;
	if (entries === groups && entries !== shape[1]) {
		const byGroup = (vector: ValueId): ValueId => build.reshape(vector, [groups, 1]);
		const result = scaleAndShift(context, normalized, byGroup(scale), byGroup(bias));
		context.output(0, build.reshape(result, shape));
		return;
	}
	const byChannel = (vector: ValueId): ValueId => perChannel(context, vector, shape.length);
	const unfolded = build.reshape(normalized, shape);
	context.output(0, scaleAndShift(context, unfolded, byChannel(scale), byChannel(bias)));
}

function importInstanceNormalization(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	demandFloat(context, x);
	const rank = build.shapeOf(x).length;
	const epsilon = context.attributeFloat("epsilon", defaultEpsilon);
	const { difference, deviation } = centred(build, x, axesFrom(build, x, 2), epsilon);
	const normalized = build.binary("divide", difference, deviation);
	const scale = perChannel(context, context.input(1), rank);
	context.output(0, scaleAndShift(context, normalized, scale, perChannel(context, context.input(2), rank)));
}

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + bias, with the stored statistics, or in training mode (opset 14 on)
 * with those of the batch, which then move the stored ones. Computed in the wider of the operand's and the statistics'
 * types.
 */
function importBatchNormalization(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const dataType = demandFloat(context, x);
	const storedType = demandFloat(context, context.input(3));
	const computed = elementBytes(storedType) > elementBytes(dataType) ? storedType : dataType;
	const trains = trainingMode(context);
	const rank = build.shapeOf(x).length;
	const channel = (index: number): ValueId =>
		perChannel(context, build.cast(context.input(index), computed), rank);
	const wide = build.cast(x, computed);
	const batchAxes = axesFrom(build, x, 0).filter((axis) => axis !== 1);
	const average = trains ? mean(build, wide, batchAxes) : channel(3);
	const difference = build.binary("subtract", wide, average);
	const variance = trains ? mean(build, square(build, difference), batchAxes) : channel(4);
	const epsilon = context.attributeFloat("epsilon", defaultEpsilon);
	const deviation = build.unary("sqrt", withScalar(build, "add", variance, epsilon));
	const normalized = build.binary("divide", difference, deviation);
	const shifted = scaleAndShift(context, normalized, channel(1), channel(2));
	context.output(0, build.cast(shifted, dataType));
	if (!trains) return;
	context.output(1, movedStatistic(context, 3, average));
	context.output(2, movedStatistic(context, 4, variance));
}

function trainingMode(context: NodeContext): boolean {
	// Below opset 14 it is the results asked for that say so, and they mean different things in each opset.
	if (context.opset < 14 && [1, 2, 3, 4].some((index) => context.hasOutput(index))) {
		context.refuse("model.op_attribute_unsupported", "found training results, supported: inference");
	}
	if (context.attributeInt("spatial", 1) !== 1) {
		context.refuse("model.op_attribute_unsupported", "found spatial 0, supported: 1", {
			attribute: "spatial",
		});
	}
	return context.attributeInt("training_mode", 0) !== 0;
}

/** stored * momentum + statistic of the batch * (1 - momentum), as a vector by channel. */
function movedStatistic(context: NodeContext, index: number, statistic: ValueId): ValueId {
	const { build } = context;
	const momentum = context.attributeFloat("momentum", 0.9);
	const stored = context.input(index);
	const { dataType, shape } = build.value(stored);
	const current = build.cast(build.reshape(statistic, shape), dataType);
	return build.binary(
		"add",
		withScalar(build, "multiply", stored, momentum),
		withScalar(build, "multiply", current, 1 - momentum),
	);
}

/** x / norm; a lane of zeros stays zero. */
function importLpNormalization(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const dataType = demandFloat(context, x);
	const power = context.attributeInt("p", 2);
	if (power !== 1 && power !== 2) {
		context.refuse("model.op_attribute_invalid", `found p ${power}, expected 1 or 2`, { attribute: "p" });
	}
	const magnitudes = power === 1 ? build.unary("abs", x) : square(build, x);
	const sum = build.reduce("sum", magnitudes, [axisOf(context, x)], true);
	const norm = power === 1 ? sum : build.unary("sqrt", sum);
	const one = build.scalar(1, dataType);
	context.output(0, build.binary("divide", x, build.select(withScalar(build, "equal", norm, 0), one, norm)));
}

/** The specification's guard against a zero deviation. */
const meanVarianceGuard = 1e-9;

function importMeanVarianceNormalization(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	demandFloat(context, x);
	const rank = build.shapeOf(x).length;
	const axes = context.attributeInts("axes", [0, 2, 3]).map((axis) => normalizeAxis(axis, rank));
	const difference = build.binary("subtract", x, mean(build, x, axes));
	const deviation = build.unary("sqrt", mean(build, square(build, difference), axes));
	const guarded = withScalar(build, "add", deviation, meanVarianceGuard);
	context.output(0, build.binary("divide", difference, guarded));
}

const stashLimit = "stash_type: float32 or the operand's own type.";

export const normalizationOperators: Readonly<Record<string, OperatorEntry>> = {
	LayerNormalization: operatorEntry(importLayerNormalization, 7, stashLimit),
	RMSNormalization: operatorEntry(importRmsNormalization, 23, stashLimit),
	GroupNormalization: operatorEntry(importGroupNormalization, 18, stashLimit),
	InstanceNormalization: operatorEntry(importInstanceNormalization),
	BatchNormalization: operatorEntry(importBatchNormalization, 7, "Training mode from opset 14 on."),
	LpNormalization: operatorEntry(importLpNormalization),
	MeanVarianceNormalization: operatorEntry(importMeanVarianceNormalization, 9),
};
