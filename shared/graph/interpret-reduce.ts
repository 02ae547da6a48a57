// The reference meaning of reduce and cumulativeSum nodes. An empty reduction gives the operator's neutral element:
// 0, 1, and for max and min the type's smallest and largest value (an infinity for floats).

import { assert, present } from "#shared/fault/assert.ts";
import type { BinaryOperator, CumulativeSumNode, ReduceNode, ReduceOperator } from "#shared/graph/graph.ts";
import type { OutputType } from "#shared/graph/interpret-elementwise.ts";
import { numberBinaryFor } from "#shared/graph/interpret-elementwise.ts";
import { bigIntBinary } from "#shared/graph/scalar-operators.ts";
import { createStridedWalk, forEachRow, rowExtent, rowStride } from "#shared/graph/strided-walk.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { wrapInteger } from "#shared/tensor/integer-wrap.ts";
import { elementCount, rowMajorStrides } from "#shared/tensor/shape.ts";
import type { ElementValues, TensorValues } from "#shared/tensor/tensor-values.ts";
import { allocateValues } from "#shared/tensor/tensor-values.ts";

const stepOperator: Readonly<Record<ReduceOperator, BinaryOperator>> = {
	sum: "add",
	product: "multiply",
	max: "maximum",
	min: "minimum",
};

export function evaluateReduce(
	node: ReduceNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const input = present(operands[0], "a reduction without its operand");
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const keptShape = input.shape.map((extent, axis) => (node.axes.includes(axis) ? 1 : extent));
	const outputStrides = rowMajorStrides(keptShape).map((stride, axis) =>
		node.axes.includes(axis) ? 0 : stride,
	);
	const walk = createStridedWalk(input.shape, [outputStrides]);
	const extent = rowExtent(walk);
	const stride = rowStride(walk, 0);
	const { values } = input;
	if (values instanceof Float64Array && result instanceof Float64Array) {
		const combine = numberCombine(node.operator, input.dataType);
		result.fill(neutralNumber(node.operator, input.dataType));
		forEachRow(walk, (base, offsets) => {
			reduceRow(combine, values, base, extent, result, offsets[0] ?? 0, stride);
		});
		return result;
	}
	assert(
		!(values instanceof Float64Array) && !(result instanceof Float64Array),
		"a reduction keeps its type",
	);
	const combine = present(bigIntBinary[stepOperator[node.operator]], "reductions exist on 64-bit integers");
	result.fill(neutralBigInt(node.operator, input.dataType));
	forEachRow(walk, (base, offsets) => {
		let out = offsets[0] ?? 0;
		for (let index = base; index < base + extent; index++) {
			result[out] = combine(result[out] ?? 0n, values[index] ?? 0n);
			out += stride;
		}
	});
	return result;
}

/** Folds one row of the input into the output: into one element when `stride` is 0, else element by element. */
function reduceRow(
	combine: (a: number, b: number) => number,
	values: Float64Array,
	base: number,
	extent: number,
	result: Float64Array,
	start: number,
	stride: number,
): void {
	if (stride === 0) {
		let folded = result[start] ?? 0;
		for (let index = base; index < base + extent; index++) folded = combine(folded, values[index] ?? 0);
		result[start] = folded;
		return;
	}
	let out = start;
	for (let index = base; index < base + extent; index++) {
		result[out] = combine(result[out] ?? 0, values[index] ?? 0);
		out += stride;
	}
}

/** One step of a fold; narrow integers wrap at every step, bool saturates (sum and max are or, product and min and). */
function numberCombine(operator: ReduceOperator, dataType: DataType): (a: number, b: number) => number {
	const step = numberBinaryFor(stepOperator[operator], dataType);
	if (isFloat(dataType)) return step;
	assert(dataType !== "int64" && dataType !== "uint64", "64-bit integers are held as bigints");
	const wrap = wrapInteger[dataType];
	return (a, b) => wrap(step(a, b));
}

const integerRange: Readonly<Record<Exclude<DataType, FloatType>, readonly [bigint, bigint]>> = {
	int8: [-(2n ** 7n), 2n ** 7n - 1n],
	int16: [-(2n ** 15n), 2n ** 15n - 1n],
	int32: [-(2n ** 31n), 2n ** 31n - 1n],
	int64: [-(2n ** 63n), 2n ** 63n - 1n],
	uint8: [0n, 2n ** 8n - 1n],
	uint16: [0n, 2n ** 16n - 1n],
	uint32: [0n, 2n ** 32n - 1n],
	uint64: [0n, 2n ** 64n - 1n],
	bool: [0n, 1n],
};

type FloatType = "float32" | "float16" | "bfloat16" | "float64";

function neutralBigInt(operator: ReduceOperator, dataType: DataType): bigint {
	if (operator === "sum") return 0n;
	if (operator === "product") return 1n;
	assert(dataType in integerRange, `${dataType} is not an integer type`);
	const [lowest, highest] = integerRange[dataType as Exclude<DataType, FloatType>];
	return operator === "max" ? lowest : highest;
}

function neutralNumber(operator: ReduceOperator, dataType: DataType): number {
	if (!isFloat(dataType)) return Number(neutralBigInt(operator, dataType));
	const neutral = { sum: 0, product: 1, max: Number.NEGATIVE_INFINITY, min: Number.POSITIVE_INFINITY };
	return neutral[operator];
}

export function evaluateCumulativeSum(
	node: CumulativeSumNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const input = present(operands[0], "a cumulative sum without its operand");
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const extent = input.shape[node.axis] ?? 1;
	const stride = elementCount(input.shape.slice(node.axis + 1));
	const outer = elementCount(input.shape.slice(0, node.axis));
	const scan = scanFor(input, result, node.exclusive);
	for (let block = 0; block < outer; block++) {
		for (let lane = 0; lane < stride; lane++) {
			const first = block * extent * stride + lane;
			if (node.reverse) scan(first + (extent - 1) * stride, -stride, extent);
			else scan(first, stride, extent);
		}
	}
	return result;
}

/** Scans `count` elements from `first`, `stride` apart. */
type Scan = (first: number, stride: number, count: number) => void;

function scanFor(input: TensorValues, result: ElementValues, exclusive: boolean): Scan {
	const { values } = input;
	if (values instanceof Float64Array && result instanceof Float64Array) {
		const add = numberCombine("sum", input.dataType);
		return (first, stride, count) => {
			let sum = 0;
			for (let step = 0, at = first; step < count; step++, at += stride) {
				const next = add(sum, values[at] ?? 0);
				result[at] = exclusive ? sum : next;
				sum = next;
			}
		};
	}
	assert(!(values instanceof Float64Array) && !(result instanceof Float64Array), "a scan keeps its type");
	return (first, stride, count) => {
		let sum = 0n;
		for (let step = 0, at = first; step < count; step++, at += stride) {
			const next = sum + (values[at] ?? 0n);
			result[at] = exclusive ? sum : next;
			sum = next;
		}
	};
}
