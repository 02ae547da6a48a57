// ONNX bytes -> Graph of primitives over static shapes.
//
// The file is decoded with limits, local functions are written out, nodes are ordered, and each is handed to its
// operator's importer, which adds primitives through the GraphBuilder; shape arithmetic folds away on the way. A node
// that Kiln does not support is refused by name and costs itself only: its results become `foreign` inputs where the
// file tells their shape. Only what makes the whole model meaningless or too large is an error.

import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { InputDomain } from "#shared/graph/value-domain.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { equalShapes, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { briefList } from "./brief-text.ts";
import {
	type Bindings,
	checkDeclaration,
	createBindings,
	declarationsByName,
	staticValue,
} from "./declared-values.ts";
import { elementTypeName } from "./element-type.ts";
import { finishGraph } from "./finish-graph.ts";
import { inferForeignShape } from "./foreign-shapes.ts";
import { GraphBuilder } from "./graph-builder.ts";
import { defaultImportLimits, type ImportLimits } from "./import-limits.ts";
import { importNode } from "./import-node.ts";
import type { ImportedModel, ImportOptions, Refusal } from "./import-options.ts";
import { type FlatNode, inlineFunctions } from "./inline-functions.ts";
import type { OnnxGraph, OnnxModel, OnnxTensor, ValueInfo } from "./model.ts";
import { newestOpset } from "./operators/operator-table.ts";
import { orderNodes } from "./order-nodes.ts";
import { readModel } from "./read-model.ts";
import { declaredTensor, tensorData } from "./tensor-proto.ts";
import { createValueScope, type ValueScope } from "./value-scope.ts";
import { assignWeightRoles, strippedWeightNames } from "./weight-roles.ts";
import { isWeight } from "./weights.ts";
import { malformed } from "./wire.ts";

/** What one import carries along. */
interface Import {
	readonly model: OnnxModel;
	readonly options: ImportOptions;
	readonly limits: ImportLimits;
	readonly bindings: Bindings;
	readonly build: GraphBuilder;
	readonly scope: ValueScope;
	readonly readTensor: (tensor: OnnxTensor) => TensorData;
}

/**
 * Imports an ONNX file. Initializers are views of `bytes`, which must not change afterwards.
 * Throws `OptimizeError`: `model.malformed`, `.limits_exceeded`, `.external_data_forbidden`, `.shape_invalid`,
 * `.op_attribute_invalid` when no runtime could run the model; `.shape_unbound` naming the dimensions that want a
 * binding; `.op_unsupported` for an operator set that is unknown.
 */
export function importModel(bytes: Uint8Array, options: ImportOptions = {}): ImportedModel {
	const limits = { ...defaultImportLimits, ...options.limits };
	const model = readModel(bytes, limits);
	checkModel(model);
	const flat = inlineFunctions(model, limits);
	const nodes = orderNodes(
		flat,
		givenNames(model.graph),
		model.graph.outputs.map((output) => output.name),
	);
	const state = beginImport(model, options, limits);
	bindInitializers(state);
	const unboundDimensions = bindInputs(state, nodes);
	const { refusals, refusedNodes } = importNodes(state, nodes);
	const outputs = collectOutputs(state, refusedNodes);
	const graph = assignWeightRoles(
		finishGraph(model.graph.name, state.build, outputs),
		options.weights ?? "auto",
		strippedWeightNames(model),
	);
	const { irVersion, producer } = model;
	return {
		graph,
		refusals,
		opset: model.opsets.get("") ?? 0,
		irVersion,
		producer,
		unboundDimensions,
		domains: inputDomains(state.build),
	};
}

/** Of inputs that operators read as they are. */
function inputDomains(build: GraphBuilder): InputDomain[] {
	return build.inputs.flatMap(({ value, role }) => {
		const values = role === "foreign" ? undefined : build.domains.get(value);
		return values === undefined ? [] : [{ input: build.value(value).name, values }];
	});
}

