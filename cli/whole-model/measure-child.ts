// The process in which a whole model is compared with the original: equal outputs first, then time, interleaved burst by
// burst. Both run in ONNX Runtime through the same interface, every optimisation on. A process of its own, because a
// fault in it must not be ours. Argument: the request's file. Answer: one line of JSON.

import { readFileSync } from "node:fs";
import type { Burst } from "#runner/measure/statistics.ts";
import { readElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { BoundRun } from "./bound-run.ts";
import type { MeasureAnswer, MeasureRequest } from "./measure-models.ts";
import { openRuntime } from "./onnx-runtime.ts";
import { drawInputs } from "./random-inputs.ts";
import { RuntimeSession } from "./runtime-session.ts";
import { StandaloneSession } from "./standalone-session.ts";

const inputsTried = 3;
const samplesInBurst = 8;
/** Of runs so long that one says as much as several. */
const samplesOfLongRuns = 2;
const longRunNanoseconds = 20_000_000;
/** Taken even when they are longer than the budget: fewer carry no verdict. */
const roundsMin = 6;
const roundsMax = 60;
/** Shorter samples would measure the clock. */
const sampleNanoseconds = 300_000;

const now = (): number => Number(process.hrtime.bigint());

function main(path: string): MeasureAnswer {
	// Written by measure-models.ts.
	const request = JSON.parse(readFileSync(path, "utf8")) as MeasureRequest;
	const runtime = openRuntime(request.runtime);
	const { threads, library } = request;
	const original = new RuntimeSession(runtime, {
		model: request.original,
		library: request.originalLibrary,
		threads,
	});
	const model = new RuntimeSession(runtime, { model: request.model, library, threads });
	// The original may leave extents open that were bound for the model.
	const order = original.inputs.map(({ name }) => model.inputs.findIndex((input) => input.name === name));
	if (order.includes(-1)) throw new Error("the model lacks an input of the original");
	const bind = (seed: number): readonly [BoundRun, BoundRun] => {
		const inputs = drawInputs(model.inputs, seed);
		return [original.bind(order.flatMap((at) => inputs[at] ?? [])), model.bind(inputs)];
	};
	const standalone = request.standalone === undefined ? null : new StandaloneSession(request.standalone);
	let errorMax = 0;
	for (let seed = 1; seed <= inputsTried; seed++) {
		const bound = bind(seed);
		for (const run of bound) run.execute();
		const [expected, found] = [bound[0].outputs(), bound[1].outputs()];
		errorMax = Math.max(errorMax, errorBetween(expected, found));
		if (standalone !== null)
			errorMax = Math.max(errorMax, errorBetween(expected, standalone.run(bound[1].inputs)));
		for (const run of bound) run.release();
	}
	return { errorMax, bursts: timeBoth(bind(1), request.budgetMilliseconds) };
}

/** Largest |difference| / largest |expected| over all outputs; infinite where one is NaN or of another shape. */
function errorBetween(expected: readonly TensorData[], found: readonly TensorData[]): number {
	let error = expected.length === found.length ? 0 : Number.POSITIVE_INFINITY;
	for (const [at, tensor] of expected.entries()) {
		const other = found[at];
		if (other === undefined || other.shape.join() !== tensor.shape.join()) return Number.POSITIVE_INFINITY;
		const [left, right] = [readElements(tensor), readElements(other)];
		let largest = 0;
		let difference = 0;
		for (const [index, value] of left.entries()) {
			const counterpart = right[index] ?? Number.NaN;
			if (Object.is(value, counterpart)) continue;
			if (!Number.isFinite(value - counterpart)) return Number.POSITIVE_INFINITY;
			difference = Math.max(difference, Math.abs(value - counterpart));
		}
		for (const value of left) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
		if (difference > 0)
			error = Math.max(error, largest === 0 ? Number.POSITIVE_INFINITY : difference / largest);
	}
	return error;
}

function timeBoth([original, model]: readonly [BoundRun, BoundRun], budgetMilliseconds: number): Burst[] {
	const participants = [
		{ participant: "original", run: original, runsPerSample: calibrate(original) },
		{ participant: "model", run: model, runsPerSample: calibrate(model) },
	];
	const end = now() + budgetMilliseconds * 1e6;
	const bursts: Burst[] = [];
	for (let round = 0; round < roundsMin || (round < roundsMax && now() < end); round++) {
		// Who goes first changes, so that a clock that rises or falls favours nobody.
		for (const { participant, run, runsPerSample } of round % 2 === 0
			? participants
			: [...participants].reverse()) {
			const isLong = sample(run, runsPerSample) > longRunNanoseconds;
			const samples = isLong ? samplesOfLongRuns : samplesInBurst;
			const nanoseconds = Array.from({ length: samples }, () => sample(run, runsPerSample));
			bursts.push({ participant, round, runsPerSample, nanoseconds, clean: nanoseconds.map(() => true) });
		}
	}
	return bursts;
}

/** Nanoseconds a run. */
function sample(run: BoundRun, runs: number): number {
	const start = now();
	for (let at = 0; at < runs; at++) run.execute();
	return (now() - start) / runs;
}

function calibrate(run: BoundRun): number {
	for (let runs = 1; ; runs *= 2) {
		const each = sample(run, runs);
		if (each * runs >= sampleNanoseconds) return Math.max(1, Math.ceil(sampleNanoseconds / each));
	}
}

process.stdout.write(`${JSON.stringify(main(process.argv[2] ?? ""))}\n`);
