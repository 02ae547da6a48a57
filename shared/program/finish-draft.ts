// From a draft to a program: atoms become numbered axes, windows become strided accesses, and sums over axes that a
// value does not vary along become factors.

import { assert, present } from "#shared/fault/assert.ts";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { rowMajorStrides, type Shape } from "#shared/tensor/shape.ts";
import { Border } from "./border.ts";
import type { Draft, DraftId, DraftNode, LabelledTensor } from "./draft.ts";
import type {
	AxisId,
	MapOperator,
	Program,
	ProgramInput,
	ProgramNode,
	ProgramNodeId,
	ProgramOutput,
	StridedAccess,
} from "./program.ts";
import type { AtomId } from "./refine-axes.ts";
import type { TensorWindow } from "./window.ts";

export interface DraftOutput {
	readonly value: ValueId;
	readonly pieces: readonly { readonly window: TensorWindow; readonly tensor: LabelledTensor }[];
}

export interface FinishedProgram {
	readonly program: Program;
	/** Program input i is this value. */
	readonly inputs: readonly ValueId[];
}

/** Throws `Border` for an output that is broadcast: a copy of its source is no work for a kernel. */
export function finishDraft(graph: Graph, draft: Draft, outputs: readonly DraftOutput[]): FinishedProgram {
	const finisher = new Finisher(graph, draft);
	const programOutputs = outputs.map((output) => finisher.output(output));
	return { program: { ...finisher.parts(), outputs: programOutputs }, inputs: finisher.inputValues };
}

const ascending = (axes: Iterable<AxisId>): AxisId[] => [...new Set(axes)].sort((a, b) => a - b);

class Finisher {
	readonly inputValues: ValueId[] = [];
	readonly #graph: Graph;
	readonly #draft: Draft;
	readonly #axisOfAtom = new Map<AtomId, AxisId>();
	readonly #extents: number[] = [];
	readonly #inputs: ProgramInput[] = [];
	readonly #nodes: ProgramNode[] = [];
	readonly #nodeOfDraft = new Map<DraftId, ProgramNodeId>();

	constructor(graph: Graph, draft: Draft) {
		this.#graph = graph;
		this.#draft = draft;
	}

	parts(): Omit<Program, "outputs"> {
		return { axes: this.#extents.map((extent) => ({ extent })), inputs: this.#inputs, nodes: this.#nodes };
	}

	output({ value, pieces }: DraftOutput): ProgramOutput {
		const { shape, dataType } = present(this.#graph.values[value], "output value");
		return {
			shape,
			dataType,
			pieces: pieces.map(({ window, tensor }) => {
				const node = this.#node(tensor.node);
				const access = this.#access(shape, window, tensor.dimensions);
				if (access.axes.length !== this.#axes(node).length)
					throw new Border("a broadcast result leaves the island");
				return { node, access };
			}),
		};
	}

	#axis(atom: AtomId): AxisId {
		const known = this.#axisOfAtom.get(atom);
		if (known !== undefined) return known;
		const axis = this.#extents.push(this.#draft.atoms.extent(atom)) - 1;
		this.#axisOfAtom.set(atom, axis);
		return axis;
	}

	#axesOf(atoms: readonly AtomId[]): AxisId[] {
		return this.#draft.atoms.resolve(atoms).map((atom) => this.#axis(atom));
	}

	#axes(node: ProgramNodeId): readonly AxisId[] {
		return present(this.#nodes[node], "program node").axes;
	}

	/** Atoms of each dimension against the pieces of its window; both run outermost first and cover the same positions. */
	#access(shape: Shape, window: TensorWindow, dimensions: LabelledTensor["dimensions"]): StridedAccess {
		const rowMajor = rowMajorStrides(shape);
		let offset = 0;
		const terms: { axis: AxisId; stride: number }[] = [];
		for (const [dimension, part] of window.entries()) {
			const unit = rowMajor[dimension] ?? 1;
			offset += unit * part.offset;
			const axes = this.#axesOf(dimensions[dimension] ?? []);
			for (const piece of [...part.pieces].reverse()) {
				let stride = unit * piece.stride;
				for (let covered = 1; covered < piece.extent; ) {
					const axis = present(axes.pop(), "an axis for each part of a window");
					terms.unshift({ axis, stride });
					const extent = present(this.#extents[axis], "axis");
					stride *= extent;
					covered *= extent;
					assert(covered <= piece.extent, "an axis lies across two pieces of a window");
				}
			}
		}
		return { offset, axes: terms.map((term) => term.axis), strides: terms.map((term) => term.stride) };
	}

	#input(value: ValueId): number {
		const known = this.inputValues.indexOf(value);
		if (known >= 0) return known;
		const { shape, dataType } = present(this.#graph.values[value], "input value");
		const isWeight =
			this.#graph.constants.has(value) ||
			this.#graph.inputs.some((input) => input.value === value && input.role === "weight");
		this.#inputs.push({ shape, dataType, role: isWeight ? "weight" : "activation" });
		return this.inputValues.push(value) - 1;
	}

	#add(node: ProgramNode): ProgramNodeId {
		return this.#nodes.push(node) - 1;
	}

