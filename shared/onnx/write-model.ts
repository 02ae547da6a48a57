// Primitives -> ONNX bytes that any runtime loads: how a program, or a part of one, is given to a peer to run.

import { present } from "#shared/fault/assert.ts";
import { type Graph, type GraphNode, nodeOperands, type ValueId } from "#shared/graph/graph.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { codeOfDataType } from "./element-type.ts";
import { writeTensorProto } from "./tensor-proto.ts";
import { type WrittenNode, writeModelProto, writeNodeProto, writeValueInfo } from "./write-proto.ts";

/** Reductions and pads take their axes as operands from opset 18 on, which is also where the bitwise operators begin. */
const writtenOpset = 18;
const writtenIrVersion = 8;

/** Nodes of a graph with what goes in and out. */
export interface GraphPart {
	readonly graph: Graph;
	/** In the graph's order. */
	readonly nodes: readonly GraphNode[];
	readonly inputs: readonly ValueId[];
	readonly outputs: readonly { readonly value: ValueId; readonly name: string }[];
}

/** The whole graph as a part. */
export function wholeGraph(graph: Graph): GraphPart {
	return {
		graph,
		nodes: graph.nodes,
		inputs: graph.inputs.map((input) => input.value),
		outputs: graph.outputs,
	};
}

/**
 * ONNX bytes of a part. Inputs and outputs keep their names where those are unique. Constants that the part reads become
 * initializers, as do inputs named in `initializers` (weights, so that a runtime may pack them).
 */
export function writeModel(
	part: GraphPart,
	initializers: ReadonlyMap<ValueId, TensorData> = new Map(),
): Uint8Array {
	const { graph } = part;
	const names = nameValues(part);
	const nameOf = (value: ValueId): string => present(names.get(value), "a value of the part has a name");
	const nodes: Uint8Array[] = [];
	const tensors: Uint8Array[] = [];
	const addConstant = (data: TensorData): string => {
		const name = `kiln.operand_${tensors.length}`;
		tensors.push(writeTensorProto(name, data));
		return name;
	};
	const inner = new Set(part.inputs);
	const addTensor = (value: ValueId, data: TensorData | undefined): void => {
		if (data !== undefined) tensors.push(writeTensorProto(nameOf(value), data));
	};
	for (const value of part.inputs) addTensor(value, initializers.get(value));
	for (const node of part.nodes) {
		for (const value of nodeOperands(node)) {
			if (inner.has(value)) continue;
			inner.add(value);
			addTensor(value, graph.constants.get(value));
		}
		inner.add(node.output);
		const context: WriteContext = { graph, nameOf, addConstant, outputs: [nameOf(node.output)] };
		for (const written of writers[node.kind](node as never, context)) nodes.push(writeNodeProto(written));
	}
	for (const { value, name } of part.outputs) {
		if (nameOf(value) === name) continue;
		if (!inner.has(value)) addTensor(value, graph.constants.get(value));
		inner.add(value);
		nodes.push(writeNodeProto({ operator: "Identity", inputs: [nameOf(value)], outputs: [name] }));
	}
	const info = (value: ValueId, name: string): Uint8Array => {
		const { dataType, shape } = present(graph.values[value], "a value of the graph");
		return writeValueInfo(name, dataType, shape);
	};
	return writeModelProto({
		irVersion: writtenIrVersion,
		opsets: new Map([["", writtenOpset]]),
		graphName: "kiln",
		nodes,
		initializers: tensors,
		inputs: part.inputs
			.filter((value) => !initializers.has(value))
			.map((value) => info(value, nameOf(value))),
		outputs: part.outputs.map(({ value, name }) => info(value, name)),
	});
}

/** Computed outputs take their output's name, inputs their own; all others, and second uses of a name, are numbered. */
function nameValues(part: GraphPart): ReadonlyMap<ValueId, string> {
	const names = new Map<ValueId, string>();
	const taken = new Set(part.outputs.map((output) => output.name));
	const computed = new Set(part.nodes.map((node) => node.output));
	for (const { value, name } of part.outputs) {
		if (computed.has(value) && !names.has(value)) names.set(value, name);
	}
	const nameOthers = (value: ValueId, wanted: string): void => {
		if (names.has(value)) return;
		const name = wanted !== "" && !taken.has(wanted) ? wanted : `kiln.value_${value}`;
		taken.add(name);
		names.set(value, name);
	};
	for (const value of part.inputs) nameOthers(value, part.graph.values[value]?.name ?? "");
	for (const node of part.nodes) {
		for (const value of [...nodeOperands(node), node.output]) nameOthers(value, "");
	}
	for (const { value } of part.outputs) nameOthers(value, "");
	return names;
}

