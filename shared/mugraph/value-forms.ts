// What the nodes of a µGraph compute, wherever they do it: one form for each distinct value, hash-consed over all kernels.
// A load of an intermediate is the value stored there; an accumulator is what it ends with, which is its operand's form
// (the loop axis is reduced by then, and an online softmax ends with what two passes would give).

import { present } from "#shared/fault/assert.ts";
import { commutativeOperators } from "#shared/program/commutative-operators.ts";
import type { AxisId } from "#shared/program/program.ts";
import { type BlockNode, blockNodeOperands, type MuGraph } from "./mugraph.ts";

/** Index into `ValueForms.forms`. */
export type ValueId = number;

export interface ValueForm {
	/** A node of the kind that computes the value: never an accumulator or a store of something else, nor a load of an intermediate. */
	readonly node: BlockNode;
	readonly operands: readonly ValueId[];
	/** Axes that the node reduces; none for a map. */
	readonly over: readonly AxisId[];
	/** Itself and all that it is computed from. */
	readonly sources: ReadonlySet<ValueId>;
}

export interface ValueForms {
	readonly forms: readonly ValueForm[];
	/** By kernel and node. A store has its operand's value. */
	readonly ofNode: readonly (readonly ValueId[])[];
}

/** The values of a well-formed µGraph. Structural: a+b and b+a are one value, (a+b)+c and a+(b+c) are two. */
export function valueForms(muGraph: MuGraph): ValueForms {
	const forms: ValueForm[] = [];
	const known = new Map<string, ValueId>();
	const stored = new Map<number, ValueId>();
	const ofNode = muGraph.kernels.map((kernel) => {
		const own: ValueId[] = [];
		for (const node of kernel.nodes) {
			const operands = blockNodeOperands(node).map((id) => present(own[id], "value of an earlier node"));
			const value = passedOn(node, operands, stored) ?? intern(node, operands, forms, known);
			own.push(value);
			if (node.kind === "store" && node.target.kind === "intermediate")
				stored.set(node.target.intermediate, value);
		}
		return own;
	});
	return { forms, ofNode };
}

/** The value that a node hands on unchanged, if it does. */
function passedOn(
	node: BlockNode,
	operands: readonly ValueId[],
	stored: ReadonlyMap<number, ValueId>,
): ValueId | undefined {
	if (node.kind === "load" && node.source.kind === "intermediate")
		return stored.get(node.source.intermediate);
	return node.kind === "store" || node.kind === "accumulate" ? operands[0] : undefined;
}

function intern(
	node: BlockNode,
	given: readonly ValueId[],
	forms: ValueForm[],
	known: Map<string, ValueId>,
): ValueId {
	const operands = isCommutative(node) ? [...given].sort((a, b) => a - b) : given;
	const key = JSON.stringify([meaningOf(node), operands]);
	const found = known.get(key);
	if (found !== undefined) return found;
	const id = forms.length;
	const sources = new Set([id]);
	for (const operand of operands)
		for (const source of present(forms[operand], "operand's form").sources) sources.add(source);
	forms.push({ node, operands, over: reducedAxes(node), sources });
	known.set(key, id);
	return id;
}

function isCommutative(node: BlockNode): boolean {
	return node.kind === "contract" || (node.kind === "map" && commutativeOperators.has(node.operator));
}

/** Axes that a node reduces. */
export function reducedAxes(node: BlockNode): readonly AxisId[] {
	return "over" in node ? node.over : [];
}

/** All of a node that its value depends on but its operands. */
function meaningOf(node: BlockNode): unknown {
	switch (node.kind) {
		case "load":
			return ["load", node.source];
		case "constant":
			return ["constant", `${node.value}`, Object.is(node.value, -0)];
		case "map":
			return ["map", node.operator];
		case "reduce":
			return ["reduce", node.operator, node.over];
		default:
			return [node.kind, reducedAxes(node)];
	}
}
