// A user's model with groups of its nodes replaced by one operator each. Everything else is copied as it was written, byte
// for byte; what only the replaced nodes needed goes. Works on names: a group that cannot be cut out by them is refused,
// and so is one whose inner values a loop's or a branch's body reads.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { present } from "#shared/fault/assert.ts";
import { defaultImportLimits } from "./import-limits.ts";
import type { OnnxGraph, OnnxTensor } from "./model.ts";
import { readModel } from "./read-model.ts";
import { orderReplacement, type ReplacementOrder } from "./replacement-order.ts";
import {
	type Extent,
	type StoredTensor,
	type TensorType,
	writeLocation,
	writeStored,
} from "./stored-tensor.ts";
import { listFields, wire } from "./wire.ts";
import { writeNodeProto, writeValueInfo } from "./write-proto.ts";

export interface Replacement {
	/** Positions in the file's node list. */
	readonly sources: readonly number[];
	readonly operator: string;
	/** Names of the model's values or of `stored` tensors. */
	readonly inputs: readonly string[];
	readonly outputs: readonly { readonly name: string; readonly type: TensorType }[];
}

export interface ReplaceRequest {
	readonly replacements: readonly Replacement[];
	/** Of the new operators; imported at version 1. */
	readonly domain: string;
	/** Name of the file that holds what is stored. */
	readonly location: string;
	/** Tensors that the new operators read. */
	readonly stored: readonly StoredTensor[];
	/** Where the model's own tensors that lay outside its file lie now, by name. */
	readonly moved: ReadonlyMap<string, Extent>;
	/** Type and shape of the model's inputs by name, where they are known: kernels are made for these shapes alone. */
	readonly inputs: ReadonlyMap<string, TensorType>;
}

/** `refused`: by position in `replacements`, with a reason. */
export type ReplaceOutcome =
	| {
			readonly kind: "replaced";
			readonly bytes: Uint8Array;
			/** Names of all values that the new model still has. */
			readonly live: ReadonlySet<string>;
			/** Where no node of the file is left: positions of the replacements in an order in which they can run. Else null. */
			readonly steps: readonly number[] | null;
	  }
	| { readonly kind: "refused"; readonly replacement: number; readonly reason: string };

/** Throws what `readModel` throws. Cost: linear in the file. */
export function replaceNodes(bytes: Uint8Array, request: ReplaceRequest): ReplaceOutcome {
	const { graph } = readModel(bytes, defaultImportLimits);
	const order = orderReplacement(graph, request.replacements);
	if (order.kind === "refused") return { kind: "refused", replacement: order.group, reason: order.reason };
	const writer = new BinaryWriter();
	for (const { field, whole, content } of listFields(bytes, "model")) {
		if (field !== 7 || content === null) {
			writer.raw(whole);
			continue;
		}
		writer.tag(7, wire.bytes).fork();
		writeGraph(writer, content, { graph, order, request });
		writer.join();
	}
	writer.tag(8, wire.bytes).fork();
	writer.tag(1, wire.bytes).string(request.domain);
	writer.tag(2, wire.varint).int64(1).join();
	const isCovered = order.makers.every(({ kind }) => kind === "group");
	const steps = isCovered ? order.makers.map(({ index }) => index) : null;
	return { kind: "replaced", bytes: writer.finish(), live: order.live, steps };
}

interface Rewriting {
	readonly graph: OnnxGraph;
	readonly order: Extract<ReplacementOrder, { kind: "ordered" }>;
	readonly request: ReplaceRequest;
}

function writeGraph(writer: BinaryWriter, content: Uint8Array, rewriting: Rewriting): void {
	const { graph, order, request } = rewriting;
	writeNodes(writer, rewriting);
	const initialized = new Set(graph.initializers.map(({ name }) => name));
	const made = request.replacements.flatMap(({ outputs }) => outputs);
	const makes = new Set(made.map(({ name }) => name));
	const position = { initializer: 0, input: 0, inner: 0 };
	for (const { field, whole, content: part } of listFields(content, "graph")) {
		if (field === 1) continue;
		if (field === 5 && part !== null) {
			const tensor = present(graph.initializers[position.initializer++], "an initializer of the file");
			if (order.live.has(tensor.name)) writeInitializer(writer, tensor, request);
		} else if (field === 11 && part !== null) {
			const { name } = present(graph.inputs[position.input++], "an input of the file");
			// A weight that goes takes its declaration along: callers must not have to give it.
			if (initialized.has(name) && !order.live.has(name)) continue;
			const known = initialized.has(name) ? undefined : request.inputs.get(name);
			writer.tag(11, wire.bytes).bytes(known === undefined ? part : writeValueInfo(name, ...known));
		} else if (field === 13 && part !== null) {
			const { name } = present(graph.inner[position.inner++], "a declared value of the file");
			if (order.live.has(name) && !makes.has(name)) writer.raw(whole);
		} else writer.raw(whole);
	}
	for (const tensor of request.stored) {
		if (order.live.has(tensor.name)) writeStored(writer, tensor, request.location);
	}
	const returned = new Set(graph.outputs.map(({ name }) => name));
	for (const { name, type } of made) {
		if (!returned.has(name)) writer.tag(13, wire.bytes).bytes(writeValueInfo(name, ...type));
	}
}

function writeNodes(writer: BinaryWriter, { graph, order, request }: Rewriting): void {
	for (const { kind, index } of order.makers) {
		const bytes =
			kind === "node"
				? present(graph.nodes[index], "a node of the file").bytes
				: writeReplacement(present(request.replacements[index], "a replacement"), request.domain);
		writer.tag(1, wire.bytes).bytes(bytes);
	}
}

function writeReplacement({ operator, inputs, outputs }: Replacement, domain: string): Uint8Array {
	return writeNodeProto({ operator, domain, inputs, outputs: outputs.map(({ name }) => name) });
}

/** As it was; but bytes that lay in another file lie in the new one. */
function writeInitializer(writer: BinaryWriter, tensor: OnnxTensor, request: ReplaceRequest): void {
	const moved = tensor.external === null ? undefined : request.moved.get(tensor.name);
	if (moved === undefined) {
		writer.tag(5, wire.bytes).bytes(tensor.bytes);
		return;
	}
	writer.tag(5, wire.bytes).fork();
	for (const { field, whole } of listFields(tensor.bytes, "tensor"))
		if (!externalFields.has(field)) writer.raw(whole);
	writeLocation(writer, moved, request.location);
	writer.join();
}

/** TensorProto: external_data and data_location. */
const externalFields: ReadonlySet<number> = new Set([13, 14]);
