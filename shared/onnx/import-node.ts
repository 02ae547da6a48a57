// One ONNX node -> primitives, or the refusal that names it.

import { type ErrorCode, OptimizeError } from "#shared/fault/optimize-error.ts";
import type { ValueId } from "#shared/graph/graph.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import type { ImportOptions, Refusal } from "./import-options.ts";
import { importSubgraph, type SubgraphImport } from "./import-subgraph.ts";
import type { FlatNode } from "./inline-functions.ts";
import type { AttributeKind, OnnxAttribute, OnnxTensor } from "./model.ts";
import type { NodeContext, NodeIdentity } from "./node-context.ts";
import { findOperator } from "./operators/operator-table.ts";
import type { ValueScope } from "./value-scope.ts";

/** Codes that cost a node and not the model. */
const refusalCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
	"model.op_unsupported",
	"model.op_attribute_unsupported",
	"model.type_unsupported",
	"model.custom_domain_refused",
	"model.shape_unbound",
]);

/**
 * Adds the node's primitives and binds its results; `wanted` are the names that something reads. Values of
 * subgraphs are not named (`namesValues`): their names are not the model's. Returns the refusal when Kiln does not support the node; throws
 * `OptimizeError` (with the node in message and details) when the node is invalid or over a limit.
 */
export function importNode(
	flat: FlatNode,
	build: GraphBuilder,
	scope: ValueScope,
	readTensor: (tensor: OnnxTensor) => TensorData,
	wanted: ReadonlySet<string>,
	windows: ImportOptions["windows"],
	namesValues = true,
): Refusal | null {
	const { node } = flat;
	const identity: NodeIdentity = {
		name: node.name,
		operator: node.operator,
		domain: node.domain,
		index: flat.sourceIndex,
	};
	build.beginSource(flat.sourceIndex);
	const results = new Map<string, ValueId>();
	try {
		const found = findOperator(node, flat.opsets, windows);
		const importInner: SubgraphImport["importNode"] = (inner, innerScope, read) =>
			importNode(inner, build, innerScope, readTensor, read, windows, false);
		const subgraphs = { flat, build, readTensor, importNode: importInner };
		found.entry.import(createContext(identity, found.opset, scope, results, subgraphs));
		demandResults(node, results, wanted);
	} catch (fault) {
		if (!(fault instanceof OptimizeError)) throw fault;
		if (refusalCodes.has(fault.code)) {
			const { name, ...place } = identity;
			return { node: name, ...place, code: fault.code, reason: fault.message };
		}
		throw new OptimizeError(
			fault.code,
			`${node.operator} node '${node.name}' (node ${flat.sourceIndex}): ${fault.message}`,
			{ ...fault.details, node: node.name, operator: node.operator, index: flat.sourceIndex },
			fault,
		);
	}
	for (const [name, value] of results) {
		if (namesValues) build.nameValue(value, name);
		scope.bind(name, value);
	}
	return null;
}

function demandResults(
	node: FlatNode["node"],
	results: ReadonlyMap<string, ValueId>,
	wanted: ReadonlySet<string>,
): void {
	const missing = node.outputs.findIndex((name) => wanted.has(name) && !results.has(name));
	if (missing !== -1) {
		throw new OptimizeError(
			"model.op_unsupported",
			`result ${missing} ('${node.outputs[missing]}') of ${node.operator} is read, but its import does not give it`,
			{ result: missing },
		);
	}
}

function createContext(
	identity: NodeIdentity,
	opset: number,
	scope: ValueScope,
	results: Map<string, ValueId>,
	subgraphs: SubgraphImport,
): NodeContext {
	const { flat, build, readTensor } = subgraphs;
	const { inputs, outputs, attributes } = flat.node;
	const refuse: NodeContext["refuse"] = (code, reason, detail = {}) => {
		throw new OptimizeError(code, reason, detail);
	};
	const optionalInput = (index: number): ValueId | null => {
		const name = inputs[index] ?? "";
		if (name === "") return null;
		const value = scope.lookup(name);
		return typeof value === "number" ? value : refuse(value.code, value.reason);
	};
	return {
		node: identity,
		opset,
		build,
		inputCount: inputs.length,
		outputCount: outputs.length,
		input: (index) => optionalInput(index) ?? refuse("model.malformed", `operand ${index} is missing`),
		optionalInput,
		hasOutput: (index) => (outputs[index] ?? "") !== "",
		output: (index, value) => {
			const name = outputs[index] ?? "";
			if (name !== "") results.set(name, value);
		},
		subgraph: (name, operands) => {
			const graph = attributes.get(name)?.graph ?? null;
			if (graph !== null) return importSubgraph(graph, operands, subgraphs);
			return refuse("model.op_attribute_invalid", `attribute '${name}' is missing or holds no graph`);
		},
		refuse,
		...createAttributeReaders(attributes, refuse, readTensor),
	};
}

type AttributeReaders = Pick<
	NodeContext,
	| "hasAttribute"
	| "attributeInt"
	| "attributeFloat"
	| "attributeString"
	| "attributeInts"
	| "attributeFloats"
	| "attributeTensor"
>;

function createAttributeReaders(
	attributes: ReadonlyMap<string, OnnxAttribute>,
	refuse: NodeContext["refuse"],
	readTensor: (tensor: OnnxTensor) => TensorData,
): AttributeReaders {
	const find = (name: string, kind: AttributeKind): OnnxAttribute | null => {
		const attribute = attributes.get(name);
		if (attribute === undefined) return null;
		// A list without elements does not say of what.
		const isEmptyList = attribute.kind === "ints" && attribute.ints.length === 0 && kind === "floats";
		if (attribute.kind === kind || isEmptyList) return attribute;
		return refuse(
			"model.op_attribute_invalid",
			`attribute '${name}' is of type ${attribute.kind}, expected ${kind}`,
		);
	};
	const read = <T>(
		name: string,
		kind: AttributeKind,
		value: (attribute: OnnxAttribute) => T,
		fallback?: T,
	): T => {
		const attribute = find(name, kind);
		if (attribute !== null) return value(attribute);
		return fallback ?? refuse("model.op_attribute_invalid", `attribute '${name}' (${kind}) is missing`);
	};
	return {
		hasAttribute: (name) => attributes.has(name),
		attributeInt: (name, fallback) => read(name, "int", (attribute) => attribute.int, fallback),
		attributeFloat: (name, fallback) => read(name, "float", (attribute) => attribute.float, fallback),
		attributeString: (name, fallback) => read(name, "string", (attribute) => latin(attribute.text), fallback),
		attributeInts: (name, fallback) => read(name, "ints", (attribute) => attribute.ints, fallback),
		attributeFloats: (name, fallback) => read(name, "floats", (attribute) => attribute.floats, fallback),
		attributeTensor: (name) => {
			const tensor = find(name, "tensor")?.tensor ?? null;
			return tensor === null ? null : readTensor(tensor);
		},
	};
}

/** Attribute texts are keywords: ASCII. Other bytes only have to stay distinguishable. */
function latin(bytes: Uint8Array): string {
	return Array.from(bytes.subarray(0, 256), (byte) => String.fromCharCode(byte)).join("");
}
