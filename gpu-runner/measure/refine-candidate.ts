// Local search by measuring: from a candidate to the best of its neighbours, as long as one is faster and time lasts.

import type { CompiledCandidate } from "#runner/toolchain/compile-candidates.ts";
import { candidateId } from "./check-candidates.ts";
import { type Burst, median, roundRatios } from "./statistics.ts";

export interface Refinement {
	/** No step begins after this, counted from the call; compiling and checking are part of it. */
	readonly milliseconds: number;
	/** At most `limit` candidates near one, which were none before. */
	readonly neighboursOf: (candidate: number, limit: number) => readonly number[];
	/** Compiles and checks; those that are right. */
	readonly admit: (candidates: readonly number[]) => Promise<readonly CompiledCandidate[]>;
	/** Interleaved rounds of those that fit into memory together, the first among them. */
	readonly race: (entrants: readonly CompiledCandidate[], milliseconds: number) => Promise<readonly Burst[]>;
	/** Whether a candidate turned out to be wrong while it was timed. */
	readonly isRejected: (candidate: number) => boolean;
}

/** Compiled and raced at once: enough for the compiler's start not to show, few enough for a short budget to have a step. */
const neighboursEachStep = 8;
/** Compiling and checking a step takes this long at the least. */
const stepMillisecondsMin = 500;
const raceShare = 1 / 6;
/** What the best of several gains by luck stays below this. */
const gainMin = 1.015;

/** `start`, or a better one. Ends when no neighbour is new, or with the time. */
export async function refineCandidate(
	start: CompiledCandidate,
	refinement: Refinement,
): Promise<CompiledCandidate> {
	const { milliseconds, neighboursOf, admit, race, isRejected } = refinement;
	const endsAt = performance.now() + milliseconds;
	let best = start;
	while (endsAt - performance.now() >= stepMillisecondsMin) {
		const near = neighboursOf(best.candidate, neighboursEachStep);
		if (near.length === 0) break;
		const right = await admit(near);
		if (right.length === 0) continue;
		const bursts = await race([best, ...right], milliseconds * raceShare);
		best = fastest(
			best,
			right.filter(({ candidate }) => !isRejected(candidate)),
			bursts,
		);
	}
	return best;
}

/** The challenger that gains most over `best` in the median round, if that is more than luck. */
function fastest(
	best: CompiledCandidate,
	challengers: readonly CompiledCandidate[],
	bursts: readonly Burst[],
): CompiledCandidate {
	const ranked = challengers
		.map((challenger) => ({
			challenger,
			gain: median(roundRatios(bursts, candidateId(best.candidate), candidateId(challenger.candidate))),
		}))
		.filter(({ gain }) => gain > gainMin)
		.sort((a, b) => b.gain - a.gain);
	return ranked[0]?.challenger ?? best;
}