function checkModel(model: OnnxModel): void {
	const { graph } = model;
	const opset = model.opsets.get("");
	if (opset !== undefined && (opset < 1 || opset > newestOpset)) {
		throw new OptimizeError(
			"model.op_unsupported",
			`the model imports opset ${opset} of ai.onnx: supported up to ${newestOpset}`,
			{ found: opset, newest: newestOpset },
		);
	}
	if (graph.outputs.length === 0) malformed("the graph has no outputs");
	if (graph.sparseInitializers > 0) {
		throw new OptimizeError(
			"model.type_unsupported",
			"the graph has sparse initializers: only dense ones are supported",
		);
	}
	for (const [what, list] of [
		["input", graph.inputs],
		["output", graph.outputs],
		["initializer", graph.initializers],
	] as const) {
		const seen = new Set<string>();
		for (const { name } of list) {
			if (name === "" || seen.has(name))
				malformed(`${what} '${name}' is unnamed or declared twice`, { name });
			seen.add(name);
		}
	}
}

function givenNames(graph: OnnxGraph): Set<string> {
	return new Set([...graph.inputs, ...graph.initializers].map((given) => given.name));
}

function beginImport(model: OnnxModel, options: ImportOptions, limits: ImportLimits): Import {
	const sources = model.graph.nodes.map(({ name, operator, domain }, index) => ({
		index,
		name,
		operator,
		domain,
	}));
	const external = options.externalData ?? new Map<string, Uint8Array>();
	return {
		model,
		options,
		limits,
		bindings: createBindings(model.graph, options.shapes ?? {}),
		build: new GraphBuilder(limits, sources),
		scope: createValueScope(),
		readTensor: (tensor) => tensorData(tensor, limits, external),
	};
}

function bindInitializers({ model, build, scope, limits, readTensor }: Import): void {
	const inputs = new Map(model.graph.inputs.map((info) => [info.name, info]));
	for (const tensor of model.graph.initializers) {
		const { dataType, shape } = declaredTensor(tensor, limits);
		if (dataType === null) {
			const reason = `initializer '${tensor.name}' is of type ${elementTypeName(tensor.elementType)}`;
			scope.bindUnavailable(tensor.name, { code: "model.type_unsupported", reason });
			continue;
		}
		const info = inputs.get(tensor.name);
		if (info !== undefined) checkDeclaration("input", info, dataType, shape);
		const data = readTensor(tensor);
		const value = isWeight(dataType, shape)
			? build.weight(data, tensor.name)
			: build.constant(data, tensor.name);
		scope.bind(tensor.name, value);
	}
}

/** Binds the inputs that are no initializers; returns the dynamic dimensions that nothing bound and no node needs. */
function bindInputs(
	{ model, options, build, scope, bindings }: Import,
	nodes: readonly FlatNode[],
): string[] {
	const initialized = new Set(model.graph.initializers.map((tensor) => tensor.name));
	const used = readNames(model.graph, nodes);
	const needed = new Set<string>();
	const unneeded = new Set<string>();
	for (const info of model.graph.inputs) {
		if (initialized.has(info.name)) continue;
		const shape = bindings.shape(info);
		const found = staticValue(info, bindings);
		if (found !== null) {
			const value = options.inputValues?.get(info.name);
			scope.bind(
				info.name,
				value === undefined
					? build.input(info.name, found.dataType, found.shape, "activation")
					: build.constant(checkInputValue(info.name, value, found), info.name),
			);
		} else if (shape !== null && "unbound" in shape) {
			for (const key of shape.unbound) (used.has(info.name) ? needed : unneeded).add(key);
		} else {
			scope.bindUnavailable(info.name, unavailableInput(info));
		}
	}
	if (needed.size > 0) refuseUnbound([...needed]);
	return [...unneeded];
}

/** Names that a node reads or the model returns. */
function readNames(graph: OnnxGraph, nodes: readonly FlatNode[]): Set<string> {
	const names = new Set(graph.outputs.map((output) => output.name));
	for (const { node } of nodes) {
		for (const name of node.inputs) if (name !== "") names.add(name);
	}
	return names;
}

