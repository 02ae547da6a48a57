// How many calls to the Worker itself one incoming request may make, and how many it has made.

/**
 * Workers let one incoming request run 32 invocations through service bindings, itself included; on the free plan it has
 * 50 subrequests of every kind. 26 of them are left to store and queue: more than a model of one program needs.
 */
export const parallelCallsMax = 24;

/** A part is searched by one call, and a slice of what all parts found is proven by another. */
const callsEachPart = 2;

/** Of one incoming request. What does not get a call is computed where it is asked for: the answer is the same. */
export interface ParallelCalls {
	/** Parts that a search may go out in, `wanted` or as many as can be paid for; their calls are set aside. 1: none. */
	divide(wanted: number): number;
	/** One call more, to repeat one that failed; false when none is left. */
	take(): boolean;
	/** Notes that a call was answered. */
	answered(): void;
	readonly answeredCount: number;
}

export function createParallelCalls(callsMax: number = parallelCallsMax): ParallelCalls {
	let left = callsMax;
	let answeredCount = 0;
	return {
		divide: (wanted) => {
			const width = Math.min(wanted, Math.floor(left / callsEachPart));
			if (width < 2) return 1;
			left -= callsEachPart * width;
			return width;
		},
		take: () => {
			if (left === 0) return false;
			left--;
			return true;
		},
		answered: () => {
			answeredCount++;
		},
		get answeredCount() {
			return answeredCount;
		},
	};
}
