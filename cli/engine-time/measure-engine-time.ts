// How long does ONNX Runtime itself say that a model takes? Asked of its profiler, in a process of its own.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FormFiles } from "#runner/measure/workload.ts";
import { askChild } from "../ask-child.ts";
import type { EngineTime, TraceReading } from "./read-trace.ts";

/** All paths absolute. The trace is left beside the model. */
export interface EngineRequest extends FormFiles {
	/** libonnxruntime. */
	readonly runtime: string;
	readonly threads: number;
}

export interface ProfileRequest extends EngineRequest {
	readonly tracePrefix: string;
}

export type EngineMeasurement =
	| { readonly kind: "measured"; readonly time: EngineTime }
	| { readonly kind: "failed"; readonly reason: string };

const childPath = fileURLToPath(new URL("./profile-child.ts", import.meta.url));
/** Loading a gigabyte of weights takes longer than the runs. */
const limitMilliseconds = 120_000;

/** On the inputs, with the threads and at the optimisation level of a measurement. Never rejects for what the runtime does. */
export async function measureEngineTime(
	request: EngineRequest,
	signal?: AbortSignal,
): Promise<EngineMeasurement> {
	const directory = dirname(request.model);
	const profile: ProfileRequest = { ...request, tracePrefix: join(directory, "engine") };
	const asked = await askChild<TraceReading>(childPath, profile, {
		directory,
		limitMilliseconds,
		...(signal === undefined ? {} : { signal }),
	});
	if (asked.kind === "failed") return asked;
	const reading = asked.answer;
	if (reading.kind === "read") return { kind: "measured", time: reading.time };
	return { kind: "failed", reason: `the trace: ${reading.reason}` };
}
