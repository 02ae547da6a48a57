// The reference meaning of matmul nodes: batches with NumPy broadcasting, floats accumulated in float64.

import { assert, present } from "#shared/fault/assert.ts";
import type { MatmulNode } from "#shared/graph/graph.ts";
import type { OutputType } from "#shared/graph/interpret-elementwise.ts";
import { wrapValues } from "#shared/graph/interpret-elementwise.ts";
import { broadcastStrides, createStridedWalk, forEachRow } from "#shared/graph/strided-walk.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { ElementValues, TensorValues } from "#shared/tensor/tensor-values.ts";
import { allocateValues, numberValues } from "#shared/tensor/tensor-values.ts";

/** Rows of the right operand that stay in the second-level cache while every row of the left one passes by. */
const blockDepth = 64;
const blockColumns = 512;

/** Extents of one matrix product: left [m, k] by right [k, n]. */
interface Extents {
	readonly m: number;
	readonly k: number;
	readonly n: number;
}

export function evaluateMatmul(
	_node: MatmulNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const left = present(operands[0], "a matmul without its left operand");
	const right = present(operands[1], "a matmul without its right operand");
	const extents = {
		m: present(left.shape.at(-2), "the left operand of a matmul has rank 2 or more"),
		k: present(left.shape.at(-1), "the left operand of a matmul has rank 2 or more"),
		n: present(right.shape.at(-1), "the right operand of a matmul has rank 2 or more"),
	};
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const multiply = productFor(left, right, result, extents);
	const batches = output.shape.slice(0, -2);
	// One row of the walk is one product: a last axis of extent 1 keeps batches from merging into a row.
	const walk = createStridedWalk(
		batches,
		[left, right].map((operand) => broadcastStrides(operand.shape.slice(0, -2), batches)),
	);
	const { m, k, n } = extents;
	if (m * n === 0) return result;
	forEachRow({ ...walk, extents: [...walk.extents, 1] }, (batch, offsets) => {
		multiply((offsets[0] ?? 0) * m * k, (offsets[1] ?? 0) * k * n, batch * m * n);
	});
	return result instanceof Float64Array ? wrapValues(result, output.dataType) : result;
}

/** Adds one matrix product into the output, from three element offsets. */
type Multiply = (leftStart: number, rightStart: number, outputStart: number) => void;

function productFor(
	left: TensorValues,
	right: TensorValues,
	result: ElementValues,
	extents: Extents,
): Multiply {
	if (result instanceof Float64Array) {
		const [a, b] = [numberValues(left), numberValues(right)];
		if (isFloat(left.dataType)) return (i, j, o) => multiplyFloats(a, b, result, extents, i, j, o);
		return (i, j, o) => multiplyNarrowIntegers(a, b, result, extents, i, j, o);
	}
	const { values: a } = left;
	const { values: b } = right;
	assert(!(a instanceof Float64Array) && !(b instanceof Float64Array), "a matmul of mixed types");
	return (i, j, o) => multiplyBigInts(a, b, result, extents, i, j, o);
}

/** Four steps of the contraction at a time: one pass over an output row carries four multiply-adds an element. */
function multiplyFloats(
	left: Float64Array,
	right: Float64Array,
	output: Float64Array,
	{ m, k, n }: Extents,
	leftStart: number,
	rightStart: number,
	outputStart: number,
): void {
	for (let column = 0; column < n; column += blockColumns) {
		const width = Math.min(blockColumns, n - column);
		for (let depth = 0; depth < k; depth += blockDepth) {
			const depthEnd = Math.min(k, depth + blockDepth);
			for (let row = 0; row < m; row++) {
				const out = outputStart + row * n + column;
				let step = depth;
				for (; step + 4 <= depthEnd; step += 4) {
					const at = leftStart + row * k + step;
					addFourRows(left, at, right, rightStart + step * n + column, n, output, out, width);
				}
				for (; step < depthEnd; step++) {
					const factor = left[leftStart + row * k + step] ?? 0;
					const from = rightStart + step * n + column;
					for (let j = 0; j < width; j++) {
						output[out + j] = (output[out + j] ?? 0) + factor * (right[from + j] ?? 0);
					}
				}
			}
		}
	}
}

/** output row += four factors times four consecutive rows of the right operand, `pitch` apart. */
function addFourRows(
	left: Float64Array,
	at: number,
	right: Float64Array,
	from: number,
	pitch: number,
	output: Float64Array,
	out: number,
	width: number,
): void {
	const f0 = left[at] ?? 0;
	const f1 = left[at + 1] ?? 0;
	const f2 = left[at + 2] ?? 0;
	const f3 = left[at + 3] ?? 0;
	const from1 = from + pitch;
	const from2 = from1 + pitch;
	const from3 = from2 + pitch;
	for (let j = 0; j < width; j++) {
		output[out + j] =
			(output[out + j] ?? 0) +
			f0 * (right[from + j] ?? 0) +
			f1 * (right[from1 + j] ?? 0) +
			f2 * (right[from2 + j] ?? 0) +
			f3 * (right[from3 + j] ?? 0);
	}
}

/** Products modulo 2^32, which every narrower type's wrap-around divides. */
function multiplyNarrowIntegers(
	left: Float64Array,
	right: Float64Array,
	output: Float64Array,
	{ m, k, n }: Extents,
	leftStart: number,
	rightStart: number,
	outputStart: number,
): void {
	for (let row = 0; row < m; row++) {
		for (let column = 0; column < n; column++) {
			let sum = 0;
			for (let step = 0; step < k; step++) {
				const factor = left[leftStart + row * k + step] ?? 0;
				sum = (sum + Math.imul(factor, right[rightStart + step * n + column] ?? 0)) | 0;
			}
			output[outputStart + row * n + column] = sum;
		}
	}
}

function multiplyBigInts(
	left: BigInt64Array | BigUint64Array,
	right: BigInt64Array | BigUint64Array,
	output: BigInt64Array | BigUint64Array,
	{ m, k, n }: Extents,
	leftStart: number,
	rightStart: number,
	outputStart: number,
): void {
	for (let row = 0; row < m; row++) {
		for (let column = 0; column < n; column++) {
			let sum = 0n;
			for (let step = 0; step < k; step++) {
				sum += (left[leftStart + row * k + step] ?? 0n) * (right[rightStart + step * n + column] ?? 0n);
			}
			output[outputStart + row * n + column] = sum;
		}
	}
}
