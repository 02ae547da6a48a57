// The process in which a model runs with ONNX Runtime's profiler on. Argument: the request's file. Answer: one line of JSON.

import { readFileSync } from "node:fs";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { BoundRun, Port } from "../whole-model/bound-run.ts";
import { openRuntime } from "../whole-model/onnx-runtime.ts";
import { RuntimeSession } from "../whole-model/runtime-session.ts";
import type { ProfileRequest } from "./measure-engine-time.ts";
import { placeThreads } from "./place-threads.ts";
import { readTrace, type TraceReading } from "./read-trace.ts";

/** A number of runs that lasts `milliseconds`, within bounds: a trace keeps every node of every run. */
interface Stretch {
	readonly milliseconds: number;
	readonly runsMin: number;
	readonly runsMax: number;
}

/** First runs allocate, and with several threads wake the workers. */
const warmUp: Stretch = { milliseconds: 100, runsMin: 2, runsMax: 200 };
const counted: Stretch = { milliseconds: 500, runsMin: 5, runsMax: 1000 };

function main(path: string): TraceReading {
	// Written by measure-engine-time.ts.
	const request = JSON.parse(readFileSync(path, "utf8")) as ProfileRequest;
	const { model, threads, tracePrefix } = request;
	const runtime = openRuntime(request.runtime);
	const session = placeThreads(
		threads,
		() => new RuntimeSession(runtime, { model, library: null, threads, tracePrefix }),
	);
	const run = session.bind(session.inputs.map((port) => readInput(port, request)));
	const warmUps = repeat(run, warmUp);
	repeat(run, counted);
	return readTrace(readFileSync(session.endTrace(), "utf8"), warmUps);
}

function readInput({ name, dataType, shape }: Port, { inputs }: ProfileRequest): TensorData {
	const file = inputs.find((input) => input.name === name)?.file;
	if (file === undefined) throw new Error(`no file for the input '${name}'`);
	return { dataType, shape: shape.map((extent) => extent ?? 1), bytes: readFileSync(file) };
}

/** How many runs there were. */
function repeat(run: BoundRun, { milliseconds, runsMin, runsMax }: Stretch): number {
	const end = performance.now() + milliseconds;
	for (let runs = 0; ; runs++) {
		if (runs >= runsMax || (runs >= runsMin && performance.now() >= end)) return runs;
		run.execute();
	}
}

process.stdout.write(`${JSON.stringify(main(process.argv[2] ?? ""))}\n`);
