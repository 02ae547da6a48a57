// Axis attributes: ONNX lets them count from the end.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { briefList } from "./brief-text.ts";

/** The axis in [0, rank), from one in [-rank, rank). Throws `model.op_attribute_invalid` outside. */
export function normalizeAxis(axis: number, rank: number): number {
	if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
		throw new OptimizeError(
			"model.op_attribute_invalid",
			`axis ${axis} is outside [${-rank}, ${rank - 1}], the axes of a tensor of rank ${rank}`,
			{ axis, rank },
		);
	}
	return axis < 0 ? axis + rank : axis;
}

/** Axes in [0, rank), ascending. Throws `model.op_attribute_invalid` for one outside or named twice. */
export function normalizeAxes(axes: readonly number[], rank: number): number[] {
	const normalized = axes.map((axis) => normalizeAxis(axis, rank)).sort((a, b) => a - b);
	const twice = normalized.find((axis, index) => index > 0 && axis === normalized[index - 1]);
	if (twice !== undefined) {
		throw new OptimizeError(
			"model.op_attribute_invalid",
			`axis ${twice} is named twice in ${briefList(axes)}`,
			{
				axis: twice,
				rank,
			},
		);
	}
	return normalized;
}
