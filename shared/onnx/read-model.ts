// Bytes -> OnnxModel. Field numbers are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { type ImportLimits, limitExceeded } from "./import-limits.ts";
import {
	addOnce,
	canonicalDomain,
	type OnnxFunction,
	type OnnxGraph,
	type OnnxModel,
	type OnnxNode,
} from "./model.ts";
import { createProtoReader, type ProtoReader } from "./read-proto.ts";
import { malformed, plainView, readBytes, readInteger, readMessage } from "./wire.ts";

/** Decodes a whole file. Throws `model.malformed` or `model.limits_exceeded`. Cost: linear in the bytes. */
export function readModel(file: Uint8Array, limits: ImportLimits): OnnxModel {
	const bytes = plainView(file);
	checkMagic(bytes, limits);
	const proto = createProtoReader(limits);
	let irVersion = 0;
	let producer = "";
	let graph: OnnxGraph | null = null;
	const opsets = new Map<string, number>();
	const functions: OnnxFunction[] = [];
	const metadata = new Map<string, string>();
	readMessage(bytes, "model", {
		1: (reader, type) => {
			irVersion = readInteger(reader, type);
		},
		2: (reader, type) => {
			producer = proto.text(reader, type);
		},
		7: (reader, type) => {
			if (graph !== null) malformed("model: the graph field is given twice");
			graph = readGraph(readBytes(reader, type), proto);
		},
		8: (reader, type) => addOpset(readBytes(reader, type), opsets, proto),
		14: (reader, type) => {
			const [key, value] = proto.stringEntry(readBytes(reader, type), "metadata entry", bytes.length);
			metadata.set(key, value);
			proto.checkEntries(metadata.size);
		},
		25: (reader, type) => {
			functions.push(readFunction(readBytes(reader, type), proto));
			proto.checkEntries(functions.length);
		},
	});
	const found = graph as OnnxGraph | null;
	if (found === null) return malformed("model: no graph");
	return { irVersion, producer, opsets, graph: found, functions, metadata };
}

/** Says plainly what the usual wrong uploads are. */
function checkMagic(bytes: Uint8Array, limits: ImportLimits): void {
	if (bytes.length === 0) malformed("the file is empty");
	if (bytes.length > limits.fileBytesMax) {
		throw new OptimizeError(
			"model.limits_exceeded",
			`the file has ${bytes.length} bytes: at most ${limits.fileBytesMax}`,
			{ bytes: bytes.length, limit: limits.fileBytesMax },
		);
	}
	const starts = (...magic: number[]): boolean => magic.every((byte, at) => bytes[at] === byte);
	if (starts(0x1f, 0x8b)) malformed("the file is gzip data: upload the model itself");
	if (starts(0x28, 0xb5, 0x2f, 0xfd)) malformed("the file is zstd data: upload the model itself");
	// No message begins so: field 7 as a group.
	if (starts(0x3c)) malformed("the file looks like HTML or XML text, not like a model");
	if (starts(0x50, 0x4b, 0x03, 0x04)) malformed("the file is a zip archive: upload the model itself");
}

/** Decodes a GraphProto: the model's or the one that an attribute holds. Throws as `readModel`. */
export function readGraph(bytes: Uint8Array, proto: ProtoReader): OnnxGraph {
	let name = "";
	let sparseInitializers = 0;
	const nodes: OnnxNode[] = [];
	const graph = { initializers: [], inputs: [], outputs: [], inner: [] } as {
		-readonly [K in "initializers" | "inputs" | "outputs" | "inner"]: OnnxGraph[K][number][];
	};
	const addInfo = (list: "inputs" | "outputs" | "inner", info: Uint8Array): void => {
		graph[list].push(proto.valueInfo(info, `${list} ${graph[list].length}`));
		proto.checkEntries(graph[list].length);
	};
	readMessage(bytes, "graph", {
		1: (reader, type) => {
			nodes.push(proto.node(readBytes(reader, type), `node ${nodes.length}`));
			if (nodes.length > proto.limits.onnxNodesMax) limitExceeded("nodes", proto.limits.onnxNodesMax);
		},
		2: (reader, type) => {
			name = proto.text(reader, type);
		},
		5: (reader, type) => {
			const what = `initializer ${graph.initializers.length}`;
			graph.initializers.push(proto.tensor(readBytes(reader, type), what));
		},
		11: (reader, type) => addInfo("inputs", readBytes(reader, type)),
		12: (reader, type) => addInfo("outputs", readBytes(reader, type)),
		13: (reader, type) => addInfo("inner", readBytes(reader, type)),
		15: (reader, type) => {
			readBytes(reader, type);
			sparseInitializers++;
		},
	});
	return { name, nodes, sparseInitializers, ...graph };
}

function readFunction(bytes: Uint8Array, proto: ProtoReader): OnnxFunction {
	const text = { name: "", domain: "", overload: "" };
	const names = { inputs: [] as string[], outputs: [] as string[], attributes: [] as string[] };
	const attributeDefaults: Map<
		string,
		OnnxFunction["attributeDefaults"] extends ReadonlyMap<string, infer A> ? A : never
	> = new Map();
	const nodes: OnnxNode[] = [];
	const opsets = new Map<string, number>();
	readMessage(bytes, "function", {
		1: (reader, type) => {
			text.name = proto.text(reader, type);
		},
		4: (reader, type) => proto.addName(names.inputs, reader, type),
		5: (reader, type) => proto.addName(names.outputs, reader, type),
		6: (reader, type) => proto.addName(names.attributes, reader, type),
		7: (reader, type) => {
			nodes.push(proto.node(readBytes(reader, type), `function '${text.name}': node ${nodes.length}`));
			if (nodes.length > proto.limits.onnxNodesMax) limitExceeded("nodes", proto.limits.onnxNodesMax);
		},
		9: (reader, type) => addOpset(readBytes(reader, type), opsets, proto),
		10: (reader, type) => {
			text.domain = canonicalDomain(proto.text(reader, type));
		},
		11: (reader, type) => {
			const attribute = proto.attribute(readBytes(reader, type), "function attribute");
			addOnce(attributeDefaults, attribute.name, attribute, "function attribute");
		},
		13: (reader, type) => {
			text.overload = proto.text(reader, type);
		},
	});
	return { ...text, ...names, attributeDefaults, nodes, opsets };
}

function addOpset(bytes: Uint8Array, opsets: Map<string, number>, proto: ProtoReader): void {
	let domain = "";
	let version = 0;
	readMessage(bytes, "opset import", {
		1: (reader, type) => {
			domain = canonicalDomain(proto.text(reader, type));
		},
		2: (reader, type) => {
			version = readInteger(reader, type);
		},
	});
	proto.checkEntries(opsets.size);
	addOnce(opsets, domain, version, "opset import of domain");
}
