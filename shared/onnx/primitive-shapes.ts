// Shapes and types of primitive results. Every function throws `model.shape_invalid` (or `.type_unsupported` for mixed
// types) when the operands do not fit the operator; nothing here allocates by extent.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { BinaryOperator, UnaryOperator } from "#shared/graph/graph.ts";
import { type DataType, isFloat } from "#shared/tensor/data-type.ts";
import { broadcastShapes, elementCount, type Shape } from "#shared/tensor/shape.ts";
import { briefList } from "./brief-text.ts";

export function shapeInvalid(message: string, details: Readonly<Record<string, unknown>> = {}): never {
	throw new OptimizeError("model.shape_invalid", message, details);
}

/** `[2, 3]` for messages. */
export function formatShape(shape: Shape): string {
	return briefList(shape);
}

const comparisons: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>([
	"equal",
	"less",
	"lessOrEqual",
	"greater",
	"greaterOrEqual",
]);
const logicals: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>(["and", "or", "xor"]);
const bitwises: ReadonlySet<BinaryOperator> = new Set<BinaryOperator>([
	"bitwiseAnd",
	"bitwiseOr",
	"bitwiseXor",
	"shiftLeft",
	"shiftRight",
]);
/** Unary operators that make sense on integers; all others want floats. */
const integerUnaries: ReadonlySet<UnaryOperator> = new Set<UnaryOperator>([
	"abs",
	"negate",
	"sign",
	"floor",
	"ceil",
	"roundHalfEven",
]);

export function unaryType(operator: UnaryOperator, input: DataType): DataType {
	if (operator === "not") return demand(input === "bool", operator, input, "bool");
	if (operator === "bitwiseNot") return demand(isInteger(input), operator, input, "an integer type");
	if (operator === "isNaN" || operator === "isInfinite") {
		demand(isFloat(input), operator, input, "a float type");
		return "bool";
	}
	if (integerUnaries.has(operator)) return demand(input !== "bool", operator, input, "a number type");
	return demand(isFloat(input), operator, input, "a float type");
}

export function binaryType(operator: BinaryOperator, left: DataType, right: DataType): DataType {
	if (left !== right) {
		throw new OptimizeError(
			"model.type_unsupported",
			`${operator} of ${left} and ${right}: both operands must have one type`,
			{ operator, left, right },
		);
	}
	if (comparisons.has(operator)) return "bool";
	if (logicals.has(operator)) return demand(left === "bool", operator, left, "bool");
	if (bitwises.has(operator)) return demand(isInteger(left), operator, left, "an integer type");
	return demand(left !== "bool", operator, left, "a number type");
}

function isInteger(dataType: DataType): boolean {
	return dataType !== "bool" && !isFloat(dataType);
}

function demand(holds: boolean, operator: string, found: DataType, expected: string): DataType {
	if (!holds) {
		throw new OptimizeError("model.type_unsupported", `${operator} of ${found}: expected ${expected}`, {
			operator,
			found,
			expected,
		});
	}
	return found;
}

export function broadcastOf(shapes: readonly Shape[]): Shape {
	let result: Shape = [];
	for (const shape of shapes) {
		const next = broadcastShapes(result, shape);
		if (next === null) {
			shapeInvalid(`shapes ${shapes.map(formatShape).join(" and ")} do not broadcast`);
		}
		result = next;
	}
	return result;
}

export function matmulShape(left: Shape, right: Shape): Shape {
	if (left.length < 2 || right.length < 2) {
		shapeInvalid(`matrix product of ${formatShape(left)} by ${formatShape(right)}: both need rank 2 or more`);
	}
	const [rows, innerLeft] = left.slice(-2) as [number, number];
	const [innerRight, columns] = right.slice(-2) as [number, number];
	if (innerLeft !== innerRight) {
		shapeInvalid(
			`matrix product of ${formatShape(left)} by ${formatShape(right)}: inner dimensions ${innerLeft} and ${innerRight} differ`,
			{ left, right },
		);
	}
	return [...broadcastOf([left.slice(0, -2), right.slice(0, -2)]), rows, columns];
}

