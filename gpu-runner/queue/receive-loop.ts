// One message at a time: receive, keep it hidden while it is worked on, and say at the end what becomes of it.

import type { JobQueue, ReceivedMessage } from "#shared/pipeline/ports.ts";

/** `done`: never deliver it again. `retry`: deliver it again after the pause. `leave`: it is somebody else's by now. */
export type MessageFate =
	| { readonly kind: "done" }
	| { readonly kind: "retry"; readonly seconds: number }
	| { readonly kind: "leave" };

/** Why work on a message was cut short. */
export type AbortReason = "messageLost" | "drained";

export interface ReceiveLoopOptions {
	readonly queue: JobQueue;
	readonly waitSeconds: number;
	readonly visibilitySeconds: number;
	/** After `stop` the message at hand is worked on for this long before its signal fires. */
	readonly drainSeconds: number;
	/** Ends the loop: no further message is taken. */
	readonly stop: AbortSignal;
	/** The signal's reason is an `AbortReason`. Must not throw. */
	readonly handle: (message: ReceivedMessage, signal: AbortSignal) => Promise<MessageFate>;
	readonly onFault: (what: string, fault: unknown) => void;
}

/** Extensions that may fail in a row before the message counts as lost. */
const missedBeatsMax = 2;
const faultPauseMilliseconds = 1000;
/** Some queues mishandle 0. */
const retrySecondsMin = 1;

/** Runs until `stop` fires and the message at hand has its fate. Faults of the queue are reported and waited out. */
export async function receiveLoop(options: ReceiveLoopOptions): Promise<void> {
	const { queue, stop, waitSeconds, visibilitySeconds } = options;
	while (!stop.aborted) {
		try {
			const message = await queue.receive(waitSeconds, visibilitySeconds);
			// A message that came with the end of the loop is handed back at once.
			if (message !== null && stop.aborted) await queue.extend(message.receipt, retrySecondsMin);
			else if (message !== null) await workOn(message, options);
		} catch (fault) {
			options.onFault("queue", fault);
			await pause(faultPauseMilliseconds, stop);
		}
	}
}

async function workOn(message: ReceivedMessage, options: ReceiveLoopOptions): Promise<void> {
	const { queue, visibilitySeconds, stop, drainSeconds } = options;
	const work = new AbortController();
	const beats = keepHidden(message, options, () => work.abort("messageLost" satisfies AbortReason));
	let drainTimer: NodeJS.Timeout | undefined;
	const drain = (): void => {
		drainTimer = setTimeout(() => work.abort("drained" satisfies AbortReason), drainSeconds * 1000);
	};
	stop.addEventListener("abort", drain);
	try {
		const fate = await options.handle(message, work.signal);
		clearInterval(beats);
		if (fate.kind === "done") await queue.acknowledge(message.receipt);
		else if (fate.kind === "retry" && work.signal.reason !== "messageLost")
			await queue.extend(
				message.receipt,
				Math.max(retrySecondsMin, Math.min(fate.seconds, visibilitySeconds * 4)),
			);
	} finally {
		clearInterval(beats);
		clearTimeout(drainTimer);
		stop.removeEventListener("abort", drain);
	}
}

function keepHidden(
	message: ReceivedMessage,
	options: ReceiveLoopOptions,
	onLost: () => void,
): NodeJS.Timeout {
	const { queue, visibilitySeconds } = options;
	let missed = 0;
	return setInterval(
		() => {
			queue.extend(message.receipt, visibilitySeconds).then(
				(outcome) => {
					if (outcome === "lost") onLost();
					else missed = 0;
				},
				(fault: unknown) => {
					options.onFault("heartbeat", fault);
					if (++missed >= missedBeatsMax) onLost();
				},
			);
		},
		(visibilitySeconds * 1000) / 3,
	);
}

function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, milliseconds);
		stop.addEventListener(
			"abort",
			() => {
				clearTimeout(timer);
				resolve();
			},
			{ once: true },
		);
	});
}
