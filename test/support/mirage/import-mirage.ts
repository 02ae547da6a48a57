// Mirage's stored µGraphs as ours. In: one µGraph of a file and the program it was found for. Out: a µGraph over labelled
// axes, and the tile sizes that its grid and loop counts stand for.

import { assert, present } from "#shared/fault/assert.ts";
import type { BlockNode, BlockNodeId, Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { KernelTiles } from "#shared/mugraph/tiles.ts";
import type { AxisId, Program, StridedAccess } from "#shared/program/program.ts";
import type { AtomId } from "#shared/program/refine-axes.ts";
import { splitAxes } from "#shared/program/split-axes.ts";
import { draftMirage } from "./draft-mirage.ts";
import type { DraftKernel, DraftNode, MirageDraft } from "./mirage-draft.ts";
import { extentsOf, type MirageMuGraph } from "./mirage-json.ts";
import { type AxisPlacement, type NodeAtoms, placeAtoms } from "./place-atoms.ts";
import { type MirageCase, referencePrograms } from "./reference-programs.ts";

export interface ImportedMuGraph {
	readonly program: Program;
	readonly muGraph: MuGraph;
	readonly tiles: readonly KernelTiles[];
}

/** Shapes of its inputs, in order. */
export function inputShapes(muGraph: MirageMuGraph): (readonly number[])[] {
	return muGraph
		.filter(({ op_type }) => op_type === "kn_input_op")
		.map(({ output_tensors }) => extentsOf(present(output_tensors[0], "input tensor")));
}

/** Throws `AssertionError` where the µGraph says something that cannot be said over the program's axes. */
export function importMirage(source: MirageMuGraph, kind: MirageCase): ImportedMuGraph {
	const program = referencePrograms[kind](inputShapes(source));
	const draft = draftMirage(source);
	const tensors = draft.tensors.map(({ dims }) => draft.atoms.resolve(dims.flat()));
	const kernels = draft.kernels.map((kernel) => ({
		grid: draft.atoms.resolve(kernel.grid),
		loop: draft.atoms.resolve(kernel.loop),
		nodes: nodeAtoms(draft, kernel, tensors),
	}));
	const placement = placeAtoms(draft, program, kernels);
	const emission: Emission = {
		draft,
		placement,
		split: splitAxes(program, placement.splits),
		intermediates: draft.tensors
			.map((_, tensor) => tensor)
			.filter((tensor) => !draft.inputs.includes(tensor) && !draft.outputs.includes(tensor)),
	};
	const axes = (atoms: readonly AtomId[]): AxisId[] => axesOfAtoms(atoms, placement);
	const muGraph: MuGraph = {
		axes: emission.split.axes,
		splits: placement.splits,
		inputs: program.inputs,
		outputs: program.outputs.map(({ shape, dataType }) => ({ shape, dataType })),
		intermediates: emission.intermediates.map((tensor) => ({ axes: axes(tensors[tensor] ?? []) })),
		kernels: draft.kernels.map((kernel, k) => {
			const atoms = present(kernels[k], "kernel");
			const [loop = null, ...others] = axes(atoms.loop);
			assert(others.length === 0, "the loop walks one axis");
			return { grid: axes(atoms.grid), loop, nodes: emitNodes(emission, kernel, atoms.nodes) };
		}),
	};
	const tiles = muGraph.kernels.map((kernel, k) => tilesOf(kernel, present(kernels[k], "kernel"), emission));
	return { program, muGraph, tiles };
}

interface Emission {
	readonly draft: MirageDraft;
	readonly placement: AxisPlacement;
	/** The program over the split axes: its accesses are the inputs' and the output's. */
	readonly split: Program;
	/** Device tensors that are neither. */
	readonly intermediates: readonly number[];
}

function axesOfAtoms(atoms: readonly AtomId[], { axisOf }: AxisPlacement): AxisId[] {
	return [...new Set(atoms.map((atom) => present(axisOf.get(atom), "axis of an atom")))];
}

const ascending = (ids: readonly number[]): number[] => [...new Set(ids)].sort((a, b) => a - b);

/** Free and summed atoms of each node, from the tensors down. */
function nodeAtoms(
	{ atoms }: MirageDraft,
	kernel: DraftKernel,
	tensors: readonly (readonly AtomId[])[],
): NodeAtoms[] {
	const found: NodeAtoms[] = [];
	for (const { operation } of kernel.nodes) {
		const union = ascending(operation.operands.flatMap((operand) => found[operand]?.axes ?? []));
		const over = operation.kind === "sum" ? ascending(atoms.resolve(operation.over)) : [];
		const axes = operation.kind === "load" ? ascending(tensors[operation.tensor] ?? []) : union;
		found.push({ axes: axes.filter((atom) => !over.includes(atom)), over });
	}
	return found;
}

/** Nodes by stage; within one in the order of the file. */
function emitNodes(emission: Emission, kernel: DraftKernel, atoms: readonly NodeAtoms[]): BlockNode[] {
	const order = [...kernel.nodes.keys()].sort((a, b) => stageOf(kernel, a) - stageOf(kernel, b) || a - b);
	const newId = new Map(order.map((id, position) => [id, position]));
	return order.map((id) => {
		const node = present(kernel.nodes[id], "node");
		const operands = node.operation.operands.map((operand) => present(newId.get(operand), "operand"));
		return emitNode(emission, node, operands, present(atoms[id], "atoms"));
	});
}

function stageOf(kernel: DraftKernel, id: number): number {
	return present(kernel.nodes[id], "node").stage;
}

function emitNode(
	emission: Emission,
	{ operation, stage }: DraftNode,
	operands: readonly BlockNodeId[],
	atoms: NodeAtoms,
): BlockNode {
	const axes = ascending(axesOfAtoms(atoms.axes, emission.placement));
	const [operand = 0, right] = operands;
	switch (operation.kind) {
		case "load":
			return { kind: "load", source: loadSource(emission, operation.tensor), axes, stage };
		case "store":
			return { kind: "store", operand, target: storeTarget(emission, operation.tensor), axes, stage };
		case "constant":
			return { kind: "constant", value: operation.value, axes, stage };
		case "map":
			return { kind: "map", operator: operation.operator, operands, axes, stage };
		case "accumulate":
			return { kind: "accumulate", combine: "sum", operand, rescale: null, axes, stage };
		case "sum": {
			const over = ascending(axesOfAtoms(atoms.over, emission.placement));
			return right === undefined
				? { kind: "reduce", operator: "sum", operand, over, axes, stage }
				: { kind: "contract", left: operand, right, over, axes, stage };
		}
	}
}

function loadSource(emission: Emission, tensor: number): Extract<BlockNode, { kind: "load" }>["source"] {
	const input = emission.draft.inputs.indexOf(tensor);
	if (input < 0) return { kind: "intermediate", intermediate: emission.intermediates.indexOf(tensor) };
	const accesses = emission.split.nodes.flatMap((node): StridedAccess[] =>
		node.kind === "input" && node.input === input ? [node.access] : [],
	);
	return { kind: "input", input, access: present(accesses[0], "access of the input") };
}

function storeTarget(emission: Emission, tensor: number): Extract<BlockNode, { kind: "store" }>["target"] {
	const output = emission.draft.outputs.indexOf(tensor);
	if (output < 0) return { kind: "intermediate", intermediate: emission.intermediates.indexOf(tensor) };
	const { access } = present(emission.split.outputs[output]?.pieces[0], "piece of the output");
	const dims = emission.draft.tensors[tensor]?.dims ?? [];
	const found = axesOfAtoms(emission.draft.atoms.resolve(dims.flat()), emission.placement);
	const byStride = access.axes.map((axis, i) => [axis, access.strides[i] ?? 0] as const);
	const expected = byStride.sort((a, b) => b[1] - a[1]).map(([axis]) => axis);
	assert(found.join() === expected.join(), `output along axes ${found}, expected ${expected}`);
	return { kind: "output", output, access };
}

/** What is left of each axis inside a block, and of the loop's inside a step. */
function tilesOf(
	kernel: Kernel,
	atoms: { readonly grid: readonly AtomId[]; readonly loop: readonly AtomId[] },
	{ draft, placement }: Emission,
): KernelTiles {
	const tile = (axis: AxisId): number =>
		draft.atoms.product(
			(placement.atomsOf[axis] ?? []).filter(
				(atom) => !atoms.grid.includes(atom) && !atoms.loop.includes(atom),
			),
		);
	return {
		gridTiles: kernel.grid.map(tile),
		loopTile: kernel.loop === null ? 0 : tile(kernel.loop),
	};
}
