// The pieces of work of a loop-carried sum of squared deviations, in the order in which a step needs them.

import type { AccumulateDeviationsNode, BlockNodeId } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";

/**
 * share      what part of all elements seen the step holds;
 * mean       the step's mean, as float32 rounds it;
 * rest       the sum of the step's deviations from that, which shows what the rounding lost;
 * squares    the sum of their squares;
 * update     the running mean and sum of squares with the step's.
 */
export type DeviationsPart = "share" | "mean" | "rest" | "squares" | "update";

/** A loop nest of one part (roots.ts: NestedRoot). */
interface DeviationsNest {
	readonly kind: "nest";
	readonly node: BlockNodeId;
	readonly stage: number;
	readonly level: number;
	readonly part: DeviationsPart;
	readonly key: string;
	readonly reads: readonly string[];
	readonly kept: readonly AxisId[];
	readonly reduced: readonly AxisId[];
}

/** Under which name a part is kept. What others read is the last one's. */
export function partKey(id: BlockNodeId, part: DeviationsPart): string {
	return part === "update" ? `${id}` : `${part} ${id}`;
}

/** One loop nest a part. The parts that read the operand can run together with other sums over the same axes. */
export function deviationsRoots(
	base: Pick<DeviationsNest, "node" | "stage" | "level">,
	{ axes, over }: AccumulateDeviationsNode,
	operandReads: readonly string[],
): readonly DeviationsNest[] {
	const root = (
		part: DeviationsPart,
		domain: Pick<DeviationsNest, "kept" | "reduced">,
		reads: readonly string[],
	): DeviationsNest => ({ ...base, kind: "nest", part, key: partKey(base.node, part), reads, ...domain });
	const key = (part: DeviationsPart): string => partKey(base.node, part);
	const whole = { kept: axes, reduced: over };
	const fromMean = [...operandReads, key("mean")];
	return [
		root("share", { kept: [], reduced: [] }, []),
		root("mean", whole, operandReads),
		root("rest", whole, fromMean),
		root("squares", whole, fromMean),
		root("update", { kept: axes, reduced: [] }, [key("share"), key("mean"), key("rest"), key("squares")]),
	];
}
