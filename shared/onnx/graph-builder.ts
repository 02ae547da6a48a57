// A growing Graph. Importers of ONNX operators call one method a primitive; the builder infers shapes and types, refuses
// operands that do not fit, drops primitives that change nothing, and folds what is known already.
//
// Folding is what makes shape arithmetic vanish: a primitive of small known operands becomes a constant, through the
// float64 reference interpreter. Weights (large float initializers) are constants too, but never folded and never
// read by importers: a model whose weights were stripped must import to the same program.

import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type {
	BinaryOperator,
	GraphInput,
	GraphNode,
	PadNode,
	ReduceOperator,
	SourceNode,
	UnaryOperator,
	Value,
	ValueId,
} from "#shared/graph/graph.ts";
import { intersectDomains, type ValueDomain } from "#shared/graph/value-domain.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { elementCount, equalShapes, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { normalizeAxes, normalizeAxis } from "./axes.ts";
import { type FoldBudget, foldNode, type NodeDraft } from "./fold.ts";
import * as shapes from "./primitive-shapes.ts";

export interface BuilderLimits {
	/** Primitive nodes in one graph. */
	readonly nodesMax: number;
	/** Elements of one value. */
	readonly elementsMax: number;
	/** Axes of one value. */
	readonly rankMax: number;
	/** Element operations spent on folding in one import. */
	readonly foldedElementsMax: number;
}

export const defaultBuilderLimits: BuilderLimits = {
	nodesMax: 200_000,
	// 8 GiB of float32: larger than any tensor of a model that one machine serves, small enough for exact arithmetic.
	elementsMax: 2 ** 31,
	rankMax: 16,
	foldedElementsMax: 8 * 2 ** 20,
};

/** 32 MiB of int64. */
const positionsMax = 2 ** 22;

export class GraphBuilder {
	readonly limits: BuilderLimits;
	readonly inputs: GraphInput[] = [];
	readonly constants = new Map<ValueId, TensorData>();
	readonly nodes: GraphNode[] = [];
	/** The file's nodes, in its order. */
	readonly sources: readonly SourceNode[];
	/** What operators demand of their integer operands. */
	readonly domains = new Map<ValueId, ValueDomain>();
	readonly #values: { name: string; readonly dataType: DataType; readonly shape: Shape }[] = [];
	readonly #weights = new Set<ValueId>();
	readonly #scalars = new Map<string, ValueId>();
	readonly #budget: FoldBudget;

	#source = 0;

	constructor(limits: BuilderLimits = defaultBuilderLimits, sources: readonly SourceNode[] = []) {
		this.limits = limits;
		this.sources = sources;
		this.#budget = { elementsLeft: limits.foldedElementsMax };
	}

	/** Primitives added from now on belong to this ONNX node (an index into `sources`). */
	beginSource(source: number): void {
		this.#source = source;
	}