/** `axes` non-negative and ascending. */
export function reduceShape(input: Shape, axes: readonly number[], keepDimensions: boolean): Shape {
	const reduced = new Set(axes);
	if (keepDimensions) return input.map((extent, axis) => (reduced.has(axis) ? 1 : extent));
	return input.filter((_, axis) => !reduced.has(axis));
}

export function checkReshape(input: Shape, output: Shape): void {
	checkExtents(output);
	if (elementCount(input) !== elementCount(output)) {
		shapeInvalid(
			`reshape of ${formatShape(input)} (${elementCount(input)} elements) to ${formatShape(output)} (${elementCount(output)} elements)`,
		);
	}
}

export function checkPermutation(permutation: readonly number[], rank: number): void {
	const seen = new Set(permutation);
	if (
		permutation.length !== rank ||
		seen.size !== rank ||
		!permutation.every((axis) => axis in permutation)
	) {
		shapeInvalid(`permutation ${briefList(permutation)} of a tensor of rank ${rank}`, { rank });
	}
}

export function checkBroadcast(input: Shape, output: Shape): void {
	checkExtents(output);
	const lead = output.length - input.length;
	const fits = lead >= 0 && input.every((extent, axis) => extent === 1 || extent === output[axis + lead]);
	if (!fits) shapeInvalid(`${formatShape(input)} does not broadcast to ${formatShape(output)}`);
}

export function concatShape(shapes: readonly Shape[], axis: number): Shape {
	const first = shapes[0] ?? shapeInvalid("concatenation of nothing");
	for (const shape of shapes) {
		if (shape.length !== first.length || shape.some((extent, at) => at !== axis && extent !== first[at])) {
			shapeInvalid(`concatenation on axis ${axis} of ${formatShape(first)} and ${formatShape(shape)}`, {
				axis,
			});
		}
	}
	const total = shapes.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0);
	return first.map((extent, at) => (at === axis ? total : extent));
}

/** Every element read lies inside the input. */
export function checkSlice(
	input: Shape,
	starts: readonly number[],
	sizes: readonly number[],
	steps: readonly number[],
): void {
	checkExtents(sizes);
	for (const [axis, extent] of input.entries()) {
		const [start, size, step] = [starts[axis] ?? 0, sizes[axis] ?? 0, steps[axis] ?? 0];
		const last = start + (size - 1) * step;
		const inside = size === 0 || (start >= 0 && start < extent && last >= 0 && last < extent);
		if (step === 0 || !inside) {
			shapeInvalid(`slice of axis ${axis} (extent ${extent}) from ${start}, ${size} elements, step ${step}`);
		}
	}
}

export function gatherShape(data: Shape, indices: Shape, axis: number): Shape {
	return [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)];
}

export function gatherElementsShape(data: Shape, indices: Shape, axis: number): Shape {
	const fits =
		data.length === indices.length && indices.every((extent, at) => at === axis || extent <= (data[at] ?? 0));
	if (!fits) {
		shapeInvalid(`GatherElements of ${formatShape(data)} by ${formatShape(indices)} on axis ${axis}`);
	}
	return indices;
}

export function gatherNdShape(data: Shape, indices: Shape, batchAxes: number): Shape {
	const depth = indices.at(-1) ?? shapeInvalid("GatherND indices must have rank 1 or more");
	const fits =
		batchAxes < indices.length &&
		batchAxes + depth <= data.length &&
		data.slice(0, batchAxes).every((extent, axis) => extent === indices[axis]);
	if (!fits) {
		shapeInvalid(`GatherND of ${formatShape(data)} by ${formatShape(indices)} with ${batchAxes} batch axes`);
	}
	return [...indices.slice(0, -1), ...data.slice(batchAxes + depth)];
}

/** Extents are integers, 0 or more. */
export function checkExtents(shape: Shape): void {
	if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
		shapeInvalid(`extents ${formatShape(shape)}: expected integers, 0 or more`);
	}
}
