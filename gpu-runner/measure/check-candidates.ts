// Correctness before speed: every candidate on every dataset, judged by what the baselines achieve there. A candidate that
// ends the process is found by what the process said last, run again alone, and the others go on without it.

import type { CompiledCandidate } from "#runner/toolchain/compile-candidates.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { CandidateMeasurement } from "#shared/pipeline/ports.ts";
import type { HarnessEventOf } from "./harness-event.ts";
import type { HarnessRequest } from "./harness-request.ts";
import { measuringLimits, passMilliseconds } from "./measuring-limits.ts";
import { type HarnessRun, runHarness } from "./run-harness.ts";
import type { Workload } from "./workload.ts";

export interface CheckOptions {
	readonly binary: string;
	readonly runtime: string | null;
	readonly threads: number;
	readonly seed: number;
	/** Share of the largest expected magnitude that a kernel may be off by: `errorMax` of the tolerance asked for. */
	readonly errorMaxAllowed: number;
	/** Longest check of one candidate on one dataset. */
	readonly silenceMilliseconds: number;
	/** Load and pack weights once for all datasets; else for each, lying off round addresses on every other one. */
	readonly sharesWeights: boolean;
	readonly signal?: AbortSignal;
}

type Rejection = Exclude<CandidateMeasurement["outcome"], { kind: "timed" }>;
export type CheckOutcome = { readonly kind: "right"; readonly errorMax: number } | Rejection;

export interface BaselineCheck {
	/** What a kernel's error may be on each dataset; null: the dataset says nothing. */
	readonly tolerances: readonly (number | null)[];
	/** Baselines (by index) that run and compute the program; why the others do not. */
	readonly baselinesUsable: readonly number[];
	readonly baselineFaults: ReadonlyMap<number, string>;
	readonly sandboxed: boolean;
}

/** Weights as a candidate packs them. Equal digests: equal bytes. */
export interface Packing {
	readonly bytesCount: number;
	readonly digest: string;
}

export interface CandidateCheck {
	/** By candidate. */
	readonly outcomes: ReadonlyMap<number, CheckOutcome>;
	/** By candidate, of those that came so far. */
	readonly packings: ReadonlyMap<number, Packing>;
}

/** On inputs that hurt the program itself, a kernel may be off by this many times what ONNX Runtime is off by. */
const baselineErrorFactor = 4;
/** A dataset on which float32 itself loses this much says nothing about a kernel. */
const meaninglessError = 0.05;

export const candidateId = (candidate: number): string => `candidate-${candidate}`;

/** Processes that one check may start in excess of one for each candidate. */
const runsSpare = 8;

/** Which baselines run and compute the program, and how exactly: the measure of what candidates may be off by. */
export async function checkBaselines(workload: Workload, options: CheckOptions): Promise<BaselineCheck> {
	const run = await runCheck(workload, [], options);
	return {
		...readTolerances(workload, run, options.errorMaxAllowed),
		sandboxed: run.events.some((event) => event.event === "ready" && event.sandboxed),
	};
}

/** Every candidate on every dataset. `tolerances` is first looked at when candidates have run. */
export async function checkCandidates(
	workload: Workload,
	candidates: readonly CompiledCandidate[],
	tolerances: Promise<BaselineCheck["tolerances"]>,
	options: CheckOptions,
): Promise<CandidateCheck> {
	const outcomes = new Map<number, CheckOutcome>();
	const packings = new Map<number, Packing>();
	const check = { workload, tolerances, options, outcomes, packings };
	let waiting: readonly CompiledCandidate[] = candidates;
	for (let runs = 0; waiting.length > 0; runs++) {
		if (runs > candidates.length + runsSpare)
			throw new OptimizeError("internal.bug", "a check does not come to an end");
		waiting = await checkTogether(check, waiting);
	}
	return { outcomes, packings };
}

interface CheckUnderWay {
	readonly workload: Workload;
	readonly tolerances: Promise<BaselineCheck["tolerances"]>;
	readonly options: CheckOptions;
	readonly outcomes: Map<number, CheckOutcome>;
	readonly packings: Map<number, Packing>;
}

/** Checks as many as one process survives; returns who has not had a verdict yet. */
async function checkTogether(
	check: CheckUnderWay,
	candidates: readonly CompiledCandidate[],
): Promise<readonly CompiledCandidate[]> {
	const { outcomes, options } = check;
	const run = await runCheck(check.workload, candidates, options);
	const tolerances = await check.tolerances;
	const suspect = candidates.find(({ candidate }) => candidateId(candidate) === run.culprit);
	if (run.finished) {
		for (const { candidate } of candidates) {
			outcomes.set(candidate, judge(run, candidate, tolerances, options.seed));
			readPacking(run, candidate, check.packings);
		}
		return [];
	}
	if (suspect === undefined)
		throw new OptimizeError("internal.bug", `the measuring process ended early: ${describeEnd(run)}`);
	if (candidates.length === 1) {
		outcomes.set(suspect.candidate, endOf(run));
		return [];
	}
	// Alone, to tell a culprit from the victim of a neighbour that wrote where it should not.
	await checkTogether(check, [suspect]);
	const others = candidates.filter((candidate) => candidate !== suspect);
	if (outcomes.get(suspect.candidate)?.kind !== "right") return others;
	for (const other of others) await checkTogether(check, [other]);
	return [];
}

function readPacking(run: HarnessRun, candidate: number, packings: Map<number, Packing>): void {
	for (const event of run.events)
		if (event.event === "packed" && event.participant === candidateId(candidate))
			packings.set(candidate, { bytesCount: event.bytes, digest: event.digest });
}

