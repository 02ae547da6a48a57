// The reference meaning of unary, binary and select nodes.

import { assert, present } from "#shared/fault/assert.ts";
import type { BinaryNode, BinaryOperator, SelectNode, UnaryNode } from "#shared/graph/graph.ts";
import type { NumberBinary } from "#shared/graph/scalar-operators.ts";
import {
	bigIntBinary,
	bigIntComparison,
	bigIntUnary,
	narrowIntegerBinary,
	numberBinary,
	numberUnary,
} from "#shared/graph/scalar-operators.ts";
import type { StridedWalk } from "#shared/graph/strided-walk.ts";
import {
	broadcastStrides,
	createStridedWalk,
	forEachRow,
	rowExtent,
	rowStride,
} from "#shared/graph/strided-walk.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { wrapInteger } from "#shared/tensor/integer-wrap.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { ElementValues, TensorValues } from "#shared/tensor/tensor-values.ts";
import { allocateValues, numberValues, toNumbers } from "#shared/tensor/tensor-values.ts";

/** What a node must make. */
export interface OutputType {
	readonly dataType: DataType;
	readonly shape: Shape;
}

export function evaluateUnary(
	node: UnaryNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const input = present(operands[0], "a unary node without its operand");
	if (!(input.values instanceof Float64Array)) return evaluateBigIntUnary(node, input.values);
	const apply = numberUnary[node.operator];
	const source = input.values;
	const result = new Float64Array(source.length);
	for (let index = 0; index < source.length; index++) result[index] = apply(source[index] ?? 0);
	return wrapValues(result, output.dataType);
}

function evaluateBigIntUnary(node: UnaryNode, source: BigInt64Array | BigUint64Array): ElementValues {
	const apply = present(bigIntUnary[node.operator], `${node.operator} is not defined on 64-bit integers`);
	const result = new (source instanceof BigInt64Array ? BigInt64Array : BigUint64Array)(source.length);
	for (let index = 0; index < source.length; index++) result[index] = apply(source[index] ?? 0n);
	return result;
}

export function evaluateBinary(
	node: BinaryNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const left = present(operands[0], "a binary node without its left operand");
	const right = present(operands[1], "a binary node without its right operand");
	const walk = createStridedWalk(output.shape, [
		broadcastStrides(left.shape, output.shape),
		broadcastStrides(right.shape, output.shape),
	]);
	if (!(left.values instanceof Float64Array)) return evaluateBigIntBinary(node, left, right, walk, output);
	const result = new Float64Array(elementCount(output.shape));
	const apply = numberBinaryFor(node.operator, left.dataType);
	applyNumbers(apply, left.values, numberValues(right), walk, result);
	return wrapValues(result, output.dataType);
}

/** The function of a binary operator on elements of a type that is held as float64; integers still need wrapping. */
export function numberBinaryFor(operator: BinaryOperator, dataType: DataType): NumberBinary {
	if (isFloat(dataType) || dataType === "bool") return numberBinary[operator];
	return narrowIntegerBinary[operator] ?? numberBinary[operator];
}

/** Wraps freshly computed values to their type, in place; floats are returned untouched. */
export function wrapValues(values: Float64Array, dataType: DataType): Float64Array {
	assert(dataType !== "int64" && dataType !== "uint64", `${dataType} values are held as bigints`);
	if (isFloat(dataType)) return values;
	const wrap = wrapInteger[dataType];
	for (let index = 0; index < values.length; index++) values[index] = wrap(values[index] ?? 0);
	return values;
}

function applyNumbers(
	apply: NumberBinary,
	left: Float64Array,
	right: Float64Array,
	walk: StridedWalk,
	result: Float64Array,
): void {
	const extent = rowExtent(walk);
	const leftStride = rowStride(walk, 0);
	const rightStride = rowStride(walk, 1);
	forEachRow(walk, (base, offsets) => {
		let l = offsets[0] ?? 0;
		let r = offsets[1] ?? 0;
		for (let index = base; index < base + extent; index++) {
			result[index] = apply(left[l] ?? 0, right[r] ?? 0);
			l += leftStride;
			r += rightStride;
		}
	});
}

function evaluateBigIntBinary(
	node: BinaryNode,
	left: TensorValues,
	right: TensorValues,
	walk: StridedWalk,
	output: OutputType,
): ElementValues {
	const { values: a } = left;
	const { values: b } = right;
	assert(
		!(a instanceof Float64Array) && !(b instanceof Float64Array),
		`${node.operator} of ${left.dataType} and ${right.dataType}`,
	);
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const put = bigIntStore(node, result, a, b);
	const extent = rowExtent(walk);
	forEachRow(walk, (base, offsets) => {
		for (let step = 0; step < extent; step++) {
			put(
				base + step,
				(offsets[0] ?? 0) + step * rowStride(walk, 0),
				(offsets[1] ?? 0) + step * rowStride(walk, 1),
			);
		}
	});
	return result;
}

type BigIntValues = BigInt64Array | BigUint64Array;
type StoreElement = (index: number, leftIndex: number, rightIndex: number) => void;

/** Stores one element of a binary node over 64-bit integers: a comparison into float64, the rest into bigints. */
function bigIntStore(
	node: BinaryNode,
	result: ElementValues,
	a: BigIntValues,
	b: BigIntValues,
): StoreElement {
	if (result instanceof Float64Array) {
		const compare = present(bigIntComparison[node.operator], `${node.operator} does not give a bool`);
		return (index, left, right) => {
			result[index] = compare(a[left] ?? 0n, b[right] ?? 0n);
		};
	}
	const apply = present(bigIntBinary[node.operator], `${node.operator} is not defined on 64-bit integers`);
	return (index, left, right) => {
		result[index] = apply(a[left] ?? 0n, b[right] ?? 0n);
	};
}

export function evaluateSelect(
	_node: SelectNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const [condition, whenTrue, whenFalse] = operands;
	assert(
		condition !== undefined && whenTrue !== undefined && whenFalse !== undefined,
		"a select node has three operands",
	);
	const walk = createStridedWalk(
		output.shape,
		[condition, whenTrue, whenFalse].map((operand) => broadcastStrides(operand.shape, output.shape)),
	);
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const target = asCopyable(result);
	const chosen = toNumbers(condition.values);
	const [yes, no] = [asCopyable(whenTrue.values), asCopyable(whenFalse.values)];
	const extent = rowExtent(walk);
	const strides = [rowStride(walk, 0), rowStride(walk, 1), rowStride(walk, 2)] as const;
	forEachRow(walk, (base, offsets) => {
		for (let step = 0; step < extent; step++) {
			const takes = chosen[(offsets[0] ?? 0) + step * strides[0]] !== 0;
			const from = takes
				? yes[(offsets[1] ?? 0) + step * strides[1]]
				: no[(offsets[2] ?? 0) + step * strides[2]];
			target[base + step] = from as number;
		}
	});
	return result;
}

/**
 * Typed for copying: elements move between two arrays of one class (both float64 or both bigint) and are never computed
 * with, so that the compiler may take bigints for numbers here.
 */
export function asCopyable(values: ElementValues): Float64Array {
	return values as Float64Array;
}
