// The reference meaning of the nodes that only move elements: reshape, transpose, broadcast, concat, slice, pad.

import { assert, present } from "#shared/fault/assert.ts";
import type {
	BroadcastNode,
	ConcatNode,
	PadNode,
	ReshapeNode,
	SliceNode,
	TransposeNode,
} from "#shared/graph/graph.ts";
import type { OutputType } from "#shared/graph/interpret-elementwise.ts";
import { asCopyable } from "#shared/graph/interpret-elementwise.ts";
import {
	broadcastStrides,
	createStridedWalk,
	forEachRow,
	rowExtent,
	rowStride,
} from "#shared/graph/strided-walk.ts";
import { elementCount, rowMajorStrides } from "#shared/tensor/shape.ts";
import type { ElementValues, TensorValues } from "#shared/tensor/tensor-values.ts";
import { allocateValues } from "#shared/tensor/tensor-values.ts";

export function evaluateReshape(_node: ReshapeNode, operands: readonly TensorValues[]): ElementValues {
	return only(operands).values;
}

export function evaluateTranspose(
	node: TransposeNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const input = only(operands);
	const strides = rowMajorStrides(input.shape);
	return readStrided(
		input,
		node.permutation.map((axis) => strides[axis] ?? 0),
		0,
		output,
	);
}

export function evaluateBroadcast(
	_node: BroadcastNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const input = only(operands);
	return readStrided(input, broadcastStrides(input.shape, output.shape), 0, output);
}

export function evaluateSlice(
	node: SliceNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const input = only(operands);
	const strides = rowMajorStrides(input.shape);
	let start = 0;
	node.starts.forEach((position, axis) => {
		start += position * (strides[axis] ?? 0);
	});
	return readStrided(
		input,
		node.steps.map((step, axis) => step * (strides[axis] ?? 0)),
		start,
		output,
	);
}

/** Reads the whole output through one stride an axis. */
function readStrided(
	input: TensorValues,
	strides: readonly number[],
	start: number,
	output: OutputType,
): ElementValues {
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const target = asCopyable(result);
	const source = asCopyable(input.values);
	const walk = createStridedWalk(output.shape, [strides], [start]);
	const extent = rowExtent(walk);
	const stride = rowStride(walk, 0);
	forEachRow(walk, (base, offsets) => {
		const from = offsets[0] ?? 0;
		if (stride === 1) target.set(source.subarray(from, from + extent), base);
		else
			for (let step = 0; step < extent; step++) target[base + step] = source[from + step * stride] as number;
	});
	return result;
}

export function evaluateConcat(
	node: ConcatNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const target = asCopyable(result);
	const outer = elementCount(output.shape.slice(0, node.axis));
	const pitch = elementCount(output.shape.slice(node.axis));
	let start = 0;
	for (const operand of operands) {
		const source = asCopyable(operand.values);
		const chunk = elementCount(operand.shape.slice(node.axis));
		for (let block = 0; block < outer; block++) {
			target.set(source.subarray(block * chunk, (block + 1) * chunk), block * pitch + start);
		}
		start += chunk;
	}
	return result;
}

export function evaluatePad(
	node: PadNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const input = present(operands[0], "a pad without its operand");
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const target = asCopyable(result);
	const source = asCopyable(input.values);
	const fill = operands[1];
	if (fill !== undefined) target.fill(asCopyable(fill.values)[0] as number);
	const sources = output.shape.map((extent, axis) => {
		const before = node.before[axis] ?? 0;
		const own = input.shape[axis] ?? 1;
		return Int32Array.from({ length: extent }, (_, index) => paddedIndex[node.mode](index - before, own));
	});
	const inputStrides = rowMajorStrides(input.shape);
	const copy = (axis: number, from: number, to: number): void => {
		if (axis === output.shape.length) {
			target[to] = source[from] as number;
			return;
		}
		const pitch = elementCount(output.shape.slice(axis + 1));
		sources[axis]?.forEach((position, index) => {
			if (position >= 0) copy(axis + 1, from + position * (inputStrides[axis] ?? 0), to + index * pitch);
		});
	};
	copy(0, 0, 0);
	return result;
}

/** The element of an axis of `extent` that position `index` (negative or beyond the end in the padding) reads; -1: fill. */
const paddedIndex: Readonly<Record<PadNode["mode"], (index: number, extent: number) => number>> = {
	constant: (index, extent) => (index >= 0 && index < extent ? index : -1),
	edge: (index, extent) => Math.min(Math.max(index, 0), extent - 1),
	wrap: (index, extent) => (extent === 0 ? -1 : ((index % extent) + extent) % extent),
	reflect: (index, extent) => {
		if (extent <= 1) return extent - 1;
		const period = 2 * (extent - 1);
		const folded = ((index % period) + period) % period;
		return folded < extent ? folded : period - folded;
	},
};

function only(operands: readonly TensorValues[]): TensorValues {
	const input = operands[0];
	assert(input !== undefined && operands.length === 1, "a movement has one operand");
	return input;
}
