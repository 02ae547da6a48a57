import { present } from "#shared/fault/assert.ts";
import type { Kernel } from "#shared/mugraph/mugraph.ts";
import type { Cut } from "./cuts.ts";
import { type KernelPlacements, type PlacementLimits, placeKernel } from "./placement.ts";

/** Combinations kept for a cut of so many kernels: few where the product would grow. */
const combinationsMax = [0, 12, 9, 8, 4] as const;

export interface PlacementTally {
	placements(count: number): void;
	pruned(rule: string, count: number): void;
}

/** Places each kernel of one DAG once, whatever the number of cuts that have it. */
export class PlacementMemo {
	readonly #known = new Map<string, KernelPlacements>();
	readonly #limits: PlacementLimits;
	readonly #tally: PlacementTally;

	constructor(limits: PlacementLimits, tally: PlacementTally) {
		this.#limits = limits;
		this.#tally = tally;
	}

	/**
	 * The best few combinations of the kernels' placements, by cost and then by rank: never the whole product. Kernels of
	 * the prepare step come first, each as it is placed best: they cost a call nothing.
	 */
	combine(cut: Cut): readonly (readonly Kernel[])[] {
		const limit = combinationsMax[cut.kernels.length] ?? 1;
		let combinations: {
			readonly kernels: readonly Kernel[];
			readonly rank: number;
			readonly cost: number;
		}[] = [{ kernels: [], rank: 0, cost: 0 }];
		for (const spec of cut.kernels) {
			const choices = this.#place(spec).placements;
			combinations = combinations
				.flatMap(({ kernels, rank, cost }) =>
					choices.map((choice, own) => ({
						kernels: [...kernels, choice.kernel],
						rank: rank + own,
						cost: cost + choice.nanoseconds,
					})),
				)
				.sort((a, b) => a.cost - b.cost || a.rank - b.rank)
				.slice(0, limit);
		}
		const prepare = cut.prepare.map((spec) => present(this.#place(spec).placements[0], "a placement").kernel);
		return combinations.map(({ kernels }) => [...prepare, ...kernels]);
	}

	#place(spec: Cut["kernels"][number]): KernelPlacements {
		const known = this.#known.get(spec.key);
		if (known !== undefined) return known;
		const placed = placeKernel(spec, this.#limits);
		this.#known.set(spec.key, placed);
		this.#tally.placements(placed.placements.length);
		for (const [rule, count] of Object.entries(placed.pruned)) this.#tally.pruned(rule, count);
		return placed;
	}
}