function unavailableInput(info: ValueInfo): Parameters<ValueScope["bindUnavailable"]>[1] {
	if (info.otherKind !== null) {
		return {
			code: "model.type_unsupported",
			reason: `input '${info.name}' is a ${info.otherKind}, not a tensor`,
		};
	}
	if (info.elementType !== null && info.extents !== null) {
		const found = elementTypeName(info.elementType);
		return { code: "model.type_unsupported", reason: `input '${info.name}' is of type ${found}` };
	}
	return { code: "model.shape_unbound", reason: `input '${info.name}' is declared without type or rank` };
}

function refuseUnbound(names: readonly string[]): never {
	throw new OptimizeError(
		"model.shape_unbound",
		`dynamic dimensions ${briefList(names)} have no extent: bind each (\`--shape ${names[0]}=N\`, or \`shapes\` in the request)`,
		{ dimensions: names },
	);
}

function importNodes(
	state: Import,
	nodes: readonly FlatNode[],
): { readonly refusals: readonly Refusal[]; readonly refusedNodes: readonly FlatNode[] } {
	const declared = declarationsByName(state.model.graph);
	const refusals: Refusal[] = [];
	const refusedNodes: FlatNode[] = [];
	const wanted = readNames(state.model.graph, nodes);
	for (const flat of nodes) {
		const refusal = importNode(
			flat,
			state.build,
			state.scope,
			state.readTensor,
			wanted,
			state.options.windows,
		);
		if (refusal === null) continue;
		refusals.push(refusal);
		refusedNodes.push(flat);
		bindForeign(state, flat, declared);
	}
	return { refusals, refusedNodes };
}

function checkInputValue(
	name: string,
	value: TensorData,
	declared: { readonly dataType: DataType; readonly shape: Shape },
): TensorData {
	if (value.dataType !== declared.dataType || !equalShapes(value.shape, declared.shape)) {
		throw new OptimizeError(
			"request.invalid",
			`the value of input '${name}' is ${value.dataType} [${value.shape.join(", ")}], the model declares ${declared.dataType} [${declared.shape.join(", ")}]`,
			{ input: name },
		);
	}
	return value;
}

/** Makes a refused node's results inputs of the graph where type and shape are known. */
function bindForeign(state: Import, flat: FlatNode, declared: ReadonlyMap<string, ValueInfo>): void {
	const { build, scope, bindings } = state;
	const { node } = flat;
	const inferred = inferForeignShape(node, build, scope);
	for (const [position, name] of node.outputs.entries()) {
		if (name === "") continue;
		const info = declared.get(name);
		const found =
			(info === undefined ? null : staticValue(info, bindings)) ?? (position === 0 ? inferred : null);
		if (found !== null) {
			scope.bind(name, build.input(name, found.dataType, found.shape, "foreign"));
			continue;
		}
		scope.bindUnavailable(name, {
			code: "model.shape_unbound",
			reason: `operand '${name}' comes from ${node.operator} node '${node.name}' (node ${flat.sourceIndex}), which was refused and whose result has no known shape`,
		});
	}
}

function collectOutputs(state: Import, refusedNodes: readonly FlatNode[]): { value: number; name: string }[] {
	const { build, scope } = state;
	const outputs: { value: number; name: string }[] = [];
	for (const info of state.model.graph.outputs) {
		const value = scope.lookup(info.name);
		if (typeof value !== "number") continue;
		checkDeclaration("output", info, build.dataTypeOf(value), build.shapeOf(value));
		outputs.push({ value, name: info.name });
	}
	const computed = new Set(build.nodes.map((node) => node.output));
	const taken = new Set(outputs.map((output) => output.name));
	for (const { node } of refusedNodes) {
		for (const name of node.inputs) {
			const value = name === "" || taken.has(name) ? null : scope.lookup(name);
			if (typeof value !== "number" || !computed.has(value)) continue;
			taken.add(name);
			outputs.push({ value, name });
		}
	}
	return outputs;
}
