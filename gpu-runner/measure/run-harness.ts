import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ChildEnd, runChild } from "#runner/child.ts";
import { type HarnessEvent, harnessEventSchema } from "./harness-event.ts";
import { formatHarnessRequest, type HarnessRequest } from "./harness-request.ts";

export interface HarnessRun {
	readonly events: readonly HarnessEvent[];
	readonly end: ChildEnd;
	/** Whose code the process was in when it ended early, or null. */
	readonly culprit: string | null;
	readonly finished: boolean;
}

export interface HarnessRunOptions {
	readonly binary: string;
	/** Holds the files that the request names. */
	readonly directory: string;
	readonly limitMilliseconds: number;
	/** Longest time between two reports: one check or one burst of one participant. */
	readonly silenceMilliseconds: number;
	readonly signal?: AbortSignal;
}

let requestsWritten = 0;

/** Runs the measuring process on one request, to its end or to its limits. */
export async function runHarness(request: HarnessRequest, options: HarnessRunOptions): Promise<HarnessRun> {
	const path = join(options.directory, `request-${requestsWritten++}.txt`);
	await writeFile(path, formatHarnessRequest(request));
	const events: HarnessEvent[] = [];
	let culprit: string | null = null;
	let finished = false;
	const end = await runChild({
		command: options.binary,
		arguments: [path],
		directory: options.directory,
		limitMilliseconds: options.limitMilliseconds,
		silenceMilliseconds: options.silenceMilliseconds,
		...(options.signal === undefined ? {} : { signal: options.signal }),
		onLine: (line) => {
			const event = harnessEventSchema.parse(JSON.parse(line));
			events.push(event);
			if (event.event === "begin") culprit = event.participant;
			else if (event.event === "done") finished = true;
		},
	});
	return { events, end, culprit: finished ? null : culprit, finished };
}
