// Is one model faster than another in ONNX Runtime, and does it give the same? Asked of a process of its own.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Burst, compareWithBaseline } from "#runner/measure/statistics.ts";
import type { Interval, SpeedVerdict } from "#shared/artefact/manifest.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { askChild } from "../ask-child.ts";
import type { StandaloneOptions } from "./standalone-session.ts";

/** All paths absolute. */
export interface MeasureRequest {
	/** libonnxruntime. */
	readonly runtime: string;
	readonly threads: number;
	/** What the other is compared with. */
	readonly original: string;
	/** Operator library of the original; null: it needs none. */
	readonly originalLibrary: string | null;
	readonly model: string;
	readonly library: string | null;
	/** The model as a library of its own, to be checked as well, never timed. */
	readonly standalone?: StandaloneOptions;
	/** Of timing; 0: outputs are compared alone. */
	readonly budgetMilliseconds: number;
}

export interface MeasureAnswer {
	/** Null: infinite, which JSON cannot say. */
	readonly errorMax: number | null;
	readonly bursts: readonly Burst[];
}

export type ModelMeasurement =
	| {
			readonly kind: "measured";
			/** Of the model: `faster` and `tie` clear the original. */
			readonly verdict: SpeedVerdict;
			/** original / model. */
			readonly speedup: Interval;
			/** Largest difference of an output by its largest value. */
			readonly errorMax: number;
	  }
	| { readonly kind: "failed"; readonly reason: string };

const childPath = fileURLToPath(new URL("./measure-child.ts", import.meta.url));
/** Loading and checking large models takes longer than timing them. */
const overheadMilliseconds = 120_000;
const bootstrapSeed = 20_240_601;

/** Never rejects for what the models do: a runtime that cannot load one is a measurement that failed. */
export async function measureModels(
	request: MeasureRequest,
	signal?: AbortSignal,
): Promise<ModelMeasurement> {
	const directory = await mkdtemp(join(tmpdir(), "kiln-model-"));
	try {
		const asked = await askChild<MeasureAnswer>(childPath, request, {
			directory,
			limitMilliseconds: overheadMilliseconds + request.budgetMilliseconds,
			...(signal === undefined ? {} : { signal }),
		});
		return asked.kind === "answered" ? judge(asked.answer) : asked;
	} finally {
		await rm(directory, { recursive: true, force: true });
	}
}

function judge({ bursts, errorMax }: MeasureAnswer): ModelMeasurement {
	const { verdict, speedup } = compareWithBaseline(bursts, "original", "model", createRandom(bootstrapSeed));
	return { kind: "measured", verdict, speedup, errorMax: errorMax ?? Number.POSITIVE_INFINITY };
}