	get values(): readonly Value[] {
		return this.#values;
	}
	value(id: ValueId): Value {
		return present(this.#values[id], `value ${id} exists`);
	}
	shapeOf(id: ValueId): Shape {
		return this.value(id).shape;
	}
	dataTypeOf(id: ValueId): DataType {
		return this.value(id).dataType;
	}
	/** Gives a made value the name that the model uses for it; values of the model itself keep theirs. */
	nameValue(id: ValueId, name: string): void {
		const value = present(this.#values[id], `value ${id} exists`);
		if (value.name === "") value.name = name;
	}

	/** Notes that an operator is defined only where every element of an integer operand is one of these numbers. */
	demandDomain(id: ValueId, values: ValueDomain): void {
		const known = this.domains.get(id);
		this.domains.set(id, known === undefined ? values : intersectDomains(known, values));
	}

	/** The bytes of a constant that is known at import; null for computed values, inputs and weights. */
	constantOf(id: ValueId): TensorData | null {
		return this.#weights.has(id) ? null : (this.constants.get(id) ?? null);
	}
	/** The elements of a constant known at import (64-bit integers beyond 2^53 rounded), or null. */
	constantNumbers(id: ValueId): number[] | null {
		const constant = this.constantOf(id);
		return constant === null ? null : Array.from(readElements(constant));
	}

	input(name: string, dataType: DataType, shape: Shape, role: GraphInput["role"]): ValueId {
		const value = this.#addValue(name, dataType, shape);
		this.inputs.push({ value, role });
		return value;
	}
	constant(data: TensorData, name = ""): ValueId {
		const value = this.#addValue(name, data.dataType, data.shape);
		this.constants.set(value, data);
		return value;
	}
	/** A constant that is never folded nor read by importers. */
	weight(data: TensorData, name: string): ValueId {
		const value = this.constant(data, name);
		this.#weights.add(value);
		return value;
	}
	/** A constant of rank 0; one value for equal requests. */
	scalar(value: number, dataType: DataType): ValueId {
		const key = `${dataType} ${Object.is(value, -0) ? "-0" : value}`;
		const known = this.#scalars.get(key);
		if (known !== undefined) return known;
		const id = this.constant(writeElements(dataType, [], [value]));
		this.#scalars.set(key, id);
		return id;
	}
	/** The int64 vector 0, 1, …, count - 1. Throws `model.limits_exceeded` beyond `positionsMax`. */
	positions(count: number): ValueId {
		if (count > positionsMax) {
			throw new OptimizeError(
				"model.limits_exceeded",
				`${count} positions on one axis: at most ${positionsMax}`,
				{
					count,
					limit: positionsMax,
				},
			);
		}
		return this.integers(Array.from({ length: count }, (_, position) => position));
	}
	/** A constant int64 vector. */
	integers(values: readonly number[]): ValueId {
		return this.constant(writeElements("int64", [values.length], values));
	}

	unary(operator: UnaryOperator, input: ValueId): ValueId {
		const { dataType, shape } = this.value(input);
		return this.#emit({ kind: "unary", operator, input }, shapes.unaryType(operator, dataType), shape);
	}
	binary(operator: BinaryOperator, left: ValueId, right: ValueId): ValueId {
		const dataType = shapes.binaryType(operator, this.dataTypeOf(left), this.dataTypeOf(right));
		const shape = shapes.broadcastOf([this.shapeOf(left), this.shapeOf(right)]);
		return this.#emit({ kind: "binary", operator, left, right }, dataType, shape);
	}
	/** `condition` is bool; the branches have one type. */
	select(condition: ValueId, whenTrue: ValueId, whenFalse: ValueId): ValueId {
		shapes.binaryType("and", this.dataTypeOf(condition), "bool");
		shapes.binaryType("equal", this.dataTypeOf(whenTrue), this.dataTypeOf(whenFalse));
		const shape = shapes.broadcastOf([condition, whenTrue, whenFalse].map((id) => this.shapeOf(id)));
		return this.#emit({ kind: "select", condition, whenTrue, whenFalse }, this.dataTypeOf(whenTrue), shape);
	}
	cast(input: ValueId, dataType: DataType): ValueId {
		if (this.dataTypeOf(input) === dataType) return input;
		return this.#emit({ kind: "cast", input }, dataType, this.shapeOf(input));
	}
	/** [..., m, k] by [..., k, n]; both of rank 2 or more and of one type. */
	matmul(left: ValueId, right: ValueId): ValueId {
		const dataType = shapes.binaryType("multiply", this.dataTypeOf(left), this.dataTypeOf(right));
		const shape = shapes.matmulShape(this.shapeOf(left), this.shapeOf(right));
		return this.#emit({ kind: "matmul", left, right }, dataType, shape);
	}
	/** `axes` may count from the end; no axes means nothing to reduce. */
	reduce(
		operator: ReduceOperator,
		input: ValueId,
		axes: readonly number[],
		keepDimensions: boolean,
	): ValueId {
		const { dataType, shape } = this.value(input);
		const over = normalizeAxes(axes, shape.length);
		if (over.length === 0) return input;
		const draft: NodeDraft = { kind: "reduce", operator, input, axes: over, keepDimensions };
		return this.#emit(draft, dataType, shapes.reduceShape(shape, over, keepDimensions));
	}
	cumulativeSum(input: ValueId, axis: number, exclusive: boolean, reverse: boolean): ValueId {
		const { dataType, shape } = this.value(input);
		const at = normalizeAxis(axis, shape.length);
		return this.#emit({ kind: "cumulativeSum", input, axis: at, exclusive, reverse }, dataType, shape);
	}
	/** `shape` is explicit: no 0 or -1 placeholders. */
	reshape(input: ValueId, shape: Shape): ValueId {
		const from = this.shapeOf(input);
		shapes.checkReshape(from, shape);
		if (equalShapes(from, shape)) return input;
		return this.#emit({ kind: "reshape", input }, this.dataTypeOf(input), shape);
	}
	transpose(input: ValueId, permutation: readonly number[]): ValueId {
		const { dataType, shape } = this.value(input);
		shapes.checkPermutation(permutation, shape.length);
		if (permutation.every((from, axis) => from === axis)) return input;
		const result = permutation.map((from) => shape[from] ?? 1);
		return this.#emit({ kind: "transpose", input, permutation }, dataType, result);
	}
	broadcast(input: ValueId, shape: Shape): ValueId {
		const from = this.shapeOf(input);
		shapes.checkBroadcast(from, shape);
		if (equalShapes(from, shape)) return input;
		return this.#emit({ kind: "broadcast", input }, this.dataTypeOf(input), shape);
	}
	concat(inputs: readonly ValueId[], axis: number): ValueId {
		const first = inputs[0] ?? shapes.shapeInvalid("concatenation of nothing");
		const at = normalizeAxis(axis, this.shapeOf(first).length);
		const dataType = this.dataTypeOf(first);
		for (const input of inputs) shapes.binaryType("equal", dataType, this.dataTypeOf(input));
		const shape = shapes.concatShape(
			inputs.map((id) => this.shapeOf(id)),
			at,
		);
		if (inputs.length === 1) return first;
		return this.#emit({ kind: "concat", inputs, axis: at }, dataType, shape);
	}
	/** output[i] = input[starts + i * steps], `sizes` elements; one entry an axis, all inside the input. */
	slice(input: ValueId, starts: readonly number[], sizes: Shape, steps: readonly number[]): ValueId {
		const { dataType, shape } = this.value(input);
		shapes.checkSlice(shape, starts, sizes, steps);
		const whole =
			equalShapes(shape, sizes) && starts.every((at) => at === 0) && steps.every((by) => by === 1);
		return whole ? input : this.#emit({ kind: "slice", input, starts, steps }, dataType, sizes);
	}
	/** Adds `before` and `after` elements to each axis; negative counts crop. `fill`: a scalar of the input's type, null = 0. */
	pad(
		input: ValueId,
		before: readonly number[],
		after: readonly number[],
		mode: PadNode["mode"],
		fill: ValueId | null,
	): ValueId {
		const { dataType, shape } = this.value(input);
		const result = shape.map((extent, axis) => extent + (before[axis] ?? 0) + (after[axis] ?? 0));
		shapes.checkExtents(result);
		if (before.every((count) => count === 0) && after.every((count) => count === 0)) return input;
		return this.#emit({ kind: "pad", input, before, mode, fill }, dataType, result);
	}
	gather(data: ValueId, indices: ValueId, axis: number): ValueId {
		const { dataType, shape } = this.value(data);
		const at = normalizeAxis(axis, shape.length);
		const result = shapes.gatherShape(shape, this.shapeOf(indices), at);
		return this.#emit({ kind: "gather", data, indices, axis: at }, dataType, result);
	}
	gatherElements(data: ValueId, indices: ValueId, axis: number): ValueId {
		const { dataType, shape } = this.value(data);
		const at = normalizeAxis(axis, shape.length);
		const result = shapes.gatherElementsShape(shape, this.shapeOf(indices), at);
		return this.#emit({ kind: "gatherElements", data, indices, axis: at }, dataType, result);
	}
	gatherNd(data: ValueId, indices: ValueId, batchAxes: number): ValueId {
		const { dataType, shape } = this.value(data);
		const result = shapes.gatherNdShape(shape, this.shapeOf(indices), batchAxes);
		return this.#emit({ kind: "gatherNd", data, indices, batchAxes }, dataType, result);
	}

	#emit(draft: NodeDraft, dataType: DataType, shape: Shape): ValueId {
		this.#checkSize(shape);
		const folded = foldNode(draft, { dataType, shape }, (id) => this.constantOf(id), this.#budget);
		if (folded !== null) return this.constant(folded);
		if (this.nodes.length >= this.limits.nodesMax) {
			throw new OptimizeError(
				"model.limits_exceeded",
				`the model needs more than ${this.limits.nodesMax} primitive operators`,
				{ limit: this.limits.nodesMax },
			);
		}
		const output = this.#addValue("", dataType, shape);
		this.nodes.push({ ...draft, output, source: this.#source });
		return output;
	}
	#addValue(name: string, dataType: DataType, shape: Shape): ValueId {
		this.#checkSize(shape);
		this.#values.push({ name, dataType, shape });
		return this.#values.length - 1;
	}
	#checkSize(shape: Shape): void {
		const { rankMax, elementsMax } = this.limits;
		const elements = elementCount(shape);
		if (shape.length > rankMax || elements > elementsMax) {
			throw new OptimizeError(
				"model.limits_exceeded",
				`a tensor of shape ${shapes.formatShape(shape)}: more than ${rankMax} axes or ${elementsMax} elements`,
				{ rankMax, elementsMax },
			);
		}
	}
}
