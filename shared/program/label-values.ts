// From graph values to draft nodes, on demand: `label(value, window)` asks for a part of a value and gets a node and the
// axis labels of its dimensions. Views dissolve on the way up (they change the window asked for) and on the way down
// (they re-arrange labels); inputs absorb what is left as strides. Each reading of an input gets labels of its own, so
// that self-attention can read one tensor along two axes; a computed value has one labelling for each part of it, and where
// that gives one axis two meanings (a table of angles for queries and for keys), cheap ones have one for each contraction.
// What is concatenated dissolves where it is summed: a part of the sum for each input (value-cuts.ts).

import { present } from "#shared/fault/assert.ts";
import { type Graph, type GraphNode, nodeOperands, type ValueId } from "#shared/graph/graph.ts";
import { readElements } from "#shared/tensor/elements.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { Border } from "./border.ts";
import { mapOfBinary, mapOfUnary } from "./computable.ts";
import type { Draft, DraftId, DraftNode, LabelledTensor } from "./draft.ts";
import type { MapOperator, ReduceOperator } from "./program.ts";
import { type AtomId, AxisAtoms } from "./refine-axes.ts";
import type { ValueCuts } from "./value-cuts.ts";
import {
	type DimensionWindow,
	firstPosition,
	normalizeWindow,
	type TensorWindow,
	throughReshape,
	throughSlice,
	windowCount,
	windowKey,
	windowRange,
} from "./window.ts";

type NodeOf<K extends GraphNode["kind"]> = Extract<GraphNode, { kind: K }>;
type Labeller<K extends GraphNode["kind"]> = (node: NodeOf<K>, window: TensorWindow) => LabelledTensor;

/** Nodes of a draft, before equal ones become one: parts and apart labellings repeat what is above them. */
const DRAFT_NODES_MAX = 2048;

/** How the parts of a reduction are put together. */
const combinationOf: Readonly<Record<ReduceOperator, MapOperator>> = {
	sum: "add",
	max: "maximum",
	min: "minimum",
	product: "multiply",
};

/** Builds one draft. Throws `Border` where the values cannot be one program. */
export class ValueLabeller {
	readonly draft: Draft = { atoms: new AxisAtoms(), nodes: [], tensors: [] };
	readonly #graph: Graph;
	/** The island's nodes by output; every other value is an input. */
	readonly #definitions: ReadonlyMap<ValueId, GraphNode>;
	readonly #cuts: ValueCuts;
	readonly #labelsCheapApart: boolean;
	readonly #cheap = new Map<ValueId, boolean>();
	/** The matrix product whose right operand is being labelled. */
	#side: ValueId | null = null;
	readonly #computed = new Map<string, LabelledTensor>();
	/** Elements of each matmul's and reduction's result asked for so far. */
	readonly #elementsAsked = new Map<ValueId, number>();

	/**
	 * `labelsCheapApart`: element-wise work on inputs is labelled anew for the right operand of every matrix product, so that
	 * it may run along other axes there.
	 */
	constructor(
		graph: Graph,
		definitions: ReadonlyMap<ValueId, GraphNode>,
		cuts: ValueCuts,
		{ labelsCheapApart }: { readonly labelsCheapApart: boolean },
	) {
		this.#graph = graph;
		this.#definitions = definitions;
		this.#cuts = cuts;
		this.#labelsCheapApart = labelsCheapApart;
	}

	label(value: ValueId, wanted: TensorWindow): LabelledTensor {
		const window = wanted.map(normalizeWindow);
		const node = this.#definitions.get(value);
		if (node === undefined) return this.#labelInput(value, window);
		if (isView(node)) return this.#labellers[node.kind](node as never, window);
		const side = this.#labelsCheapApart && this.#isCheap(value) ? this.#side : null;
		const key = `${value}@${windowKey(window)}${side === null ? "" : `right of ${side}`}`;
		const known = this.#computed.get(key);
		if (known !== undefined) return known;
		this.#refuseRecomputation(node, window);
		const tensor = this.#labellers[node.kind](node as never, window);
		this.#computed.set(key, tensor);
		this.draft.tensors.push(tensor);
		return tensor;
	}

	#shape(value: ValueId): Shape {
		return present(this.#graph.values[value], "value of the graph").shape;
	}

