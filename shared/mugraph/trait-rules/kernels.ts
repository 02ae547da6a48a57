// Traits of the cut into kernels: what is fused, what is split, what is done twice.

import { present } from "#shared/fault/assert.ts";
import type { AxisId } from "#shared/program/program.ts";
import { type BlockNodeId, blockNodeOperands, type MuGraph } from "../mugraph.ts";
import { findPreparePart } from "../prepare-kernels.ts";
import { reducedAxes } from "../value-forms.ts";
import type { TraitRule } from "./trait-rule.ts";
import {
	anySource,
	contractionsOf,
	formOf,
	isContraction,
	isStatistic,
	type KernelView,
	kernelsWhere,
	type MuGraphView,
	pairs,
	reads,
} from "./view.ts";

const singleKernel: TraitRule = ({ muGraph, kernels }) => {
	const prepare = findPreparePart(muGraph).kernels;
	const ofCall = kernels.filter(({ id }) => !prepare.has(id));
	return ofCall.length === 1 ? ofCall.map(({ id }) => id) : [];
};

const preparedWeights: TraitRule = ({ muGraph }) => [...findPreparePart(muGraph).kernels];

const fusedContractions: TraitRule = (view) =>
	kernelsWhere(view, (kernel) =>
		pairs(contractionsOf(view, kernel)).some(
			([left, right]) =>
				left.value !== right.value &&
				left.node.stage === right.node.stage &&
				!reads(kernel, right.id, left.id) &&
				!reads(kernel, left.id, right.id),
		),
	);

const chainedContractions: TraitRule = (view) =>
	kernelsWhere(view, (kernel) =>
		pairs(contractionsOf(view, kernel)).some(([left, right]) => reads(kernel, right.id, left.id)),
	);

/**
 * An element-wise operator between a contraction and a store that is more than putting sums and statistics together: it
 * has one operand, or one that is no result of the kernel's reductions (a bias, a gain, a residual).
 */
const fusedEpilogue: TraitRule = (view) =>
	kernelsWhere(view, (kernel) => {
		const stored = storedThroughMaps(kernel);
		return kernel.nodes.some((node, id) => {
			if (node.kind !== "map" || node.operator === "negate" || !stored.has(id)) return false;
			const values = node.operands.map((operand) => present(kernel.values[operand], "value of an operand"));
			const isPlain = values.some(
				(value) => !anySource(view, value, (form) => isContraction(form) || isStatistic(form)),
			);
			return (node.operands.length === 1 || isPlain) && followsContraction(view, kernel, id);
		});
	});

function isContractionHere(view: MuGraphView, kernel: KernelView, id: BlockNodeId): boolean {
	return (
		kernel.nodes[id]?.kind === "contract" &&
		isContraction(formOf(view, present(kernel.values[id], "value of a node")))
	);
}

/** Nodes from which a store is reached through maps only. */
function storedThroughMaps({ nodes }: KernelView): ReadonlySet<BlockNodeId> {
	const stored = new Set<BlockNodeId>();
	for (const [id, node] of [...nodes.entries()].reverse())
		if (node.kind === "store" || (node.kind === "map" && stored.has(id)))
			for (const operand of blockNodeOperands(node)) stored.add(operand);
	return stored;
}

/** Whether a contraction is reached through maps and accumulators only. */
function followsContraction(view: MuGraphView, kernel: KernelView, id: BlockNodeId): boolean {
	if (isContractionHere(view, kernel, id)) return true;
	const node = kernel.nodes[id];
	if (node?.kind === "accumulate") return followsContraction(view, kernel, node.operand);
	return node?.kind === "map" && node.operands.some((operand) => followsContraction(view, kernel, operand));
}

/** A computed value, not a load, that two kernels compute. Only work on inputs counts: constants are free. */
const recomputation: TraitRule = (view) => {
	const placed = new Map<number, Set<number>>();
	for (const kernel of view.kernels) {
		kernel.nodes.forEach((node, id) => {
			if (node.kind !== "map" && node.kind !== "reduce" && node.kind !== "contract") return;
			const value = present(kernel.values[id], "value of a node");
			if (!anySource(view, value, (form) => form.node.kind === "load")) return;
			placed.set(value, (placed.get(value) ?? new Set()).add(kernel.id));
		});
	}
	return [...placed.values()].filter((kernels) => kernels.size > 1).flatMap((kernels) => [...kernels]);
};

/** Program axes of which an axis of the µGraph is a part. */
function wholeAxes(muGraph: MuGraph): readonly AxisId[] {
	const whole = muGraph.axes.map((_, axis) => axis);
	const first = muGraph.axes.length - muGraph.splits.length;
	muGraph.splits.forEach(({ axis }, id) => {
		whole[first + id] = present(whole[axis], "axis that is split");
	});
	return whole;
}

/**
 * One kernel reduces a part of a split axis with another part on its grid; a later one reduces that other part of what
 * it stored.
 */
const splitReduction: TraitRule = (view) => {
	if (view.muGraph.splits.length === 0) return [];
	const whole = wholeAxes(view.muGraph);
	return view.kernels.flatMap((partial) => {
		const reducedHere = new Set(partial.nodes.flatMap(reducedAxes).map((axis) => whole[axis]));
		const outer = partial.kernel.grid.filter((axis) => reducedHere.has(whole[axis]));
		const stored = partial.nodes.flatMap((node) =>
			node.kind === "store" && node.target.kind === "intermediate" ? [node.target.intermediate] : [],
		);
		const combining = view.kernels.filter((later) => combines(later, stored, outer));
		return combining.length === 0 ? [] : [partial.id, ...combining.map(({ id }) => id)];
	});
};

function combines(kernel: KernelView, stored: readonly number[], outer: readonly AxisId[]): boolean {
	return kernel.nodes.some((load, id) => {
		if (load.kind !== "load" || load.source.kind !== "intermediate") return false;
		if (!stored.includes(load.source.intermediate)) return false;
		return kernel.nodes.some(
			(node, reader) => reads(kernel, reader, id) && reducedAxes(node).some((axis) => outer.includes(axis)),
		);
	});
}

export const kernelRules = {
	singleKernel,
	preparedWeights,
	fusedContractions,
	chainedContractions,
	fusedEpilogue,
	recomputation,
	splitReduction,
};
