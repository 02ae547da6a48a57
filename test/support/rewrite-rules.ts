// Published rewrite rules as ONNX models: a rule's graph at one of its shape instances.

import type { WrittenNode } from "#shared/onnx/write-proto.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { broadcastShapes, elementCount, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { tinyModel } from "#test/support/onnx-model.ts";

export interface RuleNode {
	readonly op: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attrs: Readonly<Record<string, number | readonly number[]>>;
}
export interface RuleGraph {
	readonly nodes: readonly RuleNode[];
	readonly outputs: readonly string[];
}
export type Instance = Readonly<Record<string, Shape>>;
export interface RuleVariant {
	readonly mutation: string;
	readonly dst: RuleGraph;
	readonly verdict: "equal" | "not_equal";
	readonly valid_instances?: readonly number[];
	readonly instance_override?: Instance;
	readonly constants?: Readonly<Record<string, number>>;
	readonly counterexample?: { readonly instance: number };
}
export interface Rule {
	readonly id: string;
	readonly src: RuleGraph;
	readonly dst: RuleGraph;
	readonly instances: readonly Instance[];
	/** By instance: extents of a Split's results, by the name of the first. */
	readonly split_sizes?: readonly Readonly<Record<string, readonly number[]>>[];
	readonly variants: readonly RuleVariant[];
}

export interface RuleModel {
	readonly graph: RuleGraph;
	readonly instance: Instance;
	readonly splitSizes?: Readonly<Record<string, readonly number[]>>;
	readonly constants?: Readonly<Record<string, number>>;
}

/** The graph's ONNX bytes. Imat… is an identity matrix and Iew… all ones, as the rules' convention has it. */
export function ruleModel(given: RuleModel): Uint8Array {
	const shapes = new Map(Object.entries(given.instance));
	const initializers: Record<string, TensorData> = {};
	for (const [name, value] of Object.entries(given.constants ?? {})) {
		shapes.set(name, []);
		initializers[name] = writeElements("float32", [], [value]);
	}
	const inputs: Record<string, Shape> = {};
	for (const [name, shape] of Object.entries(given.instance)) {
		const constant = constantNamed(name, shape);
		if (constant === null) inputs[name] = shape;
		else initializers[name] = constant;
	}
	const producers = new Map<string, RuleNode>();
	const nodes = given.graph.nodes.map((node): WrittenNode => {
		for (const output of node.outputs) producers.set(output, node);
		const sizes = node.op === "Split" ? splitSizes(node, given, producers, shapes) : [];
		resultShapes(
			node,
			node.inputs.map((name) => shapeNamed(shapes, name)),
			sizes,
		).forEach((shape, at) => {
			shapes.set(node.outputs[at] ?? "", shape);
		});
		const sizesName = `${node.outputs[0]}_sizes`;
		if (node.op === "Split") initializers[sizesName] = writeElements("int64", [sizes.length], sizes);
		return {
			operator: node.op,
			inputs: node.op === "Split" ? [...node.inputs, sizesName] : node.inputs,
			outputs: node.outputs,
			attributes: node.attrs,
		};
	});
	const outputs = Object.fromEntries(given.graph.outputs.map((name) => [name, shapeNamed(shapes, name)]));
	return tinyModel({ nodes, inputs, outputs, initializers });
}

function constantNamed(name: string, shape: Shape): TensorData | null {
	const [columns = 1] = shape.slice(-1);
	const count = elementCount(shape);
	if (name.startsWith("Imat")) {
		const isDiagonal = (at: number): boolean => Math.floor(at / columns) === at % columns;
		return writeElements(
			"float32",
			shape,
			Array.from({ length: count }, (_, at) => (isDiagonal(at) ? 1 : 0)),
		);
	}
	return name.startsWith("Iew") ? writeElements("float32", shape, new Array<number>(count).fill(1)) : null;
}

function shapeNamed(shapes: ReadonlyMap<string, Shape>, name: string): Shape {
	const shape = shapes.get(name);
	if (shape === undefined) throw new Error(`the rule reads '${name}' before it is made`);
	return shape;
}

const numberOf = (value: number | readonly number[] | undefined): number =>
	typeof value === "number" ? value : 0;

/** What is given, or else where the nearest concatenation along the same axis joined. */
function splitSizes(
	node: RuleNode,
	{ splitSizes: given }: RuleModel,
	producers: ReadonlyMap<string, RuleNode>,
	shapes: ReadonlyMap<string, Shape>,
): readonly number[] {
	const stated = given?.[node.outputs[0] ?? ""];
	if (stated !== undefined) return stated;
	const axis = numberOf(node.attrs.axis);
	const pending = node.inputs.map((name) => ({ name, axis }));
	for (let place = pending.shift(); place !== undefined; place = pending.shift()) {
		const along = place.axis;
		const producer = producers.get(place.name);
		if (producer?.op === "Concat" && numberOf(producer.attrs.axis) === along)
			return producer.inputs.map((input) => shapeNamed(shapes, input)[along] ?? 1);
		const before = producer?.op === "Transpose" ? 1 - along : along;
		pending.push(...(producer?.inputs ?? []).map((name) => ({ name, axis: before })));
	}
	throw new Error(`Split of '${node.inputs[0]}' has no concatenation before it`);
}

function resultShapes(node: RuleNode, operands: readonly Shape[], sizes: readonly number[]): Shape[] {
	const [first = [], second = []] = operands;
	const axis = numberOf(node.attrs.axis);
	switch (node.op) {
		case "MatMul":
			return [[...first.slice(0, -1), second.at(-1) ?? 1]];
		case "Conv":
			return [[first[0] ?? 1, second[0] ?? 1, ...first.slice(2)]];
		case "Concat":
			return [
				first.toSpliced(
					axis,
					1,
					operands.reduce((sum, shape) => sum + (shape[axis] ?? 1), 0),
				),
			];
		case "Split":
			return sizes.map((size) => first.toSpliced(axis, 1, size));
		case "Transpose":
			return [first.toReversed()];
		case "Relu":
			return [first];
		default: {
			const shape = broadcastShapes(first, second);
			if (shape === null) throw new Error(`${node.op} of [${first}] and [${second}]`);
			return [shape];
		}
	}
}
