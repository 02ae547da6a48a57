// Operators that pick elements: slices and gathers by index, triangles.

import type { ValueId } from "#shared/graph/graph.ts";
import { normalizeAxis } from "../axes.ts";
import type { NodeContext, OperatorEntry } from "../node-context.ts";
import { operatorEntry as entry } from "./operator-entry.ts";
import { staticNumbers } from "./static-operand.ts";

/** Attributes below opset 10, operands from there on. Bounds are clamped, as Python does. */
function importSlice(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const shape = build.shapeOf(x);
	const given = sliceBounds(context, shape.length);
	const starts = shape.map(() => 0);
	const sizes = [...shape];
	const steps = shape.map(() => 1);
	for (const [position, axis] of given.axes.entries()) {
		const step = given.steps[position] ?? 1;
		const first = given.starts[position];
		const end = given.ends[position];
		if (step === 0 || first === undefined || end === undefined) {
			context.refuse("model.op_attribute_invalid", `axis ${axis}: start ${first}, end ${end}, step ${step}`);
		}
		const range = clampRange(first, end, step, shape[axis] ?? 0);
		starts[axis] = range.start;
		sizes[axis] = range.count;
		steps[axis] = step;
	}
	context.output(0, build.slice(x, starts, sizes, steps));
}

interface SliceBounds {
	readonly starts: readonly number[];
	readonly ends: readonly number[];
	readonly axes: readonly number[];
	readonly steps: readonly number[];
}

function sliceBounds(context: NodeContext, rank: number): SliceBounds {
	const operand = (index: number, name: string): readonly number[] | null => {
		const value = context.optionalInput(index);
		return value === null ? null : staticNumbers(context, value, name);
	};
	const isOperand = context.opset >= 10;
	const starts = isOperand
		? staticNumbers(context, context.input(1), "starts")
		: context.attributeInts("starts");
	const ends = isOperand ? staticNumbers(context, context.input(2), "ends") : context.attributeInts("ends");
	const axesWritten = context.hasAttribute("axes") ? context.attributeInts("axes") : null;
	const axes = (isOperand ? operand(3, "axes") : axesWritten) ?? [...starts.keys()];
	const steps = (isOperand ? operand(4, "steps") : null) ?? starts.map(() => 1);
	const normalized = axes.map((axis) => normalizeAxis(axis, rank));
	const lengths = new Set([starts.length, ends.length, axes.length, steps.length]);
	if (lengths.size > 1 || new Set(normalized).size < axes.length) {
		context.refuse(
			"model.op_attribute_invalid",
			`${starts.length} starts, ${ends.length} ends, ${steps.length} steps for axes [${axes.join(", ")}]`,
		);
	}
	return { starts, ends, axes: normalized, steps };
}

function clampRange(
	start: number,
	end: number,
	step: number,
	extent: number,
): { readonly start: number; readonly count: number } {
	const fromEnd = (at: number): number => (at < 0 ? at + extent : at);
	const clamp = (at: number, low: number, high: number): number => Math.min(Math.max(at, low), high);
	const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
	const first = clamp(fromEnd(start), Math.max(low, step > 0 ? 0 : -1), high);
	const last = clamp(fromEnd(end), low, high);
	const count = Math.max(0, Math.ceil((last - first) / step));
	return { start: count === 0 ? 0 : first, count };
}

function importGather(context: NodeContext): void {
	const axis = context.attributeInt("axis", 0);
	context.output(0, context.build.gather(context.input(0), integerOperand(context, 1), axis));
}

function importGatherElements(context: NodeContext): void {
	const axis = context.attributeInt("axis", 0);
	context.output(0, context.build.gatherElements(context.input(0), integerOperand(context, 1), axis));
}

function importGatherNd(context: NodeContext): void {
	const batchAxes = context.attributeInt("batch_dims", 0);
	if (batchAxes < 0)
		context.refuse("model.op_attribute_invalid", `batch_dims ${batchAxes}: expected 0 or more`);
	context.output(0, context.build.gatherNd(context.input(0), integerOperand(context, 1), batchAxes));
}

function integerOperand(context: NodeContext, index: number): ValueId {
	const value = context.input(index);
	const dataType = context.build.dataTypeOf(value);
	if (dataType !== "int32" && dataType !== "int64") {
		context.refuse("model.type_unsupported", `indices of type ${dataType}, expected int32 or int64`);
	}
	return value;
}

/** Keeps x[.., i, j] where j - i >= k (upper) or j - i <= k (lower), and 0 elsewhere. */
function importTrilu(context: NodeContext): void {
	const { build } = context;
	const x = context.input(0);
	const shape = build.shapeOf(x);
	const [rows, columns] = [shape.at(-2), shape.at(-1)];
	if (rows === undefined || columns === undefined) {
		context.refuse("model.shape_invalid", `expected rank 2 or more, found ${shape.length}`);
	}
	const offset = context.optionalInput(1);
	const diagonal = offset === null ? build.scalar(0, "int64") : build.reshape(offset, []);
	const row = build.positions(rows);
	const column = build.positions(columns);
	const border = build.binary("add", build.reshape(row, [rows, 1]), diagonal);
	const comparison = context.attributeInt("upper", 1) === 0 ? "lessOrEqual" : "greaterOrEqual";
	const kept = build.binary(comparison, column, border);
	context.output(0, build.select(kept, x, build.scalar(0, build.dataTypeOf(x))));
}

/** [.., depth, ..] with values[1] where the position on the new axis is the index (or the index from the end), else values[0]. */
function importOneHot(context: NodeContext): void {
	const { build } = context;
	const indices = build.cast(context.input(0), "int64");
	const shape = build.shapeOf(indices);
	const depth = Math.trunc(staticNumbers(context, context.input(1), "depth")[0] ?? 0);
	if (depth < 1)
		context.refuse("model.op_attribute_invalid", `depth ${depth}: expected 1 or more`, { depth });
	const axis = normalizeAxis(context.attributeInt("axis", -1), shape.length + 1);
	const position = build.reshape(build.positions(depth), [depth, ...shape.slice(axis).map(() => 1)]);
	const index = build.reshape(indices, shape.toSpliced(axis, 0, 1));
	const fromEnd = build.binary("add", index, build.scalar(depth, "int64"));
	const hit = build.binary(
		"or",
		build.binary("equal", index, position),
		build.binary("equal", fromEnd, position),
	);
	const value = (at: number) => build.reshape(build.slice(context.input(2), [at], [1], [1]), []);
	context.output(0, build.select(hit, value(1), value(0)));
}

const runTimeShape = "Operands that decide the result's shape must be known at import.";

export const indexingOperators: Readonly<Record<string, OperatorEntry>> = {
	Slice: entry(importSlice, 7, runTimeShape),
	Gather: entry(importGather),
	GatherElements: entry(importGatherElements, 11),
	GatherND: entry(importGatherNd, 11),
	Trilu: entry(importTrilu, 14),
	OneHot: entry(importOneHot, 9, "The depth must be known at import."),
};
