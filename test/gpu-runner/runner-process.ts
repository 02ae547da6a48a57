// The runner as users run it: a process of its own, watched through the JSON lines it writes.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { S3StoreOptions } from "#adapters/s3-store.ts";
import type { SqsQueueOptions } from "#adapters/sqs-queue.ts";

export interface RunnerEvent {
	readonly event: string;
	readonly phase?: string;
	readonly [member: string]: unknown;
}

export interface RunnerProcess {
	readonly pid: number;
	/** In the order written. */
	readonly events: readonly RunnerEvent[];
	/** The first event, past or to come, that fits. Rejects when the runner ends without it or time is up. */
	waitFor(fits: (event: RunnerEvent) => boolean): Promise<RunnerEvent>;
	/** Ends it the hard way, as soon as the event is read, and waits until it is gone. */
	killAt(fits: (event: RunnerEvent) => boolean): Promise<void>;
	/** SIGTERM, and its exit code. */
	stop(): Promise<number | null>;
}

const main = fileURLToPath(new URL("../../gpu-runner/main.ts", import.meta.url));
const waitMilliseconds = 90_000;

export interface RunnerPlace {
	readonly store: S3StoreOptions;
	readonly queue: SqsQueueOptions;
	readonly signingKey: { readonly privateKey: string; readonly keyId: string };
	readonly workFolder: string;
	readonly environment?: Readonly<Record<string, string>>;
}

export function startRunner(place: RunnerPlace): RunnerProcess {
	const { store, queue, signingKey } = place;
	const child = spawn(process.execPath, [main], {
		stdio: ["pipe", "ignore", "pipe"],
		detached: true,
		env: {
			PATH: process.env.PATH ?? "",
			KILN_S3_ENDPOINT: store.endpoint,
			KILN_S3_BUCKET: store.bucket,
			KILN_S3_ACCESS_KEY_ID: store.accessKeyId,
			KILN_S3_SECRET_ACCESS_KEY: store.secretAccessKey,
			KILN_SQS_ENDPOINT: queue.endpoint,
			KILN_SQS_QUEUE_CPU: queue.queueUrl,
			KILN_SIGNING_KEY: signingKey.privateKey,
			KILN_SIGNING_KEY_ID: signingKey.keyId,
			KILN_WORK_FOLDER: place.workFolder,
			KILN_VISIBILITY_SECONDS: "3",
			KILN_POLL_SECONDS: "1",
			KILN_MEASURE_SHARE: "0.01",
			KILN_TRY_MILLISECONDS: "1000",
			...place.environment,
		},
	});
	const events: RunnerEvent[] = [];
	const waiting = new Set<(event: RunnerEvent | null) => void>();
	createInterface({ input: child.stderr }).on("line", (line) => {
		const event: RunnerEvent = line.startsWith("{") ? JSON.parse(line) : { event: "text", line };
		events.push(event);
		for (const look of waiting) look(event);
	});
	let isGone = false;
	const gone = new Promise<number | null>((resolve) =>
		child.on("close", (code) => {
			isGone = true;
			for (const look of waiting) look(null);
			resolve(code);
		}),
	);
	const waitFor = (fits: (event: RunnerEvent) => boolean): Promise<RunnerEvent> =>
		new Promise((resolve, reject) => {
			const past = events.find(fits);
			if (past !== undefined) return resolve(past);
			const settle = (event: RunnerEvent | null): void => {
				if (event !== null && !fits(event)) return;
				clearTimeout(timer);
				waiting.delete(settle);
				if (event === null) reject(new Error(`the runner ended first; its last words: ${tail(events)}`));
				else resolve(event);
			};
			const timer = setTimeout(() => {
				waiting.delete(settle);
				reject(new Error(`not seen in ${waitMilliseconds} ms; last events: ${tail(events)}`));
			}, waitMilliseconds);
			waiting.add(settle);
			if (isGone) settle(null);
		});
	return {
		pid: child.pid ?? 0,
		events,
		waitFor,
		async killAt(fits) {
			await waitFor(fits);
			child.kill("SIGKILL");
			await gone;
		},
		async stop() {
			child.kill("SIGTERM");
			return gone;
		},
	};
}

const tail = (events: readonly RunnerEvent[]): string =>
	events
		.slice(-6)
		.map((event) => JSON.stringify(event))
		.join("\n");

/** The message is dealt with: at the end of an attempt, or because an earlier one came far enough. */
export const settled = (event: RunnerEvent): boolean =>
	inPhase("acknowledge")(event) || event.event === "nothingLeft";

export const inPhase =
	(phase: string) =>
	(event: RunnerEvent): boolean =>
		event.event === "phase" && event.phase === phase;
