// Bounded, jittered retries with a limit on each try: the one place where the adapters wait.

export interface RetryPolicy {
	readonly triesMax: number;
	/** Of one try, until the body is read. */
	readonly tryMillisecondsMax: number;
	/** The pause before try n is a random share of this, doubled n times ("full jitter"). */
	readonly pauseMilliseconds: number;
	/** A number in [0, 1). */
	readonly jitter: () => number;
}

export const defaultRetryPolicy: RetryPolicy = {
	triesMax: 5,
	tryMillisecondsMax: 10_000,
	pauseMilliseconds: 50,
	jitter: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
};

/** The answer of one try: final for good or ill, or worth another. */
export type TryOutcome<T> =
	| { readonly kind: "done"; readonly value: T }
	| { readonly kind: "failed"; readonly error: Error }
	| { readonly kind: "again"; readonly reason: string };

export const done = <T>(value: T): TryOutcome<T> => ({ kind: "done", value });

/**
 * Runs `attempt` (which learns how many tries went before) until it is done. A thrown error (no connection, the try's
 * time is up) counts as `again`. Throws the error of a failed try, or what `exhausted` makes of the last reason.
 */
export async function withRetries<T>(
	policy: RetryPolicy,
	attempt: (signal: AbortSignal, tried: number) => Promise<TryOutcome<T>>,
	exhausted: (reason: string, cause: unknown) => Error,
): Promise<T> {
	let reason = "";
	let cause: unknown;
	let failure: Error | null = null;
	for (let tried = 0; tried < policy.triesMax; tried++) {
		if (tried > 0) await pause(policy.jitter() * policy.pauseMilliseconds * 2 ** tried);
		const abort = new AbortController();
		const timer = setTimeout(() => abort.abort(new Error("time is up")), policy.tryMillisecondsMax);
		try {
			const outcome = await attempt(abort.signal, tried);
			if (outcome.kind === "done") return outcome.value;
			if (outcome.kind === "failed") failure = outcome.error;
			else reason = outcome.reason;
			cause = undefined;
		} catch (error) {
			reason = error instanceof Error ? error.message : String(error);
			cause = error;
		} finally {
			clearTimeout(timer);
		}
		if (failure !== null) throw failure;
	}
	throw exhausted(reason, cause);
}

const pause = (milliseconds: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));
