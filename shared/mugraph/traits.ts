// Names for what a µGraph does: the tricks by which the winners of Mirage (OSDI'25, section 7) and of the kernels people
// write by hand are faster, recognised by their structure. For people: nothing is decided by a trait.

import type { MuGraph } from "./mugraph.ts";
import { algebraRules } from "./trait-rules/algebra.ts";
import { kernelRules } from "./trait-rules/kernels.ts";
import { loopRules } from "./trait-rules/loop.ts";
import type { TraitRule } from "./trait-rules/trait-rule.ts";
import { viewMuGraph } from "./trait-rules/view.ts";

/** Title by id, the most telling first. Ids are stable: they are printed and stored. */
export const traitTitles = {
	onlineSoftmax: "softmax in one pass: sums rescaled when the running maximum grows",
	onePassVariance: "mean and variance in one pass over the row",
	splitReduction: "a long reduction split over blocks, combined by a later kernel",
	fusedAttention: "scores, softmax and weighted sum in one kernel",
	divisionAfterContraction: "the normalising division comes after the contraction, not before it",
	loopCarriedStatistic: "a row's statistic accumulated beside the contraction, in the same pass",
	lowRankBranch: "the low-rank branch is added inside the kernel of the full product",
	rotaryOnTheFly: "rotary embedding applied to operands as they are read",
	fusedNormalisation: "a normalisation's statistic and a contraction in one kernel",
	chainedContractions: "a contraction feeds another without leaving the kernel",
	fusedContractions: "independent contractions side by side in one kernel",
	sharedOperandLoad: "one load of an operand serves several contractions",
	fusedEpilogue: "element-wise work after a contraction in the same kernel",
	rowResident: "a whole row stays in the block, read once",
	recomputation: "a value computed in two kernels instead of stored",
	recomputedPerBlock: "a reduction repeated in every block along a grid axis it lacks",
	preparedWeights: "work on weights alone, done once before any call",
	hoistedBeforeLoop: "work that no step changes, done once before the loop",
	severalPasses: "several passes over the loop axis",
	singleKernel: "everything of a call in one kernel",
} as const;

export type TraitId = keyof typeof traitTitles;

export interface Trait {
	readonly id: TraitId;
	/** One line of English. */
	readonly title: string;
	/** Kernels that show it, ascending; of a trait between kernels, all that take part. */
	readonly kernels: readonly number[];
}

const rules: Readonly<Record<TraitId, TraitRule>> = { ...algebraRules, ...loopRules, ...kernelRules };

/** The traits of a well-formed µGraph, in the order of `traitTitles`. Cost: quadratic in the nodes of a kernel. */
export function muGraphTraits(muGraph: MuGraph): readonly Trait[] {
	const view = viewMuGraph(muGraph);
	return Object.entries(traitTitles).flatMap(([id, title]) => {
		// The keys of an object literal are its ids.
		const known = id as TraitId;
		const kernels = [...new Set(rules[known](view))].sort((a, b) => a - b);
		return kernels.length === 0 ? [] : [{ id: known, title, kernels }];
	});
}
