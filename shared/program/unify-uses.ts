// Two readings of one input get one axis where that is possible. Nothing forces it: x in sum(x·x) and x in x·w may have
// axes of their own. But a loop can share a load, and a statistic can be accumulated beside a contraction, only along a
// common axis.

import type { ValueId } from "#shared/graph/graph.ts";
import { type Draft, type DraftNode, draftOperands, freeAtoms, hasDistinctAxes } from "./draft.ts";
import type { AtomId } from "./refine-axes.ts";
import { windowKey } from "./window.ts";

type InputDraft = Extract<DraftNode, { kind: "input" }>;

/**
 * Unifies readings of the same part of a value, dimension by dimension, in node order, where every tensor keeps distinct
 * axes and no value comes to vary along an axis that a contraction above it has closed: the residual of a block is read along
 * the block's output axis, not along the axis its first contraction sums, so that a grid may cut it.
 */
export function unifyUses(draft: Draft): void {
	const uses = new Map<ValueId, InputDraft[]>();
	for (const node of draft.nodes) {
		if (node.kind !== "input") continue;
		const earlier = uses.get(node.value) ?? [];
		for (const use of earlier) unifyPair(draft, use, node);
		uses.set(node.value, [...earlier, node]);
	}
}

function unifyPair(draft: Draft, first: InputDraft, second: InputDraft): void {
	for (const [axis, part] of first.window.entries()) {
		const other = second.window[axis];
		if (other === undefined || windowKey([part]) !== windowKey([other])) continue;
		const left = draft.atoms.resolve(first.atoms[axis] ?? []);
		const right = draft.atoms.resolve(second.atoms[axis] ?? []);
		if (left.join() === right.join()) continue;
		if (tryUnify(draft, left, right)) continue;
		const extents = (atoms: readonly AtomId[]): string =>
			atoms.map((atom) => draft.atoms.extent(atom)).join();
		if (left.length < 2 || extents(left) !== extents(right)) continue;
		for (const [i, atom] of left.entries()) tryUnify(draft, [atom], [right[i] ?? atom]);
	}
}

function tryUnify(draft: Draft, left: readonly AtomId[], right: readonly AtomId[]): boolean {
	const before = draft.atoms.snapshot();
	const revived = revivedAxes(draft);
	if (draft.atoms.unify(left, right) && hasDistinctAxes(draft) && revivedAxes(draft) <= revived) return true;
	draft.atoms.restore(before);
	return false;
}

/**
 * How many (node, axis) pairs have an axis free that was summed above the node, with a contraction at the sum or after
 * it. A sum that no contraction follows is a statistic, and what it normalises has the axis again.
 */
function revivedAxes(draft: Draft): number {
	const free = freeAtoms(draft);
	const summed: Set<AtomId>[] = [];
	const closed: Set<AtomId>[] = [];
	let count = 0;
	for (const [id, node] of draft.nodes.entries()) {
		const operands = draftOperands(node);
		const summedAbove = new Set(operands.flatMap((operand) => [...(summed[operand] ?? [])]));
		const closedAbove = new Set(operands.flatMap((operand) => [...(closed[operand] ?? [])]));
		if (node.kind === "reduce" || node.kind === "contract")
			for (const atom of draft.atoms.resolve(node.over)) summedAbove.add(atom);
		if (node.kind === "contract") for (const atom of summedAbove) closedAbove.add(atom);
		for (const atom of free[id] ?? []) if (closedAbove.has(atom)) count++;
		summed.push(summedAbove);
		closed.push(closedAbove);
	}
	return count;
}
