import { Miniflare, type MiniflareOptions } from "miniflare";

const signals = ["SIGINT", "SIGTERM"] as const;

/**
 * A Miniflare that leaves signals to us. Its constructor makes the process exit at once on the first signal, which would
 * cut off the runner's draining and the release of the data folder's lock.
 */
export function startMiniflare(options: MiniflareOptions): Miniflare {
	const before = signals.map((signal) => new Set(process.listeners(signal)));
	const server = new Miniflare(options);
	signals.forEach((signal, index) => {
		for (const listener of process.listeners(signal)) {
			if (!before[index]?.has(listener)) process.removeListener(signal, listener);
		}
	});
	return server;
}
