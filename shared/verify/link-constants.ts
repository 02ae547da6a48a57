// Constants that are a program's extents in disguise. A mean is spelled sum(x)·c with c = 1/n, and n the extents that the
// sum runs over; over smaller extents c·n is no longer 1, and identities that need it fail. Here such uses of constants are
// found, on both sides of a test, and written as what they are: a product with n, or a quotient by n, for whatever extents.
//
// Why that proves the same: a link only says that a constant equals n or 1/n at the real extents, and it does, up to the
// rounding of 1/n itself. So the linked program at the real extents is the program, and the linked µGraph is the µGraph,
// whichever uses were linked and to whichever reduction of that size; and that these two agree is asked of the family of all
// extents, as without links (shrink.ts). The members that are tested must not let a constant that is not linked pass for n,
// nor one linked count for another: see `smallInstances`.

import { present } from "#shared/fault/assert.ts";
import type { BlockNode, MuGraph } from "#shared/mugraph/mugraph.ts";
import { renumberOperands } from "#shared/mugraph/renumber-operands.ts";
import { readExtentConstant } from "#shared/program/extent-constant.ts";
import type { Axis, AxisId, MapNode, Program, ProgramNode } from "#shared/program/program.ts";
import { findSummedAxes, type TracedNode, tracedMuGraph, tracedProgram } from "./summed-axes.ts";

/** A constant and the reduced axes, ascending, whose extents it is (or divides by). */
export interface LinkedConstant {
	readonly value: number;
	readonly axes: readonly AxisId[];
}

/** A map node that scales `operand` by the product of the axes' extents, or by its inverse. */
interface LinkedUse extends LinkedConstant {
	readonly operator: "multiply" | "divide";
	readonly operand: number;
}

/** Uses by node. */
type LinkedUses = ReadonlyMap<number, LinkedUse>;

export interface ConstantLinks {
	/** Each once, in order. */
	readonly constants: readonly LinkedConstant[];
	readonly program: LinkedUses;
	/** By kernel. */
	readonly muGraph: readonly LinkedUses[];
}

/**
 * A use is linked to the reduction of that many elements that is nearest below what it scales, else to the program's only
 * reduction of that many. Null when nothing can be linked.
 */
export function linkConstants(muGraph: MuGraph, program: Program): ConstantLinks | null {
	const sets = reducedSets(program);
	const tracedOf = tracedProgram(program);
	const ofProgram = linkUses(program.nodes, 0, tracedOf, sets, program.axes);
	const { traced, firstOf } = tracedMuGraph(muGraph);
	const ofMuGraph = muGraph.kernels.map((kernel, k) =>
		linkUses(kernel.nodes, present(firstOf[k], "first node of the kernel"), traced, sets, program.axes),
	);
	const constants = new Map<string, LinkedConstant>();
	for (const uses of [ofProgram, ...ofMuGraph])
		for (const { value, axes } of uses.values())
			constants.set(JSON.stringify([axes, value]), { value, axes });
	if (ofProgram.size === 0) return null;
	const ordered = [...constants].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, constant]) => constant);
	return { constants: ordered, program: ofProgram, muGraph: ofMuGraph };
}

/** The axes of every sum, each set once. Sets of extents 2 alone never shrink: their constants are right as they stand. */
function reducedSets(program: Program): (readonly AxisId[])[] {
	const sets = new Map<string, readonly AxisId[]>();
	for (const node of program.nodes) {
		const isSum = node.kind === "contract" || (node.kind === "reduce" && node.operator === "sum");
		if (isSum && node.over.some((axis) => (program.axes[axis]?.extent ?? 0) > 2))
			sets.set(JSON.stringify(ascending(node.over)), ascending(node.over));
	}
	return [...sets.values()];
}

function ascending(axes: readonly AxisId[]): AxisId[] {
	return [...axes].sort((a, b) => a - b);
}

function productOf(axes: readonly AxisId[], extents: readonly Axis[]): number {
	return axes.reduce((product, axis) => product * present(extents[axis], "axis").extent, 1);
}