interface WriteContext {
	readonly graph: Graph;
	readonly nameOf: (value: ValueId) => string;
	/** Adds an initializer and returns its name. */
	readonly addConstant: (data: TensorData) => string;
	/** The node's result. */
	readonly outputs: readonly string[];
}

const unaryNames: Readonly<Record<Extract<GraphNode, { kind: "unary" }>["operator"], string>> = {
	abs: "Abs",
	negate: "Neg",
	exp: "Exp",
	log: "Log",
	sqrt: "Sqrt",
	reciprocal: "Reciprocal",
	erf: "Erf",
	sigmoid: "Sigmoid",
	sin: "Sin",
	cos: "Cos",
	tan: "Tan",
	asin: "Asin",
	acos: "Acos",
	atan: "Atan",
	sinh: "Sinh",
	cosh: "Cosh",
	tanh: "Tanh",
	asinh: "Asinh",
	acosh: "Acosh",
	atanh: "Atanh",
	floor: "Floor",
	ceil: "Ceil",
	roundHalfEven: "Round",
	sign: "Sign",
	not: "Not",
	bitwiseNot: "BitwiseNot",
	isNaN: "IsNaN",
	isInfinite: "IsInf",
};

type BinaryName = readonly [operator: string, attributes?: WrittenNode["attributes"]];

const binaryNames: Readonly<Record<Extract<GraphNode, { kind: "binary" }>["operator"], BinaryName>> = {
	add: ["Add"],
	subtract: ["Sub"],
	multiply: ["Mul"],
	divide: ["Div"],
	power: ["Pow"],
	maximum: ["Max"],
	minimum: ["Min"],
	remainder: ["Mod"],
	fmod: ["Mod", { fmod: 1 }],
	equal: ["Equal"],
	less: ["Less"],
	lessOrEqual: ["LessOrEqual"],
	greater: ["Greater"],
	greaterOrEqual: ["GreaterOrEqual"],
	and: ["And"],
	or: ["Or"],
	xor: ["Xor"],
	bitwiseAnd: ["BitwiseAnd"],
	bitwiseOr: ["BitwiseOr"],
	bitwiseXor: ["BitwiseXor"],
	shiftLeft: ["BitShift", { direction: "LEFT" }],
	shiftRight: ["BitShift", { direction: "RIGHT" }],
};

const reduceNames = { sum: "ReduceSum", max: "ReduceMax", min: "ReduceMin", product: "ReduceProd" } as const;

const integers = (values: readonly number[]): TensorData => writeElements("int64", [values.length], values);

const shapeOf = ({ graph }: WriteContext, value: ValueId): readonly number[] =>
	present(graph.values[value], "a value of the graph").shape;

/** Floats have no integer Mod: x - floor(x / y) · y. */
function floatRemainder(left: string, right: string, output: string): WrittenNode[] {
	const step = (operator: string, inputs: string[], suffix: string): WrittenNode => ({
		operator,
		inputs,
		outputs: [`${output}.${suffix}`],
	});
	return [
		step("Div", [left, right], "ratio"),
		step("Floor", [`${output}.ratio`], "floor"),
		step("Mul", [`${output}.floor`, right], "whole"),
		{ operator: "Sub", inputs: [left, `${output}.whole`], outputs: [output] },
	];
}

