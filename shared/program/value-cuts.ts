// Where values must be cut so that each part comes from one input of every concatenation above it. The parts are then
// computed apart: concat(f(a), g(b)) is two regions of one buffer, h(concat(a, b)) is concat(h(a), h(b)) for every h that
// treats the dimension element by element, and a sum over a concatenated dimension is the sum of the parts' sums.

import { present } from "#shared/fault/assert.ts";
import type { Graph, GraphNode, ValueId } from "#shared/graph/graph.ts";
import { nodeOperands } from "#shared/graph/graph.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import { Border } from "./border.ts";
import {
	concatenateRuns,
	type Runs,
	refineRuns,
	reshapeRuns,
	runWindow,
	sliceRuns,
	wholeRun,
} from "./runs.ts";
import type { TensorWindow } from "./window.ts";

/** More regions than this in one output are a data movement, not a kernel. */
const OUTPUT_PIECES_MAX = 8;

/** More parts than this of one sum make more contractions than one search can hold (shared/partition/limits.ts). */
const REDUCTION_PIECES_MAX = 4;

/** More than this is met on no way to a piece that is kept, and refining costs its square. */
const RUNS_MAX = 64;

/** One entry a dimension. */
type Cuts = readonly Runs[];

/** The cuts of an island's values, by what defines them there. */
export class ValueCuts {
	readonly #graph: Graph;
	readonly #definitions: ReadonlyMap<ValueId, GraphNode>;
	readonly #known = new Map<ValueId, Cuts>();

	/** `definitions`: the island's nodes by output; every other value is an input, and whole. */
	constructor(graph: Graph, definitions: ReadonlyMap<ValueId, GraphNode>) {
		this.#graph = graph;
		this.#definitions = definitions;
	}

	/** The pieces of an output, in row-major order of their first elements. Throws `Border` for more than 8. */
	outputPieces(output: ValueId): TensorWindow[] {
		return piecesOf(this.#of(output), OUTPUT_PIECES_MAX, "an output");
	}

	/**
	 * The parts of a matrix product's contracted dimension, `left` along its last and `right` along its last but one.
	 * Throws `Border` for more than 4.
	 */
	contractedPieces(left: ValueId, right: ValueId): TensorWindow[] {
		const [ofLeft, ofRight] = [this.#of(left).at(-1), this.#of(right).at(-2)];
		const runs = refineRuns(present(ofLeft, "columns"), present(ofRight, "rows"));
		return piecesOf([runs], REDUCTION_PIECES_MAX, "a matrix product");
	}

	/** The parts of the dimensions `axes` of a reduction's operand, one window for each of them. Throws `Border` for more than 4. */
	reducedPieces(input: ValueId, axes: readonly number[]): TensorWindow[] {
		const cuts = this.#of(input);
		const runs = axes.map((axis) => present(cuts[axis], "reduced dimension"));
		return piecesOf(runs, REDUCTION_PIECES_MAX, "a reduction");
	}

	#of(value: ValueId): Cuts {
		const known = this.#known.get(value);
		if (known !== undefined) return known;
		const node = this.#definitions.get(value);
		const cuts = node === undefined ? this.#shape(value).map(wholeRun) : this.#ofNode(node);
		this.#known.set(value, cuts);
		return cuts;
	}

	#shape(value: ValueId): Shape {
		return present(this.#graph.values[value], "value of the graph").shape;
	}

	#ofNode(node: GraphNode): Cuts {
		switch (node.kind) {
			case "concat":
				return this.#concat(node.output, node.inputs, node.axis);
			case "slice":
				return this.#of(node.input).map((runs, axis) => {
					const count = present(this.#shape(node.output)[axis], "extent");
					return sliceRuns(runs, node.starts[axis] ?? 0, node.steps[axis] ?? 1, count);
				});
			case "transpose": {
				const cuts = this.#of(node.input);
				return node.permutation.map((axis) => present(cuts[axis], "dimension"));
			}
			case "reshape": {
				const cuts = reshapeRuns(this.#shape(node.input), this.#shape(node.output), this.#of(node.input));
				if (cuts === null) throw new Border("a reshape across a concatenated axis");
				return cuts;
			}
			case "reduce": {
				const cuts = this.#of(node.input);
				if (node.keepDimensions)
					return cuts.map((runs, axis) => (node.axes.includes(axis) ? wholeRun(1) : runs));
				return cuts.filter((_, axis) => !node.axes.includes(axis));
			}
			case "matmul":
				return this.#matmul(node.output, node.left, node.right);
			default:
				return this.#aligned(this.#shape(node.output), nodeOperands(node));
		}
	}

	/** Dimension by dimension from the last, what all operands need; those that do not vary along it are whole there. */
	#aligned(shape: Shape, operands: readonly ValueId[]): Cuts {
		return shape.map((extent, axis) => {
			let runs = wholeRun(extent);
			for (const operand of operands) {
				runs = refineRuns(runs, this.#of(operand).at(axis - shape.length) ?? wholeRun(1));
				if (runs.length > RUNS_MAX) throw new Border(`a dimension in more than ${RUNS_MAX} runs`);
			}
			return runs;
		});
	}

	#concat(output: ValueId, inputs: readonly ValueId[], along: number): Cuts {
		const parts = inputs.map((input) => ({
			extent: present(this.#shape(input)[along], "extent"),
			runs: present(this.#of(input)[along], "dimension"),
		}));
		const aligned = this.#aligned(
			this.#shape(output).map((extent, axis) => (axis === along ? 1 : extent)),
			inputs,
		);
		return aligned.map((runs, axis) => (axis === along ? concatenateRuns(parts) : runs));
	}

	#matmul(output: ValueId, left: ValueId, right: ValueId): Cuts {
		const shape = this.#shape(output);
		const batch = this.#aligned(shape, [left, right]).slice(0, -2);
		return [...batch, present(this.#of(left).at(-2), "rows"), present(this.#of(right).at(-1), "columns")];
	}
}

/** The products of the runs of several dimensions, in row-major order. */
function piecesOf(dimensions: readonly Runs[], piecesMax: number, what: string): TensorWindow[] {
	let pieces: TensorWindow[] = [[]];
	for (const runs of dimensions) {
		if (pieces.length * runs.length > piecesMax) throw new Border(`${what} in more than ${piecesMax} pieces`);
		pieces = pieces.flatMap((piece) => runs.map((one) => [...piece, runWindow(one)]));
	}
	return pieces;
}