/** The candidates, or the baselines when there is none. */
async function runCheck(
	workload: Workload,
	candidates: readonly CompiledCandidate[],
	options: CheckOptions,
): Promise<HarnessRun> {
	const baselines = candidates.length === 0 && options.runtime !== null ? workload.baselines : [];
	const silenceMilliseconds = options.silenceMilliseconds + passMilliseconds(workload);
	const limitMilliseconds =
		silenceMilliseconds * Math.max(1, (candidates.length + baselines.length) * workload.datasets.length);
	const request: HarnessRequest = {
		mode: "check",
		runtime: baselines.length > 0 ? options.runtime : null,
		threads: options.threads,
		limits: measuringLimits(
			workload,
			candidates.length + baselines.length,
			options.threads,
			limitMilliseconds,
		),
		budget: { milliseconds: 0, roundsMin: 0, roundsMax: 0, quietMilliseconds: 0 },
		sharesWeights: options.sharesWeights,
		dump: null,
		inputs: workload.inputs,
		outputs: workload.outputs,
		datasets: workload.datasets,
		baselines,
		candidates: candidates.map(({ candidate, library, prefix }) => ({
			id: candidateId(candidate),
			library,
			prefix,
			packedBy: null,
		})),
	};
	const run = await runHarness(request, {
		binary: options.binary,
		directory: workload.directory,
		limitMilliseconds,
		silenceMilliseconds,
		...(options.signal === undefined ? {} : { signal: options.signal }),
	});
	if (run.end.kind === "aborted") throw new OptimizeError("limit.deadline", "measuring was cancelled");
	return run;
}

/** What each dataset allows, and which baselines can be compared with. */
function readTolerances(
	workload: Workload,
	run: HarnessRun,
	errorMaxAllowed: number,
): Omit<BaselineCheck, "sandboxed"> {
	const faults = new Map<number, string>();
	const checks = run.events.filter((event) => event.event === "checked");
	const errorsOf = (id: string, dataset: number): HarnessEventOf<"checked">[] =>
		checks.filter((event) => event.participant === id && event.dataset === dataset);
	workload.baselines.forEach((baseline, index) => {
		const fault = run.events.find((event) => event.event === "fault" && event.participant === baseline.id);
		const ordinary = errorsOf(baseline.id, 0);
		if (fault?.event === "fault") faults.set(index, fault.message);
		else if (ordinary.length !== workload.outputs.length)
			faults.set(index, `did not run: ${describeEnd(run)}`);
		else if (ordinary.some((event) => event.mismatches > 0 || event.errorMax > meaninglessError))
			faults.set(
				index,
				`computes something else: error ${Math.max(...ordinary.map((event) => event.errorMax))}`,
			);
	});
	const usable = workload.baselines.map((_, index) => index).filter((index) => !faults.has(index));
	const tolerances = workload.datasets.map((_, dataset) => {
		if (usable.length === 0) return errorMaxAllowed;
		const allowed = usable.map((index) => {
			const events = errorsOf(workload.baselines[index]?.id ?? "", dataset);
			const broken =
				events.length === 0 ||
				events.some((event) => event.mismatches > 0 || event.errorMax > meaninglessError);
			return broken ? null : Math.max(...events.map((event) => event.errorMax));
		});
		const best = allowed.filter((error) => error !== null);
		return best.length === 0 ? null : Math.max(errorMaxAllowed, baselineErrorFactor * Math.min(...best));
	});
	return { tolerances, baselinesUsable: usable, baselineFaults: faults };
}

function judge(
	run: HarnessRun,
	candidate: number,
	tolerances: readonly (number | null)[],
	seed: number,
): CheckOutcome {
	const id = candidateId(candidate);
	let errorMax = 0;
	for (const event of run.events) {
		if (event.event === "fault" && event.participant === id) return rejectionOf(event);
		if (event.event !== "checked" || event.participant !== id) continue;
		const tolerance = tolerances[event.dataset] ?? null;
		if (tolerance === null) continue;
		const error = event.mismatches > 0 ? Number.MAX_VALUE : event.errorMax;
		if (error > tolerance) return { kind: "wrongResult", errorMax: error, output: event.output, seed };
		errorMax = Math.max(errorMax, error);
	}
	return { kind: "right", errorMax };
}

export function rejectionOf(fault: HarnessEventOf<"fault">): Rejection {
	if (fault.kind === "outOfBounds") return { kind: "crashed", signal: `outOfBounds: ${fault.message}` };
	if (fault.kind === "refused") return { kind: "crashed", signal: `refused: ${fault.message}` };
	return { kind: "unstable", message: fault.message };
}

/** The verdict on a candidate during which the process ended. */
export function endOf(run: HarnessRun): Rejection {
	switch (run.end.kind) {
		case "silent":
		case "overtime":
			return { kind: "hung", limitMilliseconds: run.end.limitMilliseconds };
		case "signalled":
			return run.end.signal === "SIGXCPU" || run.end.signal === "SIGKILL"
				? { kind: "hung", limitMilliseconds: 0 }
				: { kind: "crashed", signal: run.end.signal };
		default:
			return { kind: "crashed", signal: describeEnd(run) };
	}
}

export function describeEnd(run: HarnessRun): string {
	const { end } = run;
	switch (end.kind) {
		case "exited":
			return `exit status ${end.status} ${end.errorText.trim().slice(0, 500)}`.trim();
		case "signalled":
			return end.signal;
		case "notStarted":
			return end.message;
		default:
			return end.kind;
	}
}
