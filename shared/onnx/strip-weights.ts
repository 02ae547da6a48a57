// Takes the weights' values out of a model: tuning needs structure, not weights, and structure is small to upload.
// Float tensors of more than `constantElementsMax` elements (initializers and Constant nodes) become graph inputs, listed in
// the model's metadata; every other field is copied byte for byte. The result imports to the same program.
// Graphs that nodes hold (bodies of control flow) are left out whole, as they hold weights too, but for those that the
// importer opens, which hold none.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { elementBytes } from "#shared/tensor/data-type.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import { defaultImportLimits } from "./import-limits.ts";
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from "./model.ts";
import { holdsOpenGraphs } from "./open-subgraph.ts";
import { readModel } from "./read-model.ts";
import { declaredTensor } from "./tensor-proto.ts";
import { strippedWeightNames } from "./weight-roles.ts";
import { isWeight, weightsMetadataKey } from "./weights.ts";
import { listFields, wire } from "./wire.ts";
import { writeNodeProto, writeValueInfo } from "./write-proto.ts";

/** A tensor whose values were taken out. */
export interface StrippedWeight {
	/** The graph input that stands for it. */
	readonly name: string;
	readonly dataType: DataType;
	readonly shape: Shape;
	/** Bytes of its values. */
	readonly bytes: number;
}

/**
 * Throws what `importModel` throws for malformed files, and `model.op_unsupported` when a local function holds weights:
 * those cannot become inputs. Cost: linear in the bytes.
 */
export function stripWeights(bytes: Uint8Array): {
	readonly bytes: Uint8Array;
	readonly stripped: readonly StrippedWeight[];
} {
	const model = readModel(bytes, defaultImportLimits);
	checkFunctions(model);
	const stripped: StrippedWeight[] = [];
	const writer = new BinaryWriter();
	for (const { field, whole, content } of listFields(bytes, "model")) {
		if (field === 7 && content !== null) {
			writer.tag(7, wire.bytes).fork();
			rewriteGraph(content, model, writer, stripped);
			writer.join();
		} else if (!isWeightList(field, content)) {
			writer.raw(whole);
		}
	}
	const names = [...new Set([...strippedWeightNames(model), ...stripped.map((weight) => weight.name)])];
	if (names.length > 0) {
		writer.tag(14, wire.bytes).fork();
		writer.tag(1, wire.bytes).string(weightsMetadataKey);
		writer.tag(2, wire.bytes).string(JSON.stringify(names)).join();
	}
	return { bytes: writer.finish(), stripped };
}

/** Whether a field of the model is an earlier list of stripped weights, which the new one replaces. */
function isWeightList(field: number, content: Uint8Array | null): boolean {
	if (field !== 14 || content === null) return false;
	const key = listFields(content, "metadata entry").find((entry) => entry.field === 1)?.content;
	return key?.length === weightsMetadataKey.length && String.fromCharCode(...key) === weightsMetadataKey;
}

function rewriteGraph(
	bytes: Uint8Array,
	model: OnnxModel,
	writer: BinaryWriter,
	stripped: StrippedWeight[],
): void {
	const { graph } = model;
	const inputs = new Set(graph.inputs.map((input) => input.name));
	const names = definedNames(model);
	const position = { node: 0, initializer: 0 };
	const added: StrippedWeight[] = [];
	for (const { field, whole, content } of listFields(bytes, "graph")) {
		const node = field === 1 && content !== null ? graph.nodes[position.node++] : undefined;
		const tensor = field === 5 && content !== null ? graph.initializers[position.initializer++] : undefined;
		const constant = node === undefined ? null : constantWeight(node);
		const weight = tensor === undefined ? null : weightOf(tensor, tensor.name);
		if (node !== undefined && constant !== null) {
			// The node keeps its place, so that positions in the file stay what they are.
			const output = node.outputs[0] ?? "";
			const name = freshName(`${output}.weight`, names);
			writer
				.tag(1, wire.bytes)
				.bytes(writeNodeProto({ operator: "Identity", inputs: [name], outputs: [output] }));
			added.push({ ...constant, name });
		} else if (
			node !== undefined &&
			[...node.attributes.values()].some(holdsGraphs) &&
			!holdsOpenGraphs(node)
		) {
			writer.tag(1, wire.bytes).fork();
			writeWithoutBodies(node.bytes, writer);
			writer.join();
		} else if (weight !== null) {
			added.push(weight);
		} else {
			writer.raw(whole);
		}
	}
	// Behind the model's own inputs, which callers pass by position.
	for (const { name, dataType, shape } of added) {
		if (!inputs.has(name)) writer.tag(11, wire.bytes).bytes(writeValueInfo(name, dataType, shape));
	}
	stripped.push(...added);
}

function checkFunctions(model: OnnxModel): void {
	for (const { name, nodes } of model.functions) {
		if (nodes.every((node) => constantWeight(node) === null)) continue;
		throw new OptimizeError(
			"model.op_unsupported",
			`function '${name}' holds weights in Constant nodes: write the function out, or send the model with its weights`,
			{ function: name },
		);
	}
}

function holdsGraphs(attribute: OnnxAttribute): boolean {
	return attribute.kind === "other";
}

/** Copies a NodeProto with empty subgraphs (fields 6 and 11 of AttributeProto). */
function writeWithoutBodies(node: Uint8Array, writer: BinaryWriter): void {
	for (const { field, whole, content } of listFields(node, "node")) {
		if (field !== 5 || content === null) {
			writer.raw(whole);
			continue;
		}
		writer.tag(5, wire.bytes).fork();
		for (const part of listFields(content, "attribute")) {
			if (part.field === 6 || part.field === 11) writer.tag(part.field, wire.bytes).bytes(new Uint8Array(0));
			else writer.raw(part.whole);
		}
		writer.join();
	}
}

function constantWeight(node: OnnxNode): StrippedWeight | null {
	const tensor = node.attributes.get("value")?.tensor ?? null;
	return node.operator !== "Constant" || node.domain !== "" || tensor === null ? null : weightOf(tensor, "");
}

function weightOf(tensor: OnnxTensor, name: string): StrippedWeight | null {
	const { dataType, shape } = declaredTensor(tensor, defaultImportLimits);
	if (dataType === null || !isWeight(dataType, shape)) return null;
	return { name, dataType, shape, bytes: elementCount(shape) * elementBytes(dataType) };
}

function definedNames({ graph }: OnnxModel): Set<string> {
	return new Set([
		...graph.inputs.map((input) => input.name),
		...graph.initializers.map((tensor) => tensor.name),
		...graph.nodes.flatMap((node) => node.outputs),
	]);
}

function freshName(wanted: string, names: Set<string>): string {
	let name = wanted;
	for (let attempt = 1; names.has(name); attempt++) name = `${wanted}${attempt}`;
	names.add(name);
	return name;
}
