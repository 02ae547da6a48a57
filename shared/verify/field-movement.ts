// Nodes that only move elements, in the fields. The reference interpreter moves the elements' numbers in place of the
// elements: so both agree on every movement by construction.

import { assert, present } from "#shared/fault/assert.ts";
import type {
	GatherElementsNode,
	GatherNdNode,
	GatherNode,
	GraphNode,
	ReshapeNode,
} from "#shared/graph/graph.ts";
import { evaluateNode } from "#shared/graph/interpret.ts";
import type { FieldBuffer } from "#shared/numeric/field-buffer.ts";
import { nameHash, writeHashed } from "#shared/numeric/field-uninterpreted.ts";
import { absorb, finalise } from "#shared/numeric/keyed-hash.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { writeChosenGather } from "./field-chosen-gather.ts";
import {
	allocateFor,
	copyElement,
	type EvaluateInFields,
	type FieldOutput,
	type FieldRun,
	type FieldTensor,
} from "./field-tensor.ts";

export const evaluateReshape: EvaluateInFields<ReshapeNode> = (_run, _node, operands) =>
	present(operands[0], "a reshape's operand").buffer;

/** Transpose, broadcast, concat, slice and pad. Number 0 stands for the zero that a pad without a fill adds. */
export const evaluateMovement: EvaluateInFields<GraphNode> = (run, node, operands, output) => {
	let next = 1;
	const numbered = operands.map(({ shape }): TensorData => {
		const start = next;
		const count = elementCount(shape);
		next += count;
		return numbers(shape, (element) => start + element);
	});
	return moveElements(run, operands, evaluateNode(node, numbered, numbersFor(output)), output);
};

type AnyGather = GatherNode | GatherElementsNode | GatherNdNode;

/**
 * With indices that no input decides it is a movement, with those that are choices a sum over their cases; else an
 * uninterpreted function of the data and each index.
 */
export const evaluateAnyGather: EvaluateInFields<AnyGather> = (run, node, operands, output) => {
	const [data, indices] = operands;
	assert(data !== undefined && indices !== undefined, "a gather has data and indices");
	if (indices.known !== null) {
		const numbered = numbers(data.shape, (element) => element + 1);
		return moveElements(
			run,
			[data],
			evaluateNode(node, [numbered, indices.known], numbersFor(output)),
			output,
		);
	}
	return gatherByHash(run, node, data, indices, output);
};

const numbersFor = ({ shape }: FieldOutput): FieldOutput => ({ dataType: "float64", shape });

function numbers(shape: FieldOutput["shape"], number: (element: number) => number): TensorData {
	return writeElements(
		"float64",
		shape,
		Float64Array.from({ length: elementCount(shape) }, (_, element) => number(element)),
	);
}

/** `origins` says for each element of the output which element it is, counted from 1 over all operands. */
function moveElements(
	run: FieldRun,
	operands: readonly FieldTensor[],
	origins: TensorData,
	output: FieldOutput,
): FieldBuffer {
	const { lanes } = run.trials;
	const buffer = allocateFor(run, output);
	const sources = operands.map(({ buffer: from }) => ({ from, count: from.outside.length / lanes }));
	readElements(origins).forEach((origin, element) => {
		let rest = origin - 1;
		if (rest < 0) return;
		for (const { from, count } of sources) {
			if (rest < count) {
				copyElement(lanes, { buffer: from, at: rest * lanes }, { buffer, at: element * lanes });
				return;
			}
			rest -= count;
		}
	});
	return buffer;
}

/**
 * Each element is a function of all data, of the index (or tuple) it is gathered by, and of where it lies beside the
 * gathered axes.
 */
function gatherByHash(
	run: FieldRun,
	node: AnyGather,
	data: FieldTensor,
	indices: FieldTensor,
	output: FieldOutput,
): FieldBuffer {
	const { lanes } = run.trials;
	const buffer = allocateFor(run, output);
	const name = node.kind === "gatherNd" ? `gatherNd ${node.batchAxes}` : `${node.kind} ${node.axis}`;
	let dataHash = nameHash(`${name} of [${data.shape.join()}]`);
	let dataCheck = dataHash ^ 0x3c6ef372;
	for (let at = 0; at < data.buffer.outside.length; at += lanes) {
		const identity = run.facts.identityOf({ buffer: data.buffer, at });
		dataHash = absorb(absorb(dataHash, identity.a), identity.b);
		dataCheck = absorb(absorb(dataCheck, identity.b), identity.a);
	}
	const places = gatheredPlaces(node, data, indices);
	const count = elementCount(output.shape);
	for (let element = 0; element < count; element++) {
		if (writeChosenGather(run, node, [data, indices], element, { buffer, at: element * lanes })) continue;
		run.trials.uninterpreted.add(node.kind);
		const { tuple, beside } = places(element);
		let a = absorb(dataHash, beside);
		let b = absorb(dataCheck, beside);
		for (const index of tuple) {
			const identity = run.facts.identityOf({ buffer: indices.buffer, at: index * lanes });
			a = absorb(absorb(a, identity.a), identity.b);
			b = absorb(absorb(b, identity.b), identity.a);
		}
		writeHashed(run.trials, { a: finalise(a), b: finalise(b) }, buffer, element * lanes);
	}
	return buffer;
}

interface GatheredPlace {
	/** Elements of the indices. */
	readonly tuple: readonly number[];
	/** Position in the data, the gathered axes left out. */
	readonly beside: number;
}

function gatheredPlaces(
	node: AnyGather,
	data: FieldTensor,
	indices: FieldTensor,
): (element: number) => GatheredPlace {
	const indexCount = elementCount(indices.shape);
	switch (node.kind) {
		case "gather": {
			const inner = elementCount(data.shape.slice(node.axis + 1));
			return (element) => {
				const outer = Math.floor(element / (indexCount * inner));
				return {
					tuple: [Math.floor(element / inner) % indexCount],
					beside: outer * inner + (element % inner),
				};
			};
		}
		case "gatherElements": {
			const inner = elementCount(indices.shape.slice(node.axis + 1));
			const extent = indices.shape[node.axis] ?? 1;
			return (element) => ({
				tuple: [element],
				beside: Math.floor(element / (inner * extent)) * inner + (element % inner),
			});
		}
		case "gatherNd": {
			const depth = indices.shape.at(-1) ?? 1;
			const chunk = elementCount(data.shape.slice(node.batchAxes + depth));
			const tuples = indexCount / depth;
			const batches = elementCount(data.shape.slice(0, node.batchAxes));
			return (element) => {
				const tuple = Math.floor(element / chunk);
				const batch = Math.floor(tuple / (tuples / batches));
				return {
					tuple: Array.from({ length: depth }, (_, level) => tuple * depth + level),
					beside: batch * chunk + (element % chunk),
				};
			};
		}
	}
}