const writers: {
	readonly [K in GraphNode["kind"]]: (
		node: Extract<GraphNode, { kind: K }>,
		context: WriteContext,
	) => readonly WrittenNode[];
} = {
	unary: (node, { nameOf, outputs }) => [
		{ operator: unaryNames[node.operator], inputs: [nameOf(node.input)], outputs },
	],
	binary: (node, { graph, nameOf, outputs }) => {
		const [operator, attributes = {}] = binaryNames[node.operator];
		const [left, right] = [nameOf(node.left), nameOf(node.right)];
		const { dataType } = present(graph.values[node.left], "a value of the graph");
		if (node.operator === "remainder" && isFloat(dataType))
			return floatRemainder(left, right, outputs[0] ?? "");
		return [{ operator, inputs: [left, right], outputs, attributes }];
	},
	select: (node, { nameOf, outputs }) => [
		{ operator: "Where", inputs: [node.condition, node.whenTrue, node.whenFalse].map(nameOf), outputs },
	],
	cast: (node, { graph, nameOf, outputs }) => {
		const { dataType } = present(graph.values[node.output], "a value of the graph");
		const attributes = { to: codeOfDataType(dataType) };
		return [{ operator: "Cast", inputs: [nameOf(node.input)], outputs, attributes }];
	},
	matmul: (node, { nameOf, outputs }) => [
		{ operator: "MatMul", inputs: [nameOf(node.left), nameOf(node.right)], outputs },
	],
	reduce: (node, { nameOf, addConstant, outputs }) => [
		{
			operator: reduceNames[node.operator],
			inputs: [nameOf(node.input), addConstant(integers(node.axes))],
			outputs,
			attributes: { keepdims: node.keepDimensions ? 1 : 0 },
		},
	],
	cumulativeSum: (node, { nameOf, addConstant, outputs }) => [
		{
			operator: "CumSum",
			inputs: [nameOf(node.input), addConstant(writeElements("int64", [], [node.axis]))],
			outputs,
			attributes: { exclusive: node.exclusive ? 1 : 0, reverse: node.reverse ? 1 : 0 },
		},
	],
	reshape: (node, context) => [
		{
			operator: "Reshape",
			inputs: [context.nameOf(node.input), context.addConstant(integers(shapeOf(context, node.output)))],
			outputs: context.outputs,
			attributes: { allowzero: 1 },
		},
	],
	transpose: (node, { nameOf, outputs }) => [
		{ operator: "Transpose", inputs: [nameOf(node.input)], outputs, attributes: { perm: node.permutation } },
	],
	broadcast: (node, context) => [
		{
			operator: "Expand",
			inputs: [context.nameOf(node.input), context.addConstant(integers(shapeOf(context, node.output)))],
			outputs: context.outputs,
		},
	],
	concat: (node, { nameOf, outputs }) => [
		{ operator: "Concat", inputs: node.inputs.map(nameOf), outputs, attributes: { axis: node.axis } },
	],
	slice: (node, context) => {
		const [extents, sizes] = [shapeOf(context, node.input), shapeOf(context, node.output)];
		// A negative end counts from the end: one before the first element is written as -(extent + 1).
		const ends = node.starts.map((start, axis) => {
			const end = start + (sizes[axis] ?? 0) * (node.steps[axis] ?? 1);
			return end < 0 ? -((extents[axis] ?? 0) + 1) : end;
		});
		const operands = [node.starts, ends, [...node.starts.keys()], node.steps];
		const inputs = [
			context.nameOf(node.input),
			...operands.map((values) => context.addConstant(integers(values))),
		];
		return [{ operator: "Slice", inputs, outputs: context.outputs }];
	},
	pad: (node, context) => {
		const [extents, sizes] = [shapeOf(context, node.input), shapeOf(context, node.output)];
		const after = node.before.map((before, axis) => (sizes[axis] ?? 0) - (extents[axis] ?? 0) - before);
		const inputs = [context.nameOf(node.input), context.addConstant(integers([...node.before, ...after]))];
		if (node.fill !== null) inputs.push(context.nameOf(node.fill));
		return [{ operator: "Pad", inputs, outputs: context.outputs, attributes: { mode: node.mode } }];
	},
	gather: (node, { nameOf, outputs }) => [
		{
			operator: "Gather",
			inputs: [node.data, node.indices].map(nameOf),
			outputs,
			attributes: { axis: node.axis },
		},
	],
	gatherElements: (node, { nameOf, outputs }) => [
		{
			operator: "GatherElements",
			inputs: [node.data, node.indices].map(nameOf),
			outputs,
			attributes: { axis: node.axis },
		},
	],
	gatherNd: (node, { nameOf, outputs }) => [
		{
			operator: "GatherND",
			inputs: [node.data, node.indices].map(nameOf),
			outputs,
			attributes: { batch_dims: node.batchAxes },
		},
	],
};
