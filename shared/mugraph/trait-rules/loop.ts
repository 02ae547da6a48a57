// Traits of the loop and of blocks: what is carried, what is done once, what a block keeps.

import { present } from "#shared/fault/assert.ts";
import { type BlockNode, blockNodeOperands, isLoopCarried } from "../mugraph.ts";
import type { ValueForm } from "../value-forms.ts";
import type { TraitRule } from "./trait-rule.ts";
import {
	accumulatorsOf,
	contractionsOf,
	formOf,
	isContraction,
	isStatistic,
	type KernelView,
	kernelsWhere,
	type MuGraphView,
	reads,
} from "./view.ts";

const onlineSoftmax: TraitRule = (view) =>
	kernelsWhere(view, (kernel) => accumulatorsOf(kernel).some(({ rescale }) => rescale !== null));

const onePassVariance: TraitRule = (view) =>
	kernelsWhere(view, ({ nodes }) => nodes.some(({ kind }) => kind === "accumulateDeviations"));

/** A plain accumulator of a statistic and one of a contraction in one stage, both reading one load. */
const loopCarriedStatistic: TraitRule = (view) =>
	kernelsWhere(view, (kernel) => {
		const carried = kernel.nodes
			.filter(isLoopCarried)
			.filter((node) => !("rescale" in node && node.rescale !== null));
		const operandForm = ({ operand }: { readonly operand: number }): ValueForm =>
			formOf(view, present(kernel.values[operand], "value of a node"));
		const statistics = carried.filter(
			(node) => node.kind === "accumulateDeviations" || isStatistic(operandForm(node)),
		);
		const contractions = carried.filter(
			(node) => node.kind === "accumulate" && isContraction(operandForm(node)),
		);
		return statistics.some((statistic) =>
			contractions.some(
				(contraction) =>
					statistic.stage === contraction.stage && shareLoad(kernel, statistic.operand, contraction.operand),
			),
		);
	});

function shareLoad(kernel: KernelView, left: number, right: number): boolean {
	const loaded = (id: number): ReadonlySet<number> =>
		new Set(
			[...present(kernel.sources[id], "sources of a node")]
				.filter((source) => kernel.nodes[source]?.kind === "load")
				.map((source) => present(kernel.values[source], "value of a load")),
		);
	const other = loaded(right);
	return [...loaded(left)].some((value) => other.has(value));
}

/** No loop, and something is done along an axis with what a reduction over that axis gave. */
const rowResident: TraitRule = (view) =>
	kernelsWhere(view, (kernel) => {
		if (kernel.kernel.loop !== null || kernel.kernel.grid.length === 0) return false;
		return kernel.nodes.some((statistic, id) => {
			if (statistic.kind !== "reduce") return false;
			return kernel.nodes.some(
				(node, reader) =>
					node.kind === "map" &&
					node.axes.some((axis) => statistic.over.includes(axis)) &&
					reads(kernel, reader, id),
			);
		});
	});

const isWork = (node: BlockNode): boolean => node.kind !== "constant" && node.kind !== "store";

/** A load, or work on one, before the first loop of a kernel that has one. */
const hoistedBeforeLoop: TraitRule = (view) =>
	kernelsWhere(view, (kernel) => {
		const { loop } = kernel.kernel;
		if (loop === null) return false;
		return kernel.nodes.some(
			(node, id) => node.stage === 0 && isWork(node) && isReadInLoop(kernel, id) && node.axes.length > 0,
		);
	});

function isReadInLoop({ nodes }: KernelView, id: number): boolean {
	return nodes.some((node) => node.stage % 2 === 1 && blockNodeOperands(node).includes(id));
}

const severalPasses: TraitRule = (view) =>
	kernelsWhere(view, ({ nodes }) => nodes.some(({ stage }) => stage >= 3));

/** A statistic or contraction that lacks a grid axis: each block along that axis does it again. */
const recomputedPerBlock: TraitRule = (view) =>
	kernelsWhere(view, (kernel) => kernel.nodes.some((node) => isRepeated(view, kernel, node)));

function isRepeated(view: MuGraphView, kernel: KernelView, node: BlockNode): boolean {
	if (node.kind !== "reduce" && node.kind !== "contract") return false;
	const extent = (axis: number): number => present(view.muGraph.axes[axis], "axis").extent;
	return kernel.kernel.grid.some((axis) => !node.axes.includes(axis) && extent(axis) > 1);
}

/** Whether two contractions of a stage have an operand in common that neither had to be contracted for. */
function shareOperand(view: MuGraphView, kernel: KernelView): boolean {
	const contractions = contractionsOf(view, kernel);
	return contractions.some((left) =>
		contractions.some((right) => {
			if (left.id >= right.id || left.node.stage !== right.node.stage || left.value === right.value)
				return false;
			const others = formOf(view, right.value).operands;
			return formOf(view, left.value).operands.some(
				(operand) => others.includes(operand) && formOf(view, operand).node.kind === "load",
			);
		}),
	);
}

const sharedOperandLoad: TraitRule = (view) => kernelsWhere(view, (kernel) => shareOperand(view, kernel));

export const loopRules = {
	onlineSoftmax,
	onePassVariance,
	loopCarriedStatistic,
	rowResident,
	hoistedBeforeLoop,
	severalPasses,
	recomputedPerBlock,
	sharedOperandLoad,
};
