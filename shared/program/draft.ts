// A program under construction: nodes over atoms (refine-axes.ts) that may still be split or unified.

import type { ValueId } from "#shared/graph/graph.ts";
import type { MapOperator, ReduceOperator } from "./program.ts";
import type { AtomId, AxisAtoms } from "./refine-axes.ts";
import type { TensorWindow } from "./window.ts";

/** Index into `Draft.nodes`. */
export type DraftId = number;

export type DraftNode =
	| {
			readonly kind: "input";
			readonly value: ValueId;
			/** The part of the value that is read, in normal form; `atoms` has, for each dimension, the atoms of its pieces. */
			readonly window: TensorWindow;
			readonly atoms: readonly (readonly AtomId[])[];
	  }
	| { readonly kind: "constant"; readonly value: number }
	| { readonly kind: "map"; readonly operator: MapOperator; readonly operands: readonly DraftId[] }
	| {
			readonly kind: "reduce";
			readonly operator: ReduceOperator;
			readonly operand: DraftId;
			readonly over: readonly AtomId[];
	  }
	| {
			readonly kind: "contract";
			readonly left: DraftId;
			readonly right: DraftId;
			readonly over: readonly AtomId[];
	  };

/** A tensor: for each dimension its atoms, outermost first (none for an extent of 1), and the node that computes it. */
export interface LabelledTensor {
	readonly node: DraftId;
	readonly dimensions: readonly (readonly AtomId[])[];
}

export interface Draft {
	readonly atoms: AxisAtoms;
	/** Topologically sorted. */
	readonly nodes: DraftNode[];
	/** Every tensor that was labelled: in none of them may two dimensions have the same axis. */
	readonly tensors: LabelledTensor[];
}

/** The nodes a draft node reads. */
export function draftOperands(node: DraftNode): readonly DraftId[] {
	switch (node.kind) {
		case "input":
		case "constant":
			return [];
		case "map":
			return node.operands;
		case "reduce":
			return [node.operand];
		case "contract":
			return [node.left, node.right];
	}
}

/** The root atoms that each node varies along. */
export function freeAtoms(draft: Draft): ReadonlySet<AtomId>[] {
	const free: Set<AtomId>[] = [];
	for (const node of draft.nodes) {
		const own = new Set<AtomId>();
		if (node.kind === "input") for (const atom of draft.atoms.resolve(node.atoms.flat())) own.add(atom);
		for (const operand of draftOperands(node)) for (const atom of free[operand] ?? []) own.add(atom);
		if (node.kind === "reduce" || node.kind === "contract")
			for (const atom of draft.atoms.resolve(node.over)) own.delete(atom);
		free.push(own);
	}
	return free;
}

/** False when some tensor has one axis in two dimensions, which labels cannot tell apart (x + transpose(x)). */
export function hasDistinctAxes(draft: Draft): boolean {
	return draft.tensors.every(({ dimensions }) => {
		const atoms = draft.atoms.resolve(dimensions.flat());
		return new Set(atoms).size === atoms.length;
	});
}
