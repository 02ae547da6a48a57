// Well-formedness of a tensor program: what graph.ts states in words, made executable. Run after every pass in tests.

import { assert, present } from "#shared/fault/assert.ts";
import { checkNode } from "#shared/graph/check-node.ts";
import type { Graph, Value, ValueId } from "#shared/graph/graph.ts";
import { nodeOperands } from "#shared/graph/graph.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount, equalShapes } from "#shared/tensor/shape.ts";

/**
 * Throws `AssertionError` unless: every id names a value; extents are integers, 0 or more; every value has at most one
 * definition (input, constant or node) and every value read or returned has one; nodes come after what they read;
 * constants have their value's type, shape and length; node sources exist; operands and output of every node have the
 * shapes and types that its kind demands.
 */
export function checkGraph(graph: Graph): void {
	graph.values.forEach(checkValue);
	const defined = new Set<ValueId>();
	const define = (id: ValueId, by: string): void => {
		definedValue(graph, id, by);
		assert(!defined.has(id), `value ${id} is defined again by ${by}`);
		defined.add(id);
	};
	for (const { value } of graph.inputs) define(value, "an input");
	for (const id of graph.constants.keys()) {
		define(id, "a constant");
		checkConstant(graph, id);
	}
	graph.nodes.forEach((node, index) => {
		const place = `node ${index} (${node.kind})`;
		for (const id of nodeOperands(node)) {
			assert(defined.has(id), `${place} reads value ${id} before it is defined`);
		}
		define(node.output, place);
		assert(node.source in graph.sources, `${place} names source ${node.source}, which does not exist`);
		checkNode(
			node,
			nodeOperands(node).map((id) => definedValue(graph, id, place)),
			definedValue(graph, node.output, place),
			place,
		);
	});
	for (const { value, name } of graph.outputs) {
		assert(defined.has(value), `output '${name}' returns value ${value}, which nothing defines`);
	}
}

function checkValue({ shape }: Value, id: ValueId): void {
	assert(
		shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0),
		`value ${id} has shape [${shape.join(", ")}]`,
	);
}

function checkConstant(graph: Graph, id: ValueId): void {
	const { dataType, shape } = definedValue(graph, id, "a constant");
	const data = present(graph.constants.get(id), `constant ${id} has data`);
	assert(
		data.dataType === dataType && equalShapes(data.shape, shape),
		`constant ${id} holds ${data.dataType} [${data.shape.join(", ")}], its value is ${dataType} [${shape.join(", ")}]`,
	);
	assert(
		data.bytes.byteLength === elementCount(shape) * elementBytes(dataType),
		`constant ${id} has ${data.bytes.byteLength} bytes for ${elementCount(shape)} elements of ${dataType}`,
	);
}

function definedValue(graph: Graph, id: ValueId, by: string): Value {
	return present(graph.values[id], `${by} names value ${id}, which does not exist`);
}