/** `first` is the number that `traced` knows the first node by. */
function linkUses(
	nodes: readonly (ProgramNode | BlockNode)[],
	first: number,
	traced: (id: number) => TracedNode,
	sets: readonly (readonly AxisId[])[],
	extents: readonly Axis[],
): LinkedUses {
	const uses = new Map<number, LinkedUse>();
	nodes.forEach((node, id) => {
		if (node.kind !== "map") return;
		const scale = scaleOf(node, nodes);
		if (scale === null) return;
		const { value, operand } = scale;
		const fitting = sets.filter((axes) => readExtentConstant(value, productOf(axes, extents)) !== null);
		if (fitting.length === 0) return;
		const isFitting = (axes: readonly AxisId[]): boolean =>
			fitting.some((other) => JSON.stringify(other) === JSON.stringify(ascending(axes)));
		const found = findSummedAxes(traced, first + operand, isFitting);
		const axes = found === null ? (fitting.length === 1 ? fitting[0] : undefined) : ascending(found);
		if (axes === undefined) return;
		const isCount = readExtentConstant(value, productOf(axes, extents)) === "count";
		const multiplies = (node.operator === "multiply") === isCount;
		uses.set(id, { value, axes, operand, operator: multiplies ? "multiply" : "divide" });
	});
	return uses;
}

/** A product with a constant, or a quotient by one. */
function scaleOf(
	{ operator, operands }: Pick<MapNode, "operator" | "operands">,
	nodes: readonly (ProgramNode | BlockNode)[],
): { readonly value: number; readonly operand: number } | null {
	const [left, right] = operands;
	if (left === undefined || right === undefined) return null;
	const [a, b] = [nodes[left], nodes[right]];
	if ((operator === "multiply" || operator === "divide") && b?.kind === "constant")
		return { value: b.value, operand: left };
	return operator === "multiply" && a?.kind === "constant" ? { value: a.value, operand: right } : null;
}

/** The program with its linked constants as they would be over these extents. */
export function substituteInProgram(
	program: Program,
	links: ConstantLinks,
	extents: readonly number[],
): Program {
	const counts = countsOf(links.program, extents);
	const moved = (id: number): number => id + counts.values.length;
	return {
		...program,
		nodes: [
			...counts.values.map((value): ProgramNode => ({ kind: "constant", value, axes: [] })),
			...program.nodes.map((node, id): ProgramNode => {
				const use = links.program.get(id);
				if (node.kind === "map" && use !== undefined)
					return { ...node, operator: use.operator, operands: [moved(use.operand), counts.idOf(use)] };
				return moveOperands(node, moved);
			}),
		],
		outputs: program.outputs.map((output) => ({
			...output,
			pieces: output.pieces.map((piece) => ({ ...piece, node: moved(piece.node) })),
		})),
	};
}

function moveOperands(node: ProgramNode, moved: (id: number) => number): ProgramNode {
	switch (node.kind) {
		case "input":
		case "constant":
			return node;
		case "map":
			return { ...node, operands: node.operands.map(moved) };
		case "reduce":
			return { ...node, operand: moved(node.operand) };
		case "contract":
			return { ...node, left: moved(node.left), right: moved(node.right) };
	}
}

/** The same of a µGraph. */
export function substituteInMuGraph(
	muGraph: MuGraph,
	links: ConstantLinks,
	extents: readonly number[],
): MuGraph {
	const kernels = muGraph.kernels.map((kernel, k) => {
		const uses = present(links.muGraph[k], "links of the kernel");
		const counts = countsOf(uses, extents);
		const moved = (id: number): number => id + counts.values.length;
		const nodes = kernel.nodes.map((node, id): BlockNode => {
			const use = uses.get(id);
			if (node.kind === "map" && use !== undefined)
				return { ...node, operator: use.operator, operands: [moved(use.operand), counts.idOf(use)] };
			return renumberOperands(node, moved);
		});
		const constants = counts.values.map(
			(value): BlockNode => ({ kind: "constant", value, axes: [], stage: 0 }),
		);
		return { ...kernel, nodes: [...constants, ...nodes] };
	});
	return { ...muGraph, kernels };
}

/** The counts that a list of nodes needs, which are put before all others. */
function countsOf(
	uses: LinkedUses,
	extents: readonly number[],
): { readonly values: readonly number[]; idOf(use: LinkedUse): number } {
	const keyOf = (use: LinkedUse): string => use.axes.join(",");
	const sets = new Map([...uses.values()].map((use) => [keyOf(use), use.axes] as const));
	const keys = [...sets.keys()];
	return {
		values: [...sets.values()].map((axes) =>
			axes.reduce((product, axis) => product * present(extents[axis], "small extent"), 1),
		),
		idOf: (use) => keys.indexOf(keyOf(use)),
	};
}
