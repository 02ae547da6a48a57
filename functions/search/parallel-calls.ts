// How many calls to the Worker itself one incoming request may make, and how many it has made.

/**
 * Workers let one incoming request run 32 invocations through service bindings, itself included; on the free plan it has
 * 50 subrequests of every kind. 26 of them are left to store and queue: more than a model of one program needs.
 */
export const parallelCallsMax = 24;

/** Of one incoming request. What does not get a call is computed where it is asked for: the answer is the same. */
export interface ParallelCalls {
	/** False when none is left. */
	take(): boolean;
	/** Notes that a call was answered. */
	answered(): void;
	readonly answeredCount: number;
}

export function createParallelCalls(callsMax: number = parallelCallsMax): ParallelCalls {
	let left = callsMax;
	let answeredCount = 0;
	return {
		take: () => left-- > 0,
		answered: () => {
			answeredCount++;
		},
		get answeredCount() {
			return answeredCount;
		},
	};
}
