// The order of the search: positions, each a variant and one of its cuts. Rounds take a few cuts of every variant in turn,
// so that a budget which ends the search has seen the best of all of them and not all of the first.

import { present } from "#shared/fault/assert.ts";
import type { CutLimits, CutOutcome } from "./cuts.ts";
import type { Variant } from "./variants.ts";

/** Cuts of a variant in one round. */
const cutsEachRound = 8;

export interface Position {
	/** Index among the variants. */
	readonly variantIndex: number;
	readonly variant: Variant;
	readonly outcome: CutOutcome;
	/** Whether it is the variant's first. */
	readonly isFirst: boolean;
}

interface Front {
	readonly variantIndex: number;
	readonly variant: Variant;
	readonly cuts: Iterator<CutOutcome>;
}

/** Every position once, in an order that depends on the variants and limits alone. Lazy. */
export function* enumeratePositions(variants: Iterable<Variant>, limits: CutLimits): Generator<Position> {
	let waiting: Front[] = [];
	let variantIndex = 0;
	for (const variant of variants) {
		const front = { variantIndex, variant, cuts: variant.cuts(limits)[Symbol.iterator]() };
		if (yield* takeRound(front, true)) waiting.push(front);
		variantIndex++;
	}
	while (waiting.length > 0) {
		const left: Front[] = [];
		for (const front of waiting) if (yield* takeRound(front, false)) left.push(front);
		waiting = left;
	}
}

/** Whether the variant may have more cuts. */
function* takeRound(
	{ variantIndex, variant, cuts }: Front,
	isFirstRound: boolean,
): Generator<Position, boolean> {
	for (let taken = 0; taken < cutsEachRound; taken++) {
		const next = cuts.next();
		if (next.done === true) return false;
		const outcome = present(next.value, "cut");
		yield { variantIndex, variant, outcome, isFirst: isFirstRound && taken === 0 };
	}
	return true;
}
