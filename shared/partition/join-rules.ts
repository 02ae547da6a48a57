// In which order neighbours become one island. Each rule says which pairs (producer, consumer) it takes, by what they
// hold, and what their union must look like; rules run one after another, each to its fixed point, so that a normalisation
// goes to the projections it feeds and not to the residual before it, and attention is whole before projections chain up.

import type { IslandShape } from "./island-policy.ts";

/** What the primitives of a cluster are. */
export interface Traits {
	readonly hasContraction: boolean;
	readonly hasReduction: boolean;
	/** Any arithmetic; casts that dissolve are none. */
	readonly hasArithmetic: boolean;
	readonly hasSlice: boolean;
	readonly hasConcat: boolean;
}

export interface JoinCandidate {
	readonly traits: Traits;
	/** null for a cluster that is no island by itself, such as a lone view of integers. */
	readonly shape: IslandShape | null;
}

export interface JoinRule {
	readonly name: string;
	readonly takes: (producer: JoinCandidate, consumer: JoinCandidate) => boolean;
	/** Only producers that nothing else reads, of values that others read too. Default: false. */
	readonly isPrivate?: boolean;
	/** Also views that others read too, which the island then stores for them. Default: false. */
	readonly storesViews?: boolean;
	/** Default: any union that can be an island. */
	readonly allows?: (union: IslandShape, producer: JoinCandidate, consumer: JoinCandidate) => boolean;
}

const isView = ({ traits }: JoinCandidate): boolean => !traits.hasArithmetic;
const isElementWise = ({ traits }: JoinCandidate): boolean => !traits.hasContraction && !traits.hasReduction;
const isPlainView = (part: JoinCandidate): boolean =>
	isView(part) && !part.traits.hasSlice && !part.traits.hasConcat;
const isStatistic = ({ traits }: JoinCandidate): boolean => traits.hasReduction && !traits.hasContraction;
const isAttention = ({ shape }: JoinCandidate): boolean => shape?.isAttention === true;

/**
 * No contraction of the one uses a result of a contraction of the other. Where only one has any there is nothing to count,
 * though the union may count more: a rotary embedding cuts the scores that it feeds in halves.
 */
const addsNoChain: NonNullable<JoinRule["allows"]> = (union, producer, consumer) =>
	(!producer.traits.hasContraction ||
		!consumer.traits.hasContraction ||
		union.chains === (producer.shape?.chains ?? 0) + (consumer.shape?.chains ?? 0)) &&
	union.isAttention === (isAttention(producer) || isAttention(consumer));

export const joinRules: readonly JoinRule[] = [
	{
		// Rotary embeddings and split gates: what is sliced or concatenated, with the arithmetic around it.
		name: "pieces",
		takes: (producer, consumer) =>
			isElementWise(producer) &&
			isElementWise(consumer) &&
			(producer.traits.hasConcat ||
				consumer.traits.hasConcat ||
				(producer.traits.hasSlice && !isView(consumer)) ||
				(consumer.traits.hasSlice && isPlainView(producer))),
	},
	{
		// The square under a mean: its operand is stored for others anyway, so it is no epilogue of what computes that.
		name: "summand",
		takes: (producer, consumer) =>
			isElementWise(producer) && consumer.traits.hasReduction && !consumer.traits.hasContraction,
		isPrivate: true,
	},
	{
		// Bias, activation, residual; gate times up; a low-rank branch.
		name: "epilogue",
		takes: (producer, consumer) =>
			producer.traits.hasContraction &&
			(consumer.traits.hasContraction ||
				(isElementWise(consumer) && (!isView(consumer) || isPlainView(consumer)))),
		allows: addsNoChain,
	},
	{
		// Normalisations, softmax, element-wise chains.
		name: "statistics",
		takes: (producer, consumer) =>
			!producer.traits.hasContraction &&
			!consumer.traits.hasContraction &&
			!(isView(producer) && isView(consumer)) &&
			(!isView(producer) || isPlainView(producer)) &&
			(!isView(consumer) || isPlainView(consumer)),
	},
	{
		// Scores and their softmax.
		name: "scores",
		takes: (producer, consumer) =>
			producer.traits.hasContraction && consumer.traits.hasReduction && !consumer.traits.hasContraction,
		allows: (union) => union.isAttention,
	},
	{
		// Probabilities times values.
		name: "attention",
		takes: (producer, consumer) =>
			isAttention(producer) && consumer.traits.hasContraction && !consumer.traits.hasReduction,
	},
	{
		// A normalisation or element-wise chain before the contractions it feeds, and these beside each other.
		name: "prologue",
		takes: (producer, consumer) =>
			consumer.traits.hasContraction &&
			(producer.traits.hasContraction || producer.traits.hasArithmetic || isPlainView(producer)),
		allows: addsNoChain,
	},
	{
		// Cached keys and values with the new ones behind them: attention reads the parts while they are put together.
		name: "cache",
		takes: (producer, consumer) => isView(producer) && producer.traits.hasConcat && isAttention(consumer),
		storesViews: true,
	},
	{
		// Projection after projection: gate and up into down.
		name: "chain",
		takes: (producer, consumer) =>
			producer.traits.hasContraction &&
			consumer.traits.hasContraction &&
			!isAttention(producer) &&
			!isAttention(consumer) &&
			!consumer.traits.hasReduction,
		allows: (union) => !union.isAttention,
	},
];

/** Readers of one tensor that nothing else connects: query, key and value projections; two statistics of one row. */
export const siblingRule: JoinRule = {
	name: "siblings",
	takes: (first, second) =>
		(first.traits.hasContraction &&
			second.traits.hasContraction &&
			!isAttention(first) &&
			!isAttention(second)) ||
		(isStatistic(first) && isStatistic(second)),
	allows: addsNoChain,
};

/** What is left of views goes to the island it feeds, else to the one it drains. */
export const feedingViewRule: JoinRule = { name: "feeding view", takes: (producer) => isView(producer) };
export const drainingViewRule: JoinRule = { name: "draining view", takes: (_, consumer) => isView(consumer) };
