// Which ranked candidates a runner measures. A model that is off by tens of percent puts schedules on top that differ in
// what does not matter and agree in what does; so each choice makes others like it look slower (maximal marginal relevance,
// Carbonell and Goldstein 1998).

import type { RankedCandidate } from "#shared/cost-model/cost-model.ts";
import { present } from "#shared/fault/assert.ts";
import type { KernelSchedule, Schedule } from "#shared/schedule/schedule.ts";
import type { PlannedCandidate, PlannedMuGraph } from "./plan.ts";

export type Ranked = RankedCandidate<{ readonly muGraph: PlannedMuGraph; readonly schedule: Schedule }>;

/** By how much of its time a candidate looks slower for each one chosen before that agrees with it in something. */
const likeness: readonly { readonly share: number; readonly of: (kernel: KernelSchedule) => unknown }[] = [
	// What is best of these depends most on the machine, of which the model knows least.
	{ share: 0.01, of: ({ prefetchBytes, prefetchLevel }) => [prefetchBytes, prefetchLevel] },
	{ share: 0.01, of: ({ registerRows, registerVectors }) => [registerRows, registerVectors] },
	{ share: 0.01, of: ({ nonTemporalStores }) => nonTemporalStores },
	{ share: 0.005, of: ({ gridTiles }) => gridTiles },
	{ share: 0.005, of: ({ loopTile }) => loopTile },
	{ share: 0.01, of: ({ weightLayout }) => weightLayout },
	{ share: 0.01, of: ({ vectorAxis }) => vectorAxis },
	{ share: 0.0025, of: ({ unroll }) => unroll },
];
const likenessOfMuGraph = 0.02;

/** Of the candidates, what is left to exact products where rounded ones are allowed: rounding may turn out too coarse. */
const shareOfExact = 1 / 4;

/**
 * At most `limit` of `ranked`, fastest first: one of every µGraph as far as there is room, because a model separates
 * schedules of one µGraph better than µGraphs, then those that are fast and unlike the chosen. Cost: limit times candidates.
 */
export function chooseCandidates(
	ranked: readonly Ranked[],
	muGraphs: readonly PlannedMuGraph[],
	limit: number,
): PlannedCandidate[] {
	const indexOf = new Map(muGraphs.map((muGraph, index) => [muGraph, index]));
	const exact = ranked.filter(({ candidate }) => isExact(candidate.schedule));
	const rounded = ranked.filter(({ candidate }) => !isExact(candidate.schedule));
	const exactCount = rounded.length === 0 ? limit : Math.ceil(limit * shareOfExact);
	return [...choose(rounded, limit - exactCount), ...choose(exact, exactCount)]
		.sort((a, b) => a.nanoseconds - b.nanoseconds)
		.map(({ candidate, nanoseconds }) => ({
			muGraph: present(indexOf.get(candidate.muGraph), "a ranked µGraph is one of the plan"),
			schedule: candidate.schedule,
			predictedNanoseconds: nanoseconds,
		}));
}

const isExact = ({ kernels }: Schedule): boolean =>
	kernels.every(({ productType }) => productType === "float32");

function choose(ranked: readonly Ranked[], limit: number): readonly Ranked[] {
	const choice = new Choice(ranked);
	const byMuGraph = new Map<PlannedMuGraph, number[]>();
	for (const [at, { candidate }] of ranked.entries()) {
		const own = byMuGraph.get(candidate.muGraph);
		if (own === undefined) byMuGraph.set(candidate.muGraph, [at]);
		else own.push(at);
	}
	for (const own of byMuGraph.values()) if (choice.taken.length < limit) choice.takeBest(own);
	while (choice.taken.length < Math.min(limit, ranked.length)) choice.takeBest(ranked.keys());
	return choice.taken;
}

class Choice {
	readonly taken: Ranked[] = [];
	readonly #ranked: readonly Ranked[];
	/** By candidate: its traits, and what a shared one costs. */
	readonly #traits: readonly (readonly (readonly [trait: number, share: number])[])[];
	/** By trait: how many of the taken have it. */
	readonly #counts: number[] = [];
	readonly #isTaken = new Set<number>();

	constructor(ranked: readonly Ranked[]) {
		this.#ranked = ranked;
		const numbers = new Map<unknown, number>();
		const numberOf = (trait: unknown): number => {
			const known = numbers.get(trait);
			if (known !== undefined) return known;
			numbers.set(trait, numbers.size);
			this.#counts.push(0);
			return numbers.size - 1;
		};
		this.#traits = ranked.map(({ candidate: { muGraph, schedule } }) => [
			[numberOf(muGraph), likenessOfMuGraph],
			...likeness.map(
				({ share, of }, at) =>
					[numberOf(`${at} ${JSON.stringify(schedule.kernels.map(of))}`), share] as const,
			),
		]);
	}

	takeBest(among: Iterable<number>): void {
		let best: number | null = null;
		let least = Number.POSITIVE_INFINITY;
		for (const at of among) {
			const seeming = this.#isTaken.has(at) ? Number.POSITIVE_INFINITY : this.#seemingNanoseconds(at);
			if (seeming < least) [best, least] = [at, seeming];
		}
		if (best === null) return;
		this.#isTaken.add(best);
		this.taken.push(present(this.#ranked[best], "a candidate"));
		for (const [trait] of present(this.#traits[best], "its traits"))
			this.#counts[trait] = (this.#counts[trait] ?? 0) + 1;
	}

	#seemingNanoseconds(at: number): number {
		let slower = 1;
		for (const [trait, share] of present(this.#traits[at], "its traits"))
			slower += share * (this.#counts[trait] ?? 0);
		return present(this.#ranked[at], "a candidate").nanoseconds * slower;
	}
}
