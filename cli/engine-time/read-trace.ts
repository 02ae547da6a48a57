// What ONNX Runtime's profiler wrote of a session, in Chrome's trace format: which runs there were, and which nodes ran in
// each. Times are whole microseconds, rounded down.

import { z } from "zod";
import { median } from "#runner/measure/statistics.ts";

/** By ONNX Runtime's own clock, which makes a run longer than it is without: medians over runs, in nanoseconds. */
export interface EngineTime {
	/** The session's time for a run, what the profiler itself takes included. */
	readonly runNs: number;
	/** Summed times of a run's nodes; at most `runNs`. */
	readonly nodesNs: number;
	/** How many runs the medians are over. */
	readonly runsCount: number;
}

export type TraceReading =
	| { readonly kind: "read"; readonly time: EngineTime }
	| { readonly kind: "unreadable"; readonly reason: string };

const microseconds = z.number().nonnegative();
const traceSchema = z.array(
	z.object({ cat: z.string(), name: z.string(), ts: microseconds, dur: microseconds }),
);
type TraceEvent = z.infer<typeof traceSchema>[number];

const runName = "model_run";
const nodeSuffix = "_kernel_time";
const nanosecondsEach = 1000;

/**
 * `warmUps`: first runs that do not count. Nodes belong to the last run that began before them, because a session with one
 * thread between operators runs them one after the other. Any text may come.
 */
export function readTrace(text: string, warmUps: number): TraceReading {
	const events = parseTrace(text);
	if (events === null) return { kind: "unreadable", reason: "it is no trace of ONNX Runtime" };
	const runs = runsOf(events).slice(warmUps);
	if (runs.length === 0) return { kind: "unreadable", reason: `no run after ${warmUps} that do not count` };
	const time = {
		runNs: median(runs.map(({ run }) => run)) * nanosecondsEach,
		nodesNs: median(runs.map(({ nodes }) => nodes)) * nanosecondsEach,
		runsCount: runs.length,
	};
	return { kind: "read", time };
}

function parseTrace(text: string): readonly TraceEvent[] | null {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		// The outcome says it.
		return null;
	}
	return traceSchema.safeParse(value).data ?? null;
}

/** In the order in which they began; microseconds. */
function runsOf(events: readonly TraceEvent[]): readonly { readonly run: number; readonly nodes: number }[] {
	const ordered = events.filter((event) => isRun(event) || isNode(event));
	// A node may begin in the microsecond in which its run does.
	ordered.sort((a, b) => a.ts - b.ts || Number(isNode(a)) - Number(isNode(b)));
	const runs: { run: number; nodes: number }[] = [];
	for (const event of ordered) {
		const last = runs.at(-1);
		if (isRun(event)) runs.push({ run: event.dur, nodes: 0 });
		else if (last !== undefined) last.nodes += event.dur;
	}
	return runs;
}

const isRun = ({ cat, name }: TraceEvent): boolean => cat === "Session" && name === runName;
const isNode = ({ cat, name }: TraceEvent): boolean => cat === "Node" && name.endsWith(nodeSuffix);
