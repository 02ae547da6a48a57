// Interleaved timing of candidates and baselines in one process. A candidate that ends the process is put aside and the
// rest are timed again without it.

import type { CompiledCandidate } from "#runner/toolchain/compile-candidates.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { CandidateMeasurement } from "#shared/pipeline/ports.ts";
import { candidateId, describeEnd, endOf, type Packing, rejectionOf } from "./check-candidates.ts";
import type { HarnessCandidate, HarnessRequest } from "./harness-request.ts";
import { measuringLimits, passMilliseconds } from "./measuring-limits.ts";
import { type HarnessRun, runHarness } from "./run-harness.ts";
import type { Burst } from "./statistics.ts";
import type { Workload } from "./workload.ts";

export interface TimeOptions {
	readonly binary: string;
	readonly runtime: string | null;
	readonly threads: number;
	readonly budget: HarnessRequest["budget"];
	/** How candidates pack their weights, from their check: large ones are packed once for all that pack them alike. */
	readonly packings: ReadonlyMap<number, Packing>;
	/** Baselines that take part, by index. */
	readonly baselines: readonly number[];
	/** What a candidate's outputs may be off by after timing. */
	readonly tolerance: number;
	/** Longest burst, and longest preparation, of one participant. */
	readonly silenceMilliseconds: number;
	readonly signal?: AbortSignal;
}

export interface TimeResult {
	readonly bursts: readonly Burst[];
	/** Candidates that were right when checked and failed now. */
	readonly rejections: ReadonlyMap<number, Exclude<CandidateMeasurement["outcome"], { kind: "timed" }>>;
}

/** Packed weights below this fit a cache: there every candidate has its own, so that none finds them warm. */
const sharedBytesMin = 64 * 2 ** 20;
/** Loading sessions, packing weights and calibrating, besides the rounds themselves. */
const preparationMilliseconds = 60_000;

type Rejections = Map<number, Exclude<CandidateMeasurement["outcome"], { kind: "timed" }>>;

/** Throws measure.baseline_failed when timing does not even end without candidates. */
export async function timeCandidates(
	workload: Workload,
	candidates: readonly CompiledCandidate[],
	options: TimeOptions,
): Promise<TimeResult> {
	const rejections: Rejections = new Map();
	let remaining = candidates;
	for (;;) {
		const run = await runTiming(workload, remaining, options);
		if (run.finished) {
			readFaults(run, remaining, options.tolerance, rejections);
			return { bursts: burstsOf(run), rejections };
		}
		if (remaining.length === 0)
			throw new OptimizeError(
				"measure.baseline_failed",
				`timing ends early in ${run.culprit}: ${describeEnd(run)}`,
			);
		for (const [candidate, outcome] of await findCulprits(workload, remaining, run, options))
			rejections.set(candidate, outcome);
		remaining = remaining.filter(({ candidate }) => !rejections.has(candidate));
	}
}

/**
 * Who ended a process that several shared: first whoever was running, alone; if it survives that, it was a victim and
 * each of the others is tried alone. When nobody dies alone, the blame stays where it fell, or on all.
 */
async function findCulprits(
	workload: Workload,
	candidates: readonly CompiledCandidate[],
	run: HarnessRun,
	options: TimeOptions,
): Promise<Rejections> {
	const found: Rejections = new Map();
	const suspect = candidates.find(({ candidate }) => candidateId(candidate) === run.culprit);
	const short = { ...options, budget: { ...options.budget, milliseconds: 0, roundsMin: 1, roundsMax: 1 } };
	const others = candidates.filter((candidate) => candidate !== suspect);
	for (const candidate of suspect === undefined ? others : [suspect, ...others]) {
		if (suspect !== undefined && found.has(suspect.candidate)) break;
		const alone = await runTiming(workload, [candidate], short);
		if (!alone.finished) found.set(candidate.candidate, endOf(alone));
	}
	if (found.size === 0)
		for (const { candidate } of suspect === undefined ? candidates : [suspect])
			found.set(candidate, endOf(run));
	return found;
}

async function runTiming(
	workload: Workload,
	candidates: readonly CompiledCandidate[],
	options: TimeOptions,
): Promise<HarnessRun> {
	const baselines = workload.baselines.filter((_, index) => options.baselines.includes(index));
	const participants = candidates.length + baselines.length;
	const passes = passMilliseconds(workload);
	const limitMilliseconds =
		options.budget.milliseconds * 2 + preparationMilliseconds + passes * (1 + participants);
	const request: HarnessRequest = {
		mode: "time",
		runtime: baselines.length > 0 ? options.runtime : null,
		threads: options.threads,
		limits: measuringLimits(workload, participants, options.threads, limitMilliseconds),
		budget: options.budget,
		sharesWeights: true,
		dump: null,
		inputs: workload.inputs,
		outputs: workload.outputs,
		datasets: workload.datasets.slice(0, 1),
		baselines: baselines.map((baseline) => ({ ...baseline, models: baseline.models.slice(0, 1) })),
		candidates: entrants(candidates, options.packings),
	};
	const run = await runHarness(request, {
		binary: options.binary,
		directory: workload.directory,
		limitMilliseconds,
		silenceMilliseconds: options.silenceMilliseconds + passes,
		...(options.signal === undefined ? {} : { signal: options.signal }),
	});
	if (run.end.kind === "aborted") throw new OptimizeError("limit.deadline", "measuring was cancelled");
	return run;
}

function entrants(
	candidates: readonly CompiledCandidate[],
	packings: ReadonlyMap<number, Packing>,
): HarnessCandidate[] {
	const packers = new Map<string, number>();
	return candidates.map(({ candidate, library, prefix }, position) => {
		const packing = packings.get(candidate);
		const shared = packing !== undefined && packing.bytesCount >= sharedBytesMin ? packing.digest : null;
		const packedBy = shared === null ? null : (packers.get(shared) ?? null);
		if (shared !== null && packedBy === null) packers.set(shared, position);
		return { id: candidateId(candidate), library, prefix, packedBy };
	});
}

function burstsOf(run: HarnessRun): Burst[] {
	return run.events.flatMap((event) => {
		if (event.event !== "burst") return [];
		const { participant, round, runsPerSample, nanoseconds, clean } = event;
		return [{ participant, round, runsPerSample, nanoseconds, clean }];
	});
}

function readFaults(
	run: HarnessRun,
	candidates: readonly CompiledCandidate[],
	tolerance: number,
	rejections: Rejections,
): void {
	for (const { candidate } of candidates) {
		for (const event of run.events) {
			if (!("participant" in event) || event.participant !== candidateId(candidate)) continue;
			if (event.event === "fault") rejections.set(candidate, rejectionOf(event));
			else if (event.event === "checked" && (event.mismatches > 0 || event.errorMax > tolerance))
				rejections.set(candidate, {
					kind: "unstable",
					message: `outputs after timing are off by ${event.errorMax}`,
				});
		}
	}
}
