// One element of a gather whose index is a choice: the sum over its cases of the element that each of them names.

import type { GatherElementsNode, GatherNdNode, GatherNode } from "#shared/graph/graph.ts";
import type { FieldElement } from "#shared/numeric/field-operators.ts";
import { elementCount, rowMajorStrides } from "#shared/tensor/shape.ts";
import { writeChosen } from "./field-choice.ts";
import type { FieldRun, FieldTensor } from "./field-tensor.ts";

/** Where an element of the output is gathered from: position of its index, and of each candidate in the data. */
interface Gathered {
	readonly index: number;
	/** The candidate with coordinate 0 on the gathered axis. */
	readonly start: number;
	readonly stride: number;
}

/** Writes the output's element of this row-major position, and says whether it did. */
export function writeChosenGather(
	run: FieldRun,
	node: GatherNode | GatherElementsNode | GatherNdNode,
	[data, indices]: readonly [FieldTensor, FieldTensor],
	element: number,
	result: FieldElement,
): boolean {
	if (!run.facts.hasChoice() || node.kind === "gatherNd") return false;
	const { lanes } = run.trials;
	const place =
		node.kind === "gather"
			? gathered(node.axis, data, indices, element)
			: gatheredElement(node.axis, data, indices, element);
	const candidates = Array.from(
		{ length: data.shape[node.axis] ?? 0 },
		(_, at): FieldElement => ({ buffer: data.buffer, at: (place.start + at * place.stride) * lanes }),
	);
	return writeChosen(run, { buffer: indices.buffer, at: place.index * lanes }, candidates, result);
}

/** The output's axes are the data's, the gathered one replaced by those of the indices. */
function gathered(axis: number, data: FieldTensor, indices: FieldTensor, element: number): Gathered {
	const stride = elementCount(data.shape.slice(axis + 1));
	const indexCount = elementCount(indices.shape);
	const outer = Math.floor(element / (indexCount * stride));
	return {
		index: Math.floor(element / stride) % indexCount,
		start: outer * (data.shape[axis] ?? 1) * stride + (element % stride),
		stride,
	};
}

/** The output's axes are those of the indices; the data's may be longer. */
function gatheredElement(axis: number, data: FieldTensor, indices: FieldTensor, element: number): Gathered {
	const own = rowMajorStrides(indices.shape);
	const strides = rowMajorStrides(data.shape);
	let start = 0;
	indices.shape.forEach((extent, other) => {
		if (other === axis) return;
		start += (Math.floor(element / (own[other] ?? 1)) % extent) * (strides[other] ?? 0);
	});
	return { index: element, start, stride: strides[axis] ?? 1 };
}
