// The ONNX sub-model of some of a file's nodes exactly as the user wrote them: what the peer is timed on.

import type { DataType } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { dataTypeOfCode } from "./element-type.ts";
import { defaultImportLimits } from "./import-limits.ts";
import type { OnnxModel, OnnxNode, OnnxTensor } from "./model.ts";
import { readModel } from "./read-model.ts";
import { writeTensorProto } from "./tensor-proto.ts";
import { listFields } from "./wire.ts";
import { writeModelProto, writeValueInfo } from "./write-proto.ts";

export interface ExtractRequest {
	/** Positions in the file's node list. */
	readonly sourceIndices: readonly number[];
	/** Names of the values that the sub-model is given. */
	readonly inputs: readonly string[];
	/** Names of the values that it returns. */
	readonly outputs: readonly string[];
	/** Type and shape of inputs and outputs, by name. */
	readonly valueShapes: ReadonlyMap<string, { readonly dataType: DataType; readonly shape: Shape }>;
	/** Values to write as initializers instead of inputs or of what the file computes: weights, folded constants. */
	readonly initializersFor?: ReadonlyMap<string, TensorData>;
}

/** `incomplete`: the nodes need a value that is neither given nor made by nodes that could be added. */
export type ExtractedSource =
	| { readonly kind: "model"; readonly bytes: Uint8Array }
	| { readonly kind: "incomplete"; readonly missing: string };

/**
 * The nodes of `sourceIndices`, byte for byte, under the file's own opset imports; with them come the initializers that
 * they read and, transitively, the nodes that make what is not given (constants, shape arithmetic, identities).
 * Throws what `readModel` throws. Cost: linear in the file.
 */
export function extractSource(bytes: Uint8Array, request: ExtractRequest): ExtractedSource {
	const model = readModel(bytes, defaultImportLimits);
	const found = collect(model, request);
	if (typeof found === "string") return { kind: "incomplete", missing: found };
	const given = request.initializersFor ?? new Map<string, TensorData>();
	const declare = (name: string): Uint8Array | null => {
		const value = request.valueShapes.get(name) ?? declaredValue(model, name);
		return value === null ? null : writeValueInfo(name, value.dataType, value.shape);
	};
	const inputNames = request.inputs.filter((name) => !given.has(name));
	const inputs = inputNames.map(declare);
	const outputs = request.outputs.map(declare);
	const undeclared = [...inputNames, ...request.outputs].find(
		(_, at) => [...inputs, ...outputs][at] === null,
	);
	if (undeclared !== undefined) return { kind: "incomplete", missing: undeclared };
	const isBytes = (info: Uint8Array | null): info is Uint8Array => info !== null;
	const written = writeModelProto({
		irVersion: model.irVersion,
		opsets: model.opsets,
		graphName: model.graph.name || "kiln",
		nodes: found.nodes.map((node) => node.bytes),
		initializers: found.initializers,
		inputs: inputs.filter(isBytes),
		outputs: outputs.filter(isBytes),
		functions: listFields(bytes, "model").flatMap(({ field, content }) =>
			field === 25 && content !== null ? [content] : [],
		),
	});
	return { kind: "model", bytes: written };
}

interface Collected {
	/** In the file's order. */
	readonly nodes: readonly OnnxNode[];
	readonly initializers: readonly Uint8Array[];
}

/** The nodes and initializers needed, or the name of a value that nothing gives. */
function collect({ graph }: OnnxModel, request: ExtractRequest): Collected | string {
	const given = request.initializersFor ?? new Map<string, TensorData>();
	const tensors = new Map<string, OnnxTensor>(graph.initializers.map((tensor) => [tensor.name, tensor]));
	const makers = new Map<string, number>();
	for (const [index, node] of graph.nodes.entries()) for (const name of node.outputs) makers.set(name, index);

	const inputs = new Set(request.inputs);
	const chosen = new Set<number>();
	const initializers = new Map<string, Uint8Array>();
	const pending = [...request.sourceIndices];
	for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
		const node = graph.nodes[index];
		if (node === undefined || chosen.has(index)) continue;
		chosen.add(index);
		for (const name of node.inputs) {
			const value = given.get(name);
			const tensor = tensors.get(name);
			const maker = makers.get(name);
			if (value !== undefined) initializers.set(name, writeTensorProto(name, value));
			else if (name === "" || inputs.has(name)) continue;
			else if (tensor !== undefined) initializers.set(name, tensor.bytes);
			else if (maker !== undefined) pending.push(maker);
			else return name;
		}
	}
	const kept = [...chosen].sort((a, b) => a - b);
	// A node that makes a given value must not be among those kept: the value would have two definitions.
	const nodes = kept.flatMap((index) => graph.nodes[index] ?? []);
	const clash = nodes
		.flatMap((node) => node.outputs)
		.find((name) => inputs.has(name) || initializers.has(name));
	return clash ?? { nodes, initializers: [...initializers.values()] };
}

/** What the file itself says of a value, when that is a static shape. */
function declaredValue(
	{ graph }: OnnxModel,
	name: string,
): { readonly dataType: DataType; readonly shape: Shape } | null {
	const info = [...graph.inputs, ...graph.outputs, ...graph.inner].find((value) => value.name === name);
	const dataType =
		info?.elementType === undefined || info.elementType === null ? null : dataTypeOfCode(info.elementType);
	const shape = info?.extents?.filter(
		(extent): extent is number => typeof extent === "number" && extent >= 0,
	);
	if (dataType === null || shape === undefined || shape.length !== info?.extents?.length) return null;
	return { dataType, shape };
}
