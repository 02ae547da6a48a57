// Operators without operands that are computed: constants, ranges, identity matrices.

import type { DataType } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { dataTypeOfCode, elementTypeName } from "../element-type.ts";
import type { NodeContext, OperatorEntry } from "../node-context.ts";
import { isWeight } from "../weights.ts";
import { operatorEntry as entry } from "./operator-entry.ts";
import { staticNumbers } from "./static-operand.ts";

/** Elements that a Range may write out: 32 MiB of int64. */
const rangeElementsMax = 2 ** 22;

function importConstant(context: NodeContext): void {
	const data = constantData(context);
	const { build } = context;
	const name = context.node.name;
	context.output(0, isWeight(data.dataType, data.shape) ? build.weight(data, name) : build.constant(data));
}

function constantData(context: NodeContext): TensorData {
	if (context.hasAttribute("value_float")) {
		return writeElements("float32", [], [context.attributeFloat("value_float")]);
	}
	if (context.hasAttribute("value_int"))
		return writeElements("int64", [], [context.attributeInt("value_int")]);
	if (context.hasAttribute("value_floats")) {
		const values = context.attributeFloats("value_floats");
		return writeElements("float32", [values.length], values);
	}
	if (context.hasAttribute("value_ints")) {
		const values = context.attributeInts("value_ints");
		return writeElements("int64", [values.length], values);
	}
	for (const form of ["value_string", "value_strings", "sparse_value"]) {
		if (context.hasAttribute(form)) {
			context.refuse(
				"model.op_attribute_unsupported",
				`attribute '${form}', supported: dense tensors of numbers`,
			);
		}
	}
	return (
		context.attributeTensor("value") ?? context.refuse("model.op_attribute_invalid", "no value is given")
	);
}

function importConstantOfShape(context: NodeContext): void {
	const { build } = context;
	const shape = staticNumbers(context, context.input(0), "shape");
	const value = context.attributeTensor("value") ?? writeElements("float32", [1], [0]);
	context.output(0, build.broadcast(build.reshape(build.constant(value), []), shape));
}

function importRange(context: NodeContext): void {
	const { build } = context;
	const [start, limit, step] = ["start", "limit", "delta"].map((what, index) => {
		return staticNumbers(context, context.input(index), what)[0] ?? Number.NaN;
	}) as [number, number, number];
	const count = Math.max(0, Math.ceil((limit - start) / step));
	if (!Number.isFinite(step) || step === 0 || !Number.isFinite(count)) {
		context.refuse("model.op_attribute_invalid", `a range from ${start} to ${limit} by ${step}`, {
			start,
			limit,
			delta: step,
		});
	}
	if (count > rangeElementsMax) {
		context.refuse("model.limits_exceeded", `a range of ${count} elements: at most ${rangeElementsMax}`, {
			count,
			limit: rangeElementsMax,
		});
	}
	const elements = Float64Array.from({ length: count }, (_, index) => start + index * step);
	context.output(0, build.constant(writeElements(build.dataTypeOf(context.input(0)), [count], elements)));
}

/** Ones on diagonal k of a matrix of the operand's shape, zeros elsewhere. */
function importEyeLike(context: NodeContext): void {
	const { build } = context;
	const [rows, columns, ...more] = build.shapeOf(context.input(0));
	if (rows === undefined || columns === undefined || more.length > 0) {
		context.refuse("model.shape_invalid", "expected an operand of rank 2");
	}
	const row = build.positions(rows);
	const column = build.positions(columns);
	const diagonal = build.scalar(context.attributeInt("k", 0), "int64");
	const border = build.binary("add", build.reshape(row, [rows, 1]), diagonal);
	context.output(0, build.cast(build.binary("equal", column, border), eyeType(context)));
}

function eyeType(context: NodeContext): DataType {
	if (!context.hasAttribute("dtype")) return context.build.dataTypeOf(context.input(0));
	const code = context.attributeInt("dtype");
	return (
		dataTypeOfCode(code) ??
		context.refuse("model.type_unsupported", `elements of type ${elementTypeName(code)}`)
	);
}

export const constantOperators: Readonly<Record<string, OperatorEntry>> = {
	Constant: entry(importConstant, 7, "Not strings, nor sparse tensors."),
	ConstantOfShape: entry(importConstantOfShape, 9, "The shape must be known at import."),
	Range: entry(importRange, 11, "Start, limit and step must be known at import."),
	EyeLike: entry(importEyeLike, 9),
};
