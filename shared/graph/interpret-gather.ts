// The reference meaning of gather, gatherElements and gatherNd nodes. Negative indices count from the end; an index
// outside the axis is the caller's fault.

import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { GatherElementsNode, GatherNdNode, GatherNode } from "#shared/graph/graph.ts";
import type { OutputType } from "#shared/graph/interpret-elementwise.ts";
import { asCopyable } from "#shared/graph/interpret-elementwise.ts";
import { elementCount, rowMajorStrides } from "#shared/tensor/shape.ts";
import type { ElementValues, TensorValues } from "#shared/tensor/tensor-values.ts";
import { allocateValues, toNumbers } from "#shared/tensor/tensor-values.ts";

export function evaluateGather(
	node: GatherNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const [data, indices] = dataAndIndices(operands);
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const target = asCopyable(result);
	const source = asCopyable(data.values);
	const extent = data.shape[node.axis] ?? 1;
	const chunk = elementCount(data.shape.slice(node.axis + 1));
	const outer = elementCount(data.shape.slice(0, node.axis));
	const positions = toNumbers(indices.values).map((index) => resolveIndex(index, extent, "Gather"));
	let to = 0;
	for (let block = 0; block < outer; block++) {
		for (const position of positions) {
			const from = (block * extent + position) * chunk;
			target.set(source.subarray(from, from + chunk), to);
			to += chunk;
		}
	}
	return result;
}

export function evaluateGatherElements(
	node: GatherElementsNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const [data, indices] = dataAndIndices(operands);
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const target = asCopyable(result);
	const source = asCopyable(data.values);
	const positions = toNumbers(indices.values);
	const strides = rowMajorStrides(data.shape);
	const outputStrides = rowMajorStrides(output.shape);
	const extent = data.shape[node.axis] ?? 1;
	for (let to = 0; to < target.length; to++) {
		let from = 0;
		for (let axis = 0; axis < output.shape.length; axis++) {
			const position = Math.floor(to / (outputStrides[axis] ?? 1)) % (output.shape[axis] ?? 1);
			const taken =
				axis === node.axis ? resolveIndex(positions[to] ?? 0, extent, "GatherElements") : position;
			from += taken * (strides[axis] ?? 0);
		}
		target[to] = source[from] as number;
	}
	return result;
}

export function evaluateGatherNd(
	node: GatherNdNode,
	operands: readonly TensorValues[],
	output: OutputType,
): ElementValues {
	const [data, indices] = dataAndIndices(operands);
	const result = allocateValues(output.dataType, elementCount(output.shape));
	const target = asCopyable(result);
	const source = asCopyable(data.values);
	const positions = toNumbers(indices.values);
	const depth = present(indices.shape.at(-1), "the indices of GatherND have rank 1 or more");
	const chunk = elementCount(data.shape.slice(node.batchAxes + depth));
	const batches = elementCount(data.shape.slice(0, node.batchAxes));
	const batchPitch = elementCount(data.shape.slice(node.batchAxes));
	const strides = rowMajorStrides(data.shape);
	const tuples = elementCount(indices.shape.slice(0, -1));
	for (let tuple = 0; tuple < tuples; tuple++) {
		let from = Math.floor(tuple / (tuples / batches)) * batchPitch;
		for (let level = 0; level < depth; level++) {
			const axis = node.batchAxes + level;
			const index = resolveIndex(positions[tuple * depth + level] ?? 0, data.shape[axis] ?? 1, "GatherND");
			from += index * (strides[axis] ?? 0);
		}
		target.set(source.subarray(from, from + chunk), tuple * chunk);
	}
	return result;
}

function dataAndIndices(operands: readonly TensorValues[]): readonly [TensorValues, TensorValues] {
	return [
		present(operands[0], "a gather without its data"),
		present(operands[1], "a gather without its indices"),
	];
}

function resolveIndex(index: number, extent: number, operator: string): number {
	if (!(index >= -extent && index < extent)) {
		throw new OptimizeError(
			"request.invalid",
			`${operator}: index ${index} is outside an axis of extent ${extent}; expected ${-extent} to ${extent - 1}`,
			{ operator, found: index, extent },
		);
	}
	return index < 0 ? index + extent : index;
}
