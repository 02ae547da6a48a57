import type { Clock } from "#shared/pipeline/ports.ts";

/** The platform's clocks. In Workers both stand still while code runs and move at each I/O. */
export function createSystemClock(): Clock {
	return {
		nowMilliseconds: () => Date.now(),
		monotonicNanoseconds: () => BigInt(Math.round(performance.now() * 1e6)),
	};
}
