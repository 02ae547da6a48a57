// The read of memory, in the fastest of six ways, that takes part in every timed round: how fast memory was while others were timed.

import { type Burst, latencyOf } from "./statistics.ts";

/** As the measuring process calls it. */
const participant = "reference";
/** REFERENCE_BYTES of gpu-runner/harness/timing.c. */
const bytesRead = 64 * 2 ** 20;

/** By one thread, from memory that others have driven out of the caches; null without such a read. */
export function readRateOf(bursts: readonly Burst[]): number | null {
	const nanoseconds = latencyOf(bursts, participant);
	return Number.isNaN(nanoseconds) ? null : bytesRead / nanoseconds;
}