	#map(operator: MapOperator, operands: readonly ProgramNodeId[]): ProgramNodeId {
		const axes = ascending(operands.flatMap((operand) => this.#axes(operand)));
		return this.#add({ kind: "map", operator, operands, axes });
	}

	#constant(value: number): ProgramNodeId {
		return this.#add({ kind: "constant", value, axes: [] });
	}

	#node(id: DraftId): ProgramNodeId {
		const known = this.#nodeOfDraft.get(id);
		if (known !== undefined) return known;
		const finished = this.#finish(present(this.#draft.nodes[id], "draft node"));
		this.#nodeOfDraft.set(id, finished);
		return finished;
	}

	#finish(node: DraftNode): ProgramNodeId {
		switch (node.kind) {
			case "input": {
				const { shape } = present(this.#graph.values[node.value], "input value");
				const access = this.#access(shape, node.window, node.atoms);
				return this.#add({
					kind: "input",
					input: this.#input(node.value),
					access,
					axes: ascending(access.axes),
				});
			}
			case "constant":
				return this.#constant(node.value);
			case "map":
				return this.#map(
					node.operator,
					node.operands.map((operand) => this.#node(operand)),
				);
			case "reduce":
				return this.#reduce(node, this.#node(node.operand));
			case "contract":
				return this.#contract(node, this.#node(node.left), this.#node(node.right));
		}
	}

	#extentOf(axes: readonly AxisId[]): number {
		return axes.reduce((product, axis) => product * present(this.#extents[axis], "axis"), 1);
	}

	/** sum over n equal terms is n times the term, their product its n-th power. */
	#reduce(node: Extract<DraftNode, { kind: "reduce" }>, operand: ProgramNodeId): ProgramNodeId {
		const over = this.#axesOf(node.over);
		const free = this.#axes(operand);
		const repeated = this.#extentOf(over.filter((axis) => !free.includes(axis)));
		const reduced = this.#reduceOver(
			node.operator,
			operand,
			over.filter((axis) => free.includes(axis)),
		);
		if (repeated === 1 || node.operator === "max" || node.operator === "min") return reduced;
		return this.#map(node.operator === "sum" ? "multiply" : "power", [reduced, this.#constant(repeated)]);
	}

	#reduceOver(
		operator: Extract<DraftNode, { kind: "reduce" }>["operator"],
		operand: ProgramNodeId,
		over: readonly AxisId[],
	): ProgramNodeId {
		if (over.length === 0) return operand;
		const axes = this.#axes(operand).filter((axis) => !over.includes(axis));
		return this.#add({ kind: "reduce", operator, operand, over: ascending(over), axes });
	}

	/** Axes that only one operand has are summed before the product; a contraction over no axis is a product. */
	#contract(
		node: Extract<DraftNode, { kind: "contract" }>,
		left: ProgramNodeId,
		right: ProgramNodeId,
	): ProgramNodeId {
		const over = this.#axesOf(node.over);
		const [ofLeft, ofRight] = [this.#axes(left), this.#axes(right)];
		const shared = over.filter((axis) => ofLeft.includes(axis) && ofRight.includes(axis));
		const summed = (operand: ProgramNodeId, axes: readonly AxisId[]): ProgramNodeId =>
			this.#reduceOver(
				"sum",
				operand,
				over.filter((axis) => axes.includes(axis) && !shared.includes(axis)),
			);
		const operands = [summed(left, ofLeft), summed(right, ofRight)] as const;
		const repeated = this.#extentOf(over.filter((axis) => !ofLeft.includes(axis) && !ofRight.includes(axis)));
		const axes = ascending(operands.flatMap((operand) => this.#axes(operand))).filter(
			(axis) => !shared.includes(axis),
		);
		const product =
			shared.length === 0
				? this.#map("multiply", operands)
				: this.#add({
						kind: "contract",
						left: operands[0],
						right: operands[1],
						over: ascending(shared),
						axes,
					});
		return repeated === 1 ? product : this.#map("multiply", [product, this.#constant(repeated)]);
	}
}
