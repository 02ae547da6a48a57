// What trait rules look at: nodes with the values they compute, and what reads what within a kernel.

import { present } from "#shared/fault/assert.ts";
import {
	type AccumulateNode,
	type BlockNode,
	type BlockNodeId,
	blockNodeOperands,
	type ContractNode,
	type Kernel,
	type MuGraph,
} from "../mugraph.ts";
import { type ValueForm, type ValueForms, type ValueId, valueForms } from "../value-forms.ts";

export interface KernelView {
	readonly id: number;
	readonly kernel: Kernel;
	readonly nodes: readonly BlockNode[];
	/** By node. */
	readonly values: readonly ValueId[];
	/** By node: the nodes it is computed from, itself among them. */
	readonly sources: readonly ReadonlySet<BlockNodeId>[];
}

export interface MuGraphView {
	readonly muGraph: MuGraph;
	readonly kernels: readonly KernelView[];
	readonly forms: ValueForms["forms"];
}

/** For a well-formed µGraph. */
export function viewMuGraph(muGraph: MuGraph): MuGraphView {
	const { forms, ofNode } = valueForms(muGraph);
	const kernels = muGraph.kernels.map((kernel, id): KernelView => {
		const sources: ReadonlySet<BlockNodeId>[] = [];
		kernel.nodes.forEach((node, own) => {
			const reached = new Set([own]);
			for (const operand of blockNodeOperands(node))
				for (const source of present(sources[operand], "sources of an earlier node")) reached.add(source);
			sources.push(reached);
		});
		return { id, kernel, nodes: kernel.nodes, values: present(ofNode[id], "values of a kernel"), sources };
	});
	return { muGraph, kernels, forms };
}

export const formOf = (view: MuGraphView, value: ValueId): ValueForm =>
	present(view.forms[value], "form of a value");

/** A row's own sum of squares is a contraction in form, a statistic in meaning. */
function isStatisticContract(form: ValueForm): boolean {
	return form.node.kind === "contract" && form.operands[0] === form.operands[1];
}

/** A proper contraction: of two different values. */
export function isContraction(form: ValueForm): boolean {
	return form.node.kind === "contract" && !isStatisticContract(form);
}

/** A reduction to a statistic: sum, maximum, sum of squares and the like. */
export function isStatistic(form: ValueForm): boolean {
	const { kind } = form.node;
	return kind === "reduce" || kind === "accumulateDeviations" || isStatisticContract(form);
}

/** Whether anything that a value is computed from, or itself, satisfies `accepts`. */
export function anySource(view: MuGraphView, value: ValueId, accepts: (form: ValueForm) => boolean): boolean {
	for (const source of formOf(view, value).sources) if (accepts(formOf(view, source))) return true;
	return false;
}

export interface PlacedContraction {
	readonly id: BlockNodeId;
	readonly node: ContractNode;
	readonly value: ValueId;
}

/** The proper contractions of a kernel. */
export function contractionsOf(view: MuGraphView, kernel: KernelView): readonly PlacedContraction[] {
	return kernel.nodes.flatMap((node, id) => {
		const value = present(kernel.values[id], "value of a node");
		return node.kind === "contract" && isContraction(formOf(view, value)) ? [{ id, node, value }] : [];
	});
}

export function accumulatorsOf(kernel: KernelView): readonly AccumulateNode[] {
	return kernel.nodes.filter((node) => node.kind === "accumulate");
}

/** Whether node `reader` is computed from node `source`. */
export function reads(kernel: KernelView, reader: BlockNodeId, source: BlockNodeId): boolean {
	return present(kernel.sources[reader], "sources of a node").has(source);
}

/** Kernels that satisfy `accepts`. */
export const kernelsWhere = (
	view: MuGraphView,
	accepts: (kernel: KernelView) => boolean,
): readonly number[] => view.kernels.filter(accepts).map(({ id }) => id);

/** Every unordered pair. */
export function pairs<T>(items: readonly T[]): readonly (readonly [T, T])[] {
	return items.flatMap((left, i) => items.slice(i + 1).map((right) => [left, right] as const));
}
