// The few ONNX messages that Kiln writes (field numbers from onnx.proto).

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { codeOfDataType } from "./element-type.ts";
import { wire } from "./wire.ts";

/** An integer, a list of integers, a keyword, a float, or a graph. */
export type WrittenAttribute =
	| number
	| readonly number[]
	| string
	| { readonly float: number }
	| { readonly graph: WrittenGraph };

export interface WrittenGraph {
	readonly graphName: string;
	/** NodeProto bytes. */
	readonly nodes: readonly Uint8Array[];
	/** TensorProto bytes. */
	readonly initializers: readonly Uint8Array[];
	/** ValueInfoProto bytes. */
	readonly inputs: readonly Uint8Array[];
	readonly outputs: readonly Uint8Array[];
}

export interface WrittenNode {
	readonly operator: string;
	/** Default: ONNX's own. */
	readonly domain?: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attributes?: Readonly<Record<string, WrittenAttribute>>;
}

export interface WrittenModel extends WrittenGraph {
	readonly irVersion: number;
	/** Version by domain. */
	readonly opsets: ReadonlyMap<string, number>;
	/** FunctionProto bytes. */
	readonly functions?: readonly Uint8Array[];
}

/** ModelProto bytes. */
export function writeModelProto(model: WrittenModel): Uint8Array {
	const writer = new BinaryWriter();
	writer.tag(1, wire.varint).int64(model.irVersion);
	writer.tag(2, wire.bytes).string("kiln");
	writer.tag(7, wire.bytes).fork();
	writeGraph(writer, model);
	writer.join();
	for (const [domain, version] of model.opsets) {
		writer.tag(8, wire.bytes).fork();
		writer.tag(1, wire.bytes).string(domain);
		writer.tag(2, wire.varint).int64(version).join();
	}
	for (const definition of model.functions ?? []) writer.tag(25, wire.bytes).bytes(definition);
	return writer.finish();
}

/** The fields of a GraphProto. */
function writeGraph(writer: BinaryWriter, graph: WrittenGraph): void {
	for (const node of graph.nodes) writer.tag(1, wire.bytes).bytes(node);
	writer.tag(2, wire.bytes).string(graph.graphName);
	for (const tensor of graph.initializers) writer.tag(5, wire.bytes).bytes(tensor);
	for (const input of graph.inputs) writer.tag(11, wire.bytes).bytes(input);
	for (const output of graph.outputs) writer.tag(12, wire.bytes).bytes(output);
}

/** NodeProto bytes. */
export function writeNodeProto(node: WrittenNode): Uint8Array {
	const writer = new BinaryWriter();
	for (const name of node.inputs) writer.tag(1, wire.bytes).string(name);
	for (const name of node.outputs) writer.tag(2, wire.bytes).string(name);
	writer.tag(4, wire.bytes).string(node.operator);
	if (node.domain !== undefined) writer.tag(7, wire.bytes).string(node.domain);
	for (const [name, value] of Object.entries(node.attributes ?? {})) {
		writer.tag(5, wire.bytes).fork();
		writer.tag(1, wire.bytes).string(name);
		writeAttributeValue(writer, value);
		writer.join();
	}
	return writer.finish();
}

/** AttributeProto: the value, then its type (1 float, 2 int, 3 string, 5 graph, 7 ints). */
function writeAttributeValue(writer: BinaryWriter, value: WrittenAttribute): void {
	if (typeof value === "number") {
		writer.tag(3, wire.varint).int64(value);
		writer.tag(20, wire.varint).int32(2);
	} else if (typeof value === "string") {
		writer.tag(4, wire.bytes).string(value);
		writer.tag(20, wire.varint).int32(3);
	} else if ("float" in value) {
		writer.tag(2, wire.fixed32).float(value.float);
		writer.tag(20, wire.varint).int32(1);
	} else if ("graph" in value) {
		writer.tag(6, wire.bytes).fork();
		writeGraph(writer, value.graph);
		writer.join();
		writer.tag(20, wire.varint).int32(5);
	} else {
		for (const element of value) writer.tag(8, wire.varint).int64(element);
		writer.tag(20, wire.varint).int32(7);
	}
}

/** ValueInfoProto bytes of a dense tensor with a static shape. */
export function writeValueInfo(name: string, dataType: DataType, shape: Shape): Uint8Array {
	const writer = new BinaryWriter();
	writer.tag(1, wire.bytes).string(name);
	writer.tag(2, wire.bytes).fork();
	writer.tag(1, wire.bytes).fork();
	writer.tag(1, wire.varint).int32(codeOfDataType(dataType));
	writer.tag(2, wire.bytes).fork();
	for (const extent of shape) {
		writer.tag(1, wire.bytes).fork();
		writer.tag(1, wire.varint).int64(extent).join();
	}
	writer.join().join().join();
	return writer.finish();
}
