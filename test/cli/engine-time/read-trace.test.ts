import { describe, expect, test } from "vitest";
import { readTrace, type TraceReading } from "#cli/engine-time/read-trace.ts";

interface Event {
	readonly cat: string;
	readonly name: string;
	readonly ts: number;
	readonly dur: number;
}

const run = (ts: number, dur: number): Event => ({ cat: "Session", name: "model_run", ts, dur });
const node = (ts: number, dur: number, name = "/MatMul"): Event => ({
	...{ cat: "Node", name: `${name}_kernel_time`, ts, dur },
});
const session: readonly Event[] = [
	{ cat: "Session", name: "model_loading_uri", ts: 5, dur: 451 },
	{ cat: "Session", name: "session_initialization", ts: 490, dur: 983 },
];

function checkReading(text: string, warmUps: number, expected: TraceReading): void {
	expect(readTrace(text, warmUps)).toEqual(expected);
}

const read = (runNs: number, nodesNs: number, runsCount: number): TraceReading => ({
	...{ kind: "read", time: { runNs, nodesNs, runsCount } },
});

describe("readTrace", () => {
	test.each<[string, readonly Event[], number, TraceReading]>([
		["one run of two nodes", [node(101, 4), node(106, 3), run(100, 10)], 0, read(10_000, 7_000, 1)],
		["a run without nodes", [run(100, 1)], 0, read(1_000, 0, 1)],
		[
			"runs that do not count are left out, wherever they lie in the file",
			[run(2000, 10), node(2001, 7), node(1001, 900), run(1000, 1000)],
			1,
			read(10_000, 7_000, 1),
		],
		[
			"medians of runs and of their sums, each on its own; of an even number the middle",
			[
				...[run(100, 40), node(100, 10), node(110, 10)],
				...[run(200, 20), node(201, 19)],
				...[run(300, 30), node(300, 1), node(301, 2)],
				...[run(400, 90), node(400, 90)],
			],
			0,
			read(35_000, 19_500, 4),
		],
		[
			"a node that begins in the microsecond of its run belongs to it, before it or behind it in the file",
			[node(100, 1), run(100, 3), run(200, 3), node(200, 1)],
			0,
			read(3_000, 1_000, 2),
		],
		[
			"what else the session and its nodes say is not counted",
			[
				...session,
				node(1500, 99),
				{ cat: "Session", name: "SequentialExecutor::Execute", ts: 2000, dur: 9 },
				{ cat: "Node", name: "/MatMul_fence_before", ts: 2001, dur: 50 },
				{ cat: "Node", name: "model_run", ts: 2002, dur: 50 },
				node(2003, 5),
				run(2000, 10),
			],
			0,
			read(10_000, 5_000, 1),
		],
		["a node may be called anything", [node(1, 2, "model_run"), run(0, 5)], 0, read(5_000, 2_000, 1)],
	])("%s", (_, events, warmUps, expected) => {
		checkReading(JSON.stringify(events), warmUps, expected);
	});

	const noTrace: TraceReading = { kind: "unreadable", reason: "it is no trace of ONNX Runtime" };
	test.each<[string, string, number, TraceReading]>([
		["nothing", "", 0, noTrace],
		["a trace that was cut off", JSON.stringify([run(0, 5)]).slice(0, -1), 0, noTrace],
		[
			"a node's name that ends its string",
			'[{"cat":"Node","name":"a"b_kernel_time","ts":1,"dur":1}]',
			0,
			noTrace,
		],
		["no list", '{"traceEvents":[]}', 0, noTrace],
		["an event without a length", '[{"cat":"Session","name":"model_run","ts":1}]', 0, noTrace],
		["a length that is text", '[{"cat":"Session","name":"model_run","ts":1,"dur":"5"}]', 0, noTrace],
		["a length below zero", JSON.stringify([run(0, -5)]), 0, noTrace],
		["no events", "[]", 0, { kind: "unreadable", reason: "no run after 0 that do not count" }],
		[
			"no more runs than do not count",
			JSON.stringify([run(0, 5), run(9, 5)]),
			2,
			{ kind: "unreadable", reason: "no run after 2 that do not count" },
		],
	])("%s is unreadable", (_, text, warmUps, expected) => checkReading(text, warmUps, expected));
});