	/** Neither a matrix product nor a reduction lies above it in the island. */
	#isCheap(value: ValueId): boolean {
		const known = this.#cheap.get(value);
		if (known !== undefined) return known;
		const node = this.#definitions.get(value);
		const isCheap =
			node === undefined ||
			(node.kind !== "matmul" &&
				node.kind !== "reduce" &&
				nodeOperands(node).every((operand) => this.#isCheap(operand)));
		this.#cheap.set(value, isCheap);
		return isCheap;
	}

	#add(node: DraftNode): DraftId {
		if (this.draft.nodes.length >= DRAFT_NODES_MAX)
			throw new Border(`more than ${DRAFT_NODES_MAX} operations`);
		return this.draft.nodes.push(node) - 1;
	}

	#map(operator: MapOperator, ...operands: DraftId[]): DraftId {
		return this.#add({ kind: "map", operator, operands });
	}

	#constant(value: number): DraftId {
		return this.#add({ kind: "constant", value });
	}

	/** Overlapping parts of a costly value would be computed twice: better to store it once. */
	#refuseRecomputation(node: GraphNode, window: TensorWindow): void {
		if (node.kind !== "matmul" && node.kind !== "reduce") return;
		const asked = window.reduce((count, part) => count * windowCount(part), 1);
		const total = (this.#elementsAsked.get(node.output) ?? 0) + asked;
		this.#elementsAsked.set(node.output, total);
		if (total > elementCount(this.#shape(node.output)))
			throw new Border(`a ${node.kind} would be computed both whole and in part`);
	}

	#labelInput(value: ValueId, window: TensorWindow): LabelledTensor {
		const data = this.#graph.constants.get(value);
		if (data !== undefined && elementCount(data.shape) === 1) {
			return { node: this.#constant(scalarOf(data)), dimensions: window.map(() => []) };
		}
		const atoms = window.map(({ pieces }) => pieces.map(({ extent }) => this.draft.atoms.fresh(extent)));
		const tensor = { node: this.#add({ kind: "input", value, window, atoms }), dimensions: atoms };
		this.draft.tensors.push(tensor);
		return tensor;
	}

	/** An element-wise operand, broadcast to the result's rank: dimensions of extent 1 have no atoms. */
	#labelOperand(value: ValueId, window: TensorWindow): LabelledTensor {
		const shape = this.#shape(value);
		const missing = window.length - shape.length;
		const tensor = this.label(
			value,
			shape.map((extent, axis) => (extent === 1 ? firstPosition : (window[axis + missing] ?? firstPosition))),
		);
		return { node: tensor.node, dimensions: [...new Array(missing).fill([]), ...tensor.dimensions] };
	}

	/** Dimension by dimension, the atoms of whoever has some, unified. */
	#unify(tensors: readonly LabelledTensor[], rank: number): (readonly AtomId[])[] {
		return Array.from({ length: rank }, (_, axis) => {
			const lists = tensors.map(({ dimensions }) => dimensions[axis] ?? []).filter((list) => list.length > 0);
			const [first, ...others] = lists;
			if (first === undefined) return [];
			for (const other of others) {
				if (!this.draft.atoms.unify(first, other))
					throw new Border("two tensors split one dimension in ways that have no common refinement");
			}
			return first;
		});
	}

	#elementWise(
		operands: readonly ValueId[],
		window: TensorWindow,
		build: (ids: DraftId[]) => DraftId,
	): LabelledTensor {
		const tensors = operands.map((operand) => this.#labelOperand(operand, window));
		const dimensions = this.#unify(tensors, window.length);
		return { node: build(tensors.map(({ node }) => node)), dimensions };
	}

	#scalarConstant(value: ValueId): number | null {
		const data = this.#graph.constants.get(value);
		return data !== undefined && elementCount(data.shape) === 1 ? scalarOf(data) : null;
	}

	/** Powers by the exponents that models use become products, roots and quotients. */
	#power(base: DraftId, exponent: DraftId, constant: number | null): DraftId {
		const square = (): DraftId => this.#map("multiply", base, base);
		if (constant === 1) return base;
		if (constant === 2) return square();
		if (constant === 3) return this.#map("multiply", square(), base);
		if (constant === 0.5) return this.#map("sqrt", base);
		if (constant === -1) return this.#map("divide", this.#constant(1), base);
		if (constant === -0.5) return this.#map("divide", this.#constant(1), this.#map("sqrt", base));
		return this.#map("power", base, exponent);
	}

	#binary(node: NodeOf<"binary">, window: TensorWindow): LabelledTensor {
		return this.#elementWise([node.left, node.right], window, ([left = 0, right = 0]) => {
			if (node.operator === "power") return this.#power(left, right, this.#scalarConstant(node.right));
			if (node.operator === "xor") return this.#map("not", this.#map("equal", left, right));
			const map = present(mapOfBinary[node.operator], "a binary operator that programs hold");
			return map.swap ? this.#map(map.operator, right, left) : this.#map(map.operator, left, right);
		});
	}

	#cast(node: NodeOf<"cast">, window: TensorWindow): LabelledTensor {
		const from = this.#graph.values[node.input]?.dataType;
		const isTest = this.#graph.values[node.output]?.dataType === "bool" && from !== "bool";
		return this.#elementWise([node.input], window, ([input = 0]) =>
			isTest ? this.#map("not", this.#map("equal", input, this.#constant(0))) : input,
		);
	}

	/** Tensors of one shape, element by element, into one. */
	#combine(operator: MapOperator, parts: readonly LabelledTensor[], rank: number): LabelledTensor {
		const dimensions = this.#unify(parts, rank);
		const node = parts.map((part) => part.node).reduce((all, part) => this.#map(operator, all, part));
		return { node, dimensions };
	}

	#matmul(node: NodeOf<"matmul">, window: TensorWindow): LabelledTensor {
		const parts = this.#cuts
			.contractedPieces(node.left, node.right)
			.map(([piece = firstPosition]) => this.#matmulPart(node, window, piece));
		return this.#combine("add", parts, window.length);
	}

	/** Left [batch.., m, k] and right [batch.., k, n]: m and n from the window, of k what `contracted` says. */
	#matmulPart(node: NodeOf<"matmul">, window: TensorWindow, contracted: DimensionWindow): LabelledTensor {
		const rank = window.length;
		const operand = (value: ValueId, along: number): LabelledTensor => {
			const shape = this.#shape(value);
			const missing = rank - shape.length;
			const parts = shape.map((extent, axis) => {
				if (axis + missing === along) return contracted;
				return extent === 1 ? firstPosition : present(window[axis + missing], "window");
			});
			const tensor = this.label(value, parts);
			return { node: tensor.node, dimensions: [...new Array(missing).fill([]), ...tensor.dimensions] };
		};
		const left = operand(node.left, rank - 1);
		const outer = this.#side;
		this.#side = node.output;
		const right = operand(node.right, rank - 2);
		this.#side = outer;
		const [over] = this.#unify(
			[
				{ node: left.node, dimensions: [left.dimensions[rank - 1] ?? []] },
				{ node: right.node, dimensions: [right.dimensions[rank - 2] ?? []] },
			],
			1,
		);
		const batch = this.#unify([left, right], rank - 2);
		const dimensions = [...batch, left.dimensions[rank - 2] ?? [], right.dimensions[rank - 1] ?? []];
		const contract = this.#add({ kind: "contract", left: left.node, right: right.node, over: over ?? [] });
		return { node: contract, dimensions };
	}

	#reduce(node: NodeOf<"reduce">, window: TensorWindow): LabelledTensor {
		const parts = this.#cuts
			.reducedPieces(node.input, node.axes)
			.map((reduced) => this.#reducePart(node, window, reduced));
		return this.#combine(combinationOf[node.operator], parts, window.length);
	}

	/** `reduced`: for each of the reduction's axes, the part of it. */
	#reducePart(node: NodeOf<"reduce">, window: TensorWindow, reduced: TensorWindow): LabelledTensor {
		const axes = [...this.#shape(node.input).keys()];
		const kept = axes.filter((axis) => !node.axes.includes(axis));
		const wanted = axes.map((axis) => {
			const source = node.keepDimensions ? axis : kept.indexOf(axis);
			const part = node.axes.includes(axis) ? reduced[node.axes.indexOf(axis)] : window[source];
			return present(part, "window");
		});
		const tensor = this.label(node.input, wanted);
		const over = node.axes.flatMap((axis) => tensor.dimensions[axis] ?? []);
		const dimensions = node.keepDimensions
			? tensor.dimensions.map((atoms, axis) => (node.axes.includes(axis) ? [] : atoms))
			: kept.map((axis) => tensor.dimensions[axis] ?? []);
		const id = this.#add({ kind: "reduce", operator: node.operator, operand: tensor.node, over });
		return { node: id, dimensions };
	}

	#reshape(node: NodeOf<"reshape">, window: TensorWindow): LabelledTensor {
		const parts = throughReshape(this.#shape(node.input), this.#shape(node.output), window);
		if (parts === null) throw new Border("part of a reshape that is no part of its input");
		const tensor = this.label(node.input, parts);
		const dimensions = this.draft.atoms.regroup(tensor.dimensions.flat(), window.map(windowCount));
		if (dimensions === null) throw new Border("a reshape that splits no axis evenly");
		return { node: tensor.node, dimensions };
	}

	#transpose(node: NodeOf<"transpose">, window: TensorWindow): LabelledTensor {
		const parts = node.permutation.map((_, axis) => window[node.permutation.indexOf(axis)] ?? firstPosition);
		const tensor = this.label(node.input, parts);
		return { node: tensor.node, dimensions: node.permutation.map((axis) => tensor.dimensions[axis] ?? []) };
	}

	/** New dimensions get atoms that nothing else has yet: the value does not vary along them. */
	#broadcast(node: NodeOf<"broadcast">, window: TensorWindow): LabelledTensor {
		const tensor = this.#labelOperand(node.input, window);
		const dimensions = tensor.dimensions.map((atoms, axis) => {
			const count = windowCount(window[axis] ?? firstPosition);
			return atoms.length > 0 || count === 1 ? atoms : [this.draft.atoms.fresh(count)];
		});
		const spread = { node: tensor.node, dimensions };
		this.draft.tensors.push(spread);
		return spread;
	}

	#slice(node: NodeOf<"slice">, window: TensorWindow): LabelledTensor {
		const parts = window.map((part, axis) =>
			throughSlice(part, node.starts[axis] ?? 0, node.steps[axis] ?? 1),
		);
		return this.label(node.input, parts);
	}

	/** The part wanted must lie in one of the inputs: values are cut (value-cuts.ts) so that it does. */
	#concat(node: NodeOf<"concat">, window: TensorWindow): LabelledTensor {
		const [low, high] = windowRange(present(window[node.axis], "window"));
		let start = 0;
		for (const input of node.inputs) {
			const end = start + present(this.#shape(input)[node.axis], "extent");
			if (low >= start && high < end) {
				const before = start;
				return this.label(
					input,
					window.map((part, axis) => (axis === node.axis ? throughSlice(part, -before, 1) : part)),
				);
			}
			start = end;
		}
		throw new Border("a concatenation that is read across its inputs");
	}

	readonly #labellers: { readonly [K in GraphNode["kind"]]: Labeller<K> } = {
		unary: (node, window) =>
			this.#elementWise([node.input], window, ([input = 0]) =>
				node.operator === "reciprocal"
					? this.#map("divide", this.#constant(1), input)
					: this.#map(present(mapOfUnary[node.operator], "a unary operator that programs hold"), input),
			),
		binary: (node, window) => this.#binary(node, window),
		select: (node, window) =>
			this.#elementWise([node.condition, node.whenTrue, node.whenFalse], window, (operands) =>
				this.#map("select", ...operands),
			),
		cast: (node, window) => this.#cast(node, window),
		matmul: (node, window) => this.#matmul(node, window),
		reduce: (node, window) => this.#reduce(node, window),
		reshape: (node, window) => this.#reshape(node, window),
		transpose: (node, window) => this.#transpose(node, window),
		broadcast: (node, window) => this.#broadcast(node, window),
		slice: (node, window) => this.#slice(node, window),
		concat: (node, window) => this.#concat(node, window),
		cumulativeSum: refuse,
		pad: refuse,
		gather: refuse,
		gatherElements: refuse,
		gatherNd: refuse,
	};
}

function refuse(node: GraphNode): never {
	throw new Border(`${node.kind} is no part of a program`);
}

function isView(node: GraphNode): boolean {
	return ["reshape", "transpose", "broadcast", "slice", "concat"].includes(node.kind);
}

function scalarOf(data: TensorData): number {
	return present(readElements(data)[0], "the element of a scalar");
}
