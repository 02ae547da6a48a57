/** Lanes of the first batch, which shows most wrong µGraphs. */
export const probeLanes = 4;
const batchLanes = [probeLanes, 16, 64, 256, 1024] as const;
/** Each exponential mixes all lanes, and their structure is found in time that grows with the cube. */
export const exponentialLanesMax = 256;
/** Batches get larger where this many more would not suffice. */
const batchesHoped = 4;

/**
 * Lanes of the next batch after one that left `missing` of the wanted error, both as base-2 logarithms: more after one that
 * gained little, since the structure of exponents needs lanes and radicands spoil them. Null when one gained nothing and
 * there are no more, at most `lanesMax`.
 */
export function lanesAfter(lanes: number, gain: number, missing: number, lanesMax: number): number | null {
	const larger = batchLanes.find((candidate) => candidate > lanes && candidate <= lanesMax) ?? null;
	if (gain === 0) return larger;
	return batchesHoped * gain > missing ? (larger ?? lanes) : lanes;
}
