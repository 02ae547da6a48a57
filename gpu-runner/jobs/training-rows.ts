// Everything a task measured, as rows a cost model can be trained on: losers and failures as well as the winner.

import { candidateId } from "#runner/measure/check-candidates.ts";
import type { MeasureResult, Stage } from "#runner/measure/measure-request.ts";
import { type Burst, latencyOf, median, quantile, roundRatios } from "#runner/measure/statistics.ts";
import { programKey } from "#shared/artefact/store-keys.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { featuresVersion, scheduleFeatures } from "#shared/cost-model/schedule-features.ts";
import { present } from "#shared/fault/assert.ts";
import type { Plan } from "#shared/pipeline/plan.ts";
import type { CandidateMeasurement } from "#shared/pipeline/ports.ts";
import {
	encodeTrainingRow,
	type TrainingRow,
	type TrainingTiming,
	trainingBytesMax,
	trainingReasonMax,
	trainingSamplesMax,
} from "#shared/protocol/training-row.ts";
import { type Machine, targets } from "#shared/target/target.ts";

export interface MeasuredTask {
	readonly jobId: string;
	readonly task: number;
	readonly plan: Plan;
	readonly result: MeasureResult;
	readonly machine: Machine;
	readonly seed: number;
	/** When the measurement ended, ISO 8601. */
	readonly measuredAt: string;
}

/** One row for each stage that timed a candidate, one without a timing for a candidate that none did; in the plan's order. */
export function trainingRows(measured: MeasuredTask): TrainingRow[] {
	const forms = measured.plan.baselines.map(({ form }) => form);
	const { candidates, stages } = measured.result;
	return [...candidates]
		.sort((a, b) => a.candidate - b.candidate)
		.flatMap(({ candidate, outcome }): TrainingRow[] => {
			const row = rowOf(measured, candidate, outcome);
			const timings = stages.flatMap(
				(stage, stageIndex) => timingOf(stage, stageIndex, candidate, forms) ?? [],
			);
			if (timings.length === 0) return [{ ...row, timing: null }];
			return timings.map((timing) => ({ ...row, id: `${row.id}/${timing.stageIndex}`, timing }));
		});
}

/** Lines of JSON. Candidates come best predicted first, so that what does not fit in `bytesMax` is the least promising. */
export function trainingLines(rows: readonly TrainingRow[], bytesMax = trainingBytesMax): string {
	let text = "";
	let bytes = 0;
	for (const row of rows) {
		const line = `${encodeTrainingRow(row)}\n`;
		bytes += Buffer.byteLength(line);
		if (bytes > bytesMax) break;
		text += line;
	}
	return text;
}

function rowOf(
	{ jobId, task, plan, machine, seed, measuredAt }: MeasuredTask,
	candidate: number,
	outcome: CandidateMeasurement["outcome"],
): Omit<TrainingRow, "timing"> {
	const planned = present(plan.candidates[candidate], "a candidate of the plan");
	const { digest, muGraph } = present(plan.muGraphs[planned.muGraph], "its µGraph");
	const features = scheduleFeatures(muGraph, planned.schedule, targets[plan.target], plan.threads);
	// Domain values are frozen, wire values are not: the schema's parser copies them.
	const graph = structuredClone(muGraph) as TrainingRow["muGraph"]["graph"];
	const schedule = structuredClone(planned.schedule) as TrainingRow["schedule"];
	return {
		schema: "kiln.training/1",
		id: `${jobId}-${task}/${candidate}`,
		version: kilnVersion,
		measuredAt,
		program: { digest: plan.programDigest, document: programKey(plan.programDigest) },
		target: plan.target,
		threads: plan.threads,
		effort: plan.effort,
		tolerance: plan.tolerance,
		seed,
		machine: { ...machine, instructionSets: [...machine.instructionSets] },
		candidate,
		muGraph: { digest, graph },
		schedule,
		features: { version: featuresVersion, values: { ...features } },
		predicted: { model: plan.rankedBy, nanoseconds: planned.predictedNanoseconds },
		outcome: {
			kind: outcome.kind,
			errorMax: "errorMax" in outcome && Number.isFinite(outcome.errorMax) ? outcome.errorMax : null,
			reason: reasonOf(outcome).slice(0, trainingReasonMax),
		},
	};
}

function reasonOf(outcome: CandidateMeasurement["outcome"]): string {
	switch (outcome.kind) {
		case "timed":
			return "";
		case "compileFailed":
		case "unstable":
			return outcome.message;
		case "wrongResult":
			return `output ${outcome.output} is off by ${outcome.errorMax}`;
		case "crashed":
			return outcome.signal;
		case "hung":
			return `no sign of life for ${outcome.limitMilliseconds} ms`;
	}
}

/** Null when the stage did not time the candidate. */
function timingOf(
	{ stage, bursts }: Stage,
	stageIndex: number,
	candidate: number,
	forms: readonly string[],
): TrainingTiming | null {
	const id = candidateId(candidate);
	const kernel = clock(bursts, id);
	if (kernel === null) return null;
	const rounds = new Set(bursts.filter(({ participant }) => participant === id).map(({ round }) => round));
	return { stage, stageIndex, rounds: rounds.size, kernel, baseline: baselineOf(bursts, id, forms) };
}

function baselineOf(bursts: readonly Burst[], kernel: string, forms: readonly string[]) {
	const [fastest] = forms
		.flatMap((form, at) => {
			const clocked = clock(bursts, `baseline-${at}`);
			return clocked === null ? [] : [{ form, at, clocked }];
		})
		.sort((a, b) => a.clocked.scoreNanoseconds - b.clocked.scoreNanoseconds);
	if (fastest === undefined) return null;
	const ratio = median(roundRatios(bursts, `baseline-${fastest.at}`, kernel));
	if (Number.isNaN(ratio)) return null;
	const { samplesNanoseconds: _, ...clocked } = fastest.clocked;
	return { ...clocked, form: fastest.form, ratio };
}

/** Null for a participant without samples. */
function clock(bursts: readonly Burst[], participant: string): TrainingTiming["kernel"] | null {
	const own = bursts.filter((burst) => burst.participant === participant);
	const samples = own.flatMap(({ nanoseconds }) => nanoseconds);
	if (samples.length === 0) return null;
	const clean = own.flatMap((burst) => burst.nanoseconds.filter((_, at) => burst.clean[at]));
	const kept = clean.length > 0 ? clean : samples;
	return {
		scoreNanoseconds: latencyOf(bursts, participant),
		p20Nanoseconds: quantile(kept, 0.2),
		medianNanoseconds: median(kept),
		cleanCount: clean.length,
		samplesCount: samples.length,
		samplesNanoseconds: thin(kept),
	};
}

function thin(samples: readonly number[]): number[] {
	if (samples.length <= trainingSamplesMax) return [...samples];
	const step = samples.length / trainingSamplesMax;
	return Array.from({ length: trainingSamplesMax }, (_, at) =>
		present(samples[Math.floor(at * step)], "a sample"),
	);
}
