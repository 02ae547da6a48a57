// Where an island's output must be cut so that each part comes from one input of every concatenation above it. The
// pieces are then computed apart: concat(f(a), g(b)) is two regions of one buffer, and h(concat(a, b)) is
// concat(h(a), h(b)) for every h that treats the dimension element by element.

import { present } from "#shared/fault/assert.ts";
import type { Graph, GraphNode, ValueId } from "#shared/graph/graph.ts";
import { nodeOperands } from "#shared/graph/graph.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { Border } from "./border.ts";
import { linearWindow, reshapeGroups, type TensorWindow } from "./window.ts";

/** More regions than this in one output are a data movement, not a kernel. */
const OUTPUT_PIECES_MAX = 8;

/** For each dimension, the positions at which a new piece begins (never 0). */
type Cuts = readonly (readonly number[])[];

/** The pieces of `output`, in row-major order of their first elements: one whole window when nothing cuts it. */
export function outputPieces(
	graph: Graph,
	definitions: ReadonlyMap<ValueId, GraphNode>,
	output: ValueId,
): TensorWindow[] {
	const shape = present(graph.values[output], "value").shape;
	const cuts = new CutFinder(graph, definitions).cutsOf(output);
	let pieces: TensorWindow[] = [[]];
	for (const [axis, extent] of shape.entries()) {
		const bounds = [0, ...(cuts[axis] ?? []), extent];
		pieces = pieces.flatMap((piece) =>
			bounds.slice(1).map((end, i) => [...piece, linearWindow(bounds[i] ?? 0, end - (bounds[i] ?? 0))]),
		);
		if (pieces.length > OUTPUT_PIECES_MAX)
			throw new Border(`an output in more than ${OUTPUT_PIECES_MAX} pieces`);
	}
	return pieces;
}

class CutFinder {
	readonly #graph: Graph;
	readonly #definitions: ReadonlyMap<ValueId, GraphNode>;
	readonly #known = new Map<ValueId, Cuts>();

	constructor(graph: Graph, definitions: ReadonlyMap<ValueId, GraphNode>) {
		this.#graph = graph;
		this.#definitions = definitions;
	}

	cutsOf(value: ValueId): Cuts {
		const known = this.#known.get(value);
		if (known !== undefined) return known;
		const node = this.#definitions.get(value);
		const cuts = node === undefined ? this.#shape(value).map(() => []) : this.#cutsOfNode(node);
		this.#known.set(value, cuts);
		return cuts;
	}

	#shape(value: ValueId): Shape {
		return present(this.#graph.values[value], "value of the graph").shape;
	}

	#cutsOfNode(node: GraphNode): Cuts {
		switch (node.kind) {
			case "concat":
				return this.#concat(node.output, node.inputs, node.axis);
			case "slice":
				return this.cutsOf(node.input).map((cuts, axis) => {
					const count = present(this.#shape(node.output)[axis], "extent");
					return ascending(
						cuts.flatMap((cut) => sliceCut(cut, node.starts[axis] ?? 0, node.steps[axis] ?? 1, count)),
					);
				});
			case "transpose": {
				const cuts = this.cutsOf(node.input);
				return node.permutation.map((axis) => cuts[axis] ?? []);
			}
			case "reshape":
				return reshapeCuts(this.#shape(node.input), this.#shape(node.output), this.cutsOf(node.input));
			case "reduce":
				return this.#reduce(node.input, node.axes, node.keepDimensions);
			case "matmul":
				return this.#matmul(node.output, node.left, node.right);
			default:
				return this.#elementWise(node.output, nodeOperands(node));
		}
	}

	#elementWise(output: ValueId, operands: readonly ValueId[]): Cuts {
		const rank = this.#shape(output).length;
		const aligned = operands.map((operand) => {
			const cuts = this.cutsOf(operand);
			return (axis: number) => cuts[axis - (rank - cuts.length)] ?? [];
		});
		return Array.from({ length: rank }, (_, axis) => ascending(aligned.flatMap((cuts) => cuts(axis))));
	}

	#concat(output: ValueId, inputs: readonly ValueId[], along: number): Cuts {
		let start = 0;
		const joints: number[] = [];
		for (const input of inputs) {
			const before = start;
			joints.push(before, ...(this.cutsOf(input)[along] ?? []).map((cut) => cut + before));
			start += present(this.#shape(input)[along], "extent");
		}
		return this.#shape(output).map((_, axis) =>
			axis === along
				? ascending(joints.filter((joint) => joint > 0))
				: ascending(inputs.flatMap((input) => this.cutsOf(input)[axis] ?? [])),
		);
	}

	#reduce(input: ValueId, axes: readonly number[], keepDimensions: boolean): Cuts {
		const cuts = this.cutsOf(input);
		if (axes.some((axis) => (cuts[axis] ?? []).length > 0))
			throw new Border("a reduction over a concatenated axis");
		return keepDimensions ? cuts : cuts.filter((_, axis) => !axes.includes(axis));
	}

	#matmul(output: ValueId, left: ValueId, right: ValueId): Cuts {
		const [l, r] = [this.cutsOf(left), this.cutsOf(right)];
		if ((l.at(-1) ?? []).length > 0 || (r.at(-2) ?? []).length > 0)
			throw new Border("a matrix product over a concatenated axis");
		const rank = this.#shape(output).length;
		return this.#shape(output).map((_, axis) => {
			const [a, b] = [l[axis - rank + l.length] ?? [], r[axis - rank + r.length] ?? []];
			if (axis === rank - 2) return a;
			return axis === rank - 1 ? b : ascending([...a, ...b]);
		});
	}
}

/** The cut as a slice sees it: the first of its positions on the far side. Nothing when the slice lies on one side. */
function sliceCut(cut: number, start: number, step: number, count: number): number[] {
	const first = step > 0 ? Math.ceil((cut - start) / step) : Math.floor((start - cut) / -step) + 1;
	return first > 0 && first < count ? [first] : [];
}

/** A cut of the outermost dimension of a run stays one when it falls on a boundary of the other shape's outermost dimension. */
function reshapeCuts(input: Shape, output: Shape, cuts: Cuts): Cuts {
	const result: (readonly number[])[] = output.map(() => []);
	for (const { inputs, outputs } of reshapeGroups(input, output)) {
		const rowsOf = (axes: readonly number[], shape: Shape): number =>
			axes.slice(1).reduce((product, axis) => product * present(shape[axis], "extent"), 1);
		const [from, to] = [rowsOf(inputs, input), rowsOf(outputs, output)];
		const [outermost = 0, ...inner] = inputs;
		const own = cuts[outermost] ?? [];
		if (inner.some((axis) => (cuts[axis] ?? []).length > 0) || own.some((cut) => (cut * from) % to !== 0))
			throw new Border("a reshape across a concatenated axis");
		result[outputs[0] ?? 0] = own.map((cut) => (cut * from) / to);
	}
	return result;
}

function ascending(cuts: Iterable<number>): number[] {
	return [...new Set(cuts)].sort((a, b) => a - b);
}
