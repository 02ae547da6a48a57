// Constants that are a program's extents in disguise. A mean is spelled sum(x)·c with c = 1/n, and n the extents that the
// sum runs over; over smaller extents c·n is no longer 1, and identities that need it fail. Here such uses of constants are
// found, on both sides of a test, and written as what they are, n or 1/n, for whatever extents.
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
import type { Axis, AxisId, ConstantNode, MapNode, Program, ProgramNode } from "#shared/program/program.ts";
import { findSummedAxes, type TracedNode, tracedMuGraph, tracedProgram } from "./summed-axes.ts";

/** A constant and the reduced axes, ascending, whose extents it is (or divides by). */
export interface LinkedConstant {
	readonly value: number;
	readonly axes: readonly AxisId[];
}

/** What a constant stands for where it is an operand. */
interface LinkedUse extends LinkedConstant {
	readonly reading: "count" | "reciprocal";
}

/** Uses by node and position among its operands, as `useKey` writes them. */
type LinkedUses = ReadonlyMap<string, LinkedUse>;

function useKey(node: number, position: number): string {
	return `${node}.${position}`;
}

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

/** Products and quotients with constants. `first` is the number that `traced` knows the first node by. */
function linkUses(
	nodes: readonly (ProgramNode | BlockNode)[],
	first: number,
	traced: (id: number) => TracedNode,
	sets: readonly (readonly AxisId[])[],
	extents: readonly Axis[],
): LinkedUses {
	const uses = new Map<string, LinkedUse>();
	nodes.forEach((node, id) => {
		if (node.kind !== "map" || (node.operator !== "multiply" && node.operator !== "divide")) return;
		node.operands.forEach((operand, position) => {
			const constant = nodes[operand];
			const scaled = present(node.operands[1 - position], "the other operand");
			if (constant?.kind !== "constant") return;
			const use = linkUse(constant.value, first + scaled, traced, sets, extents);
			if (use !== null) uses.set(useKey(id, position), use);
		});
	});
	return uses;
}

function linkUse(
	value: number,
	scaled: number,
	traced: (id: number) => TracedNode,
	sets: readonly (readonly AxisId[])[],
	extents: readonly Axis[],
): LinkedUse | null {
	const readAs = (axes: readonly AxisId[]): LinkedUse["reading"] | null =>
		readExtentConstant(value, productOf(axes, extents));
	const fitting = sets.filter((axes) => readAs(axes) !== null);
	if (fitting.length === 0) return null;
	const isFitting = (axes: readonly AxisId[]): boolean =>
		fitting.some((other) => JSON.stringify(other) === JSON.stringify(ascending(axes)));
	const found = findSummedAxes(traced, scaled, isFitting);
	const axes = found === null ? (fitting.length === 1 ? fitting[0] : undefined) : ascending(found);
	const reading = axes === undefined ? null : readAs(axes);
	return axes === undefined || reading === null ? null : { value, axes, reading };
}

/** The program with its linked constants as they would be over these extents. */
export function substituteInProgram(
	program: Program,
	links: ConstantLinks,
	extents: readonly number[],
): Program {
	const front = frontOf(links.program, extents);
	const moved = (id: number): number => id + front.nodes.length;
	return {
		...program,
		nodes: [
			...front.nodes,
			...program.nodes.map((node, id) =>
				node.kind === "map"
					? { ...node, operands: front.operandsOf(id, node.operands) }
					: moveOperands(node, moved),
			),
		],
		outputs: program.outputs.map((output) => ({
			...output,
			pieces: output.pieces.map((piece) => ({ ...piece, node: moved(piece.node) })),
		})),
	};
}

function moveOperands(node: Exclude<ProgramNode, MapNode>, moved: (id: number) => number): ProgramNode {
	switch (node.kind) {
		case "input":
		case "constant":
			return node;
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
		const front = frontOf(uses, extents);
		const nodes = kernel.nodes.map((node, id) =>
			node.kind === "map"
				? { ...node, operands: front.operandsOf(id, node.operands) }
				: renumberOperands(node, (operand) => operand + front.nodes.length),
		);
		return { ...kernel, nodes: [...front.nodes.map((node) => ({ ...node, stage: 0 })), ...nodes] };
	});
	return { ...muGraph, kernels };
}

/** Nodes that are put before all others: for each linked set its count, and one over it. */
interface Front {
	readonly nodes: readonly (ConstantNode | MapNode)[];
	/** The operands of a map node of the list, as numbered behind them. */
	operandsOf(node: number, operands: readonly number[]): readonly number[];
}

function frontOf(uses: LinkedUses, extents: readonly number[]): Front {
	const sets = new Map([...uses.values()].map(({ axes }) => [axes.join(), axes]));
	const nodes: (ConstantNode | MapNode)[] = [{ kind: "constant", value: 1, axes: [] }];
	const countIds = new Map<string, number>();
	for (const [key, axes] of sets) {
		const value = axes.reduce((product, axis) => product * present(extents[axis], "small extent"), 1);
		const count = nodes.push({ kind: "constant", value, axes: [] }) - 1;
		nodes.push({ kind: "map", operator: "divide", operands: [0, count], axes: [] });
		countIds.set(key, count);
	}
	const idOf = ({ axes, reading }: LinkedUse): number => {
		const count = present(countIds.get(axes.join()), "count of a linked set");
		return reading === "count" ? count : count + 1;
	};
	return {
		nodes,
		operandsOf: (node, operands) =>
			operands.map((operand, position) => {
				const use = uses.get(useKey(node, position));
				return use === undefined ? operand + nodes.length : idOf(use);
			}),
	};
}
