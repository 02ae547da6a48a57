// Sources in, the fastest kernel that is right and certainly faster out: compile, check, screen all shortly, let the best
// contend in long interleaved rounds, then build the winner alone and confirm that very library against the baseline.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
	type CompiledCandidate,
	compileCandidates,
	type EmitUnit,
} from "#runner/toolchain/compile-candidates.ts";
import { compileSharedLibrary } from "#runner/toolchain/compile-shared-library.ts";
import type { Compiler } from "#runner/toolchain/find-compiler.ts";
import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { createRandom } from "#shared/numeric/random.ts";
import type { CandidateMeasurement, Progress } from "#shared/pipeline/ports.ts";
import type { Program } from "#shared/program/program.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import {
	type BaselineCheck,
	type CheckOptions,
	candidateId,
	checkBaselines,
	checkCandidates,
	type Packing,
	toleranceRelative,
} from "./check-candidates.ts";
import { type HarnessTensor, harnessDataTypes } from "./harness-request.ts";
import { prepareWorkloadAside } from "./prepare-workload-aside.ts";
import { screenGroups } from "./screen-groups.ts";
import { type Burst, type Comparison, compareWithBaseline, latencyOf } from "./statistics.ts";
import { type TimeOptions, type TimeResult, timeCandidates } from "./time-candidates.ts";
import type { BaselineForm, Workload } from "./workload.ts";

/** What one program may take, in milliseconds of timing; compiling and checking come on top. */
export interface MeasureBudget {
	readonly screenMilliseconds: number;
	readonly contestMilliseconds: number;
	readonly confirmMilliseconds: number;
	/** Rounds after which more would not narrow the interval by much; a stage ends with them, or with its time. */
	readonly contestRoundsMax: number;
	readonly confirmRoundsMax: number;
	/** Longest wait for a quiet machine before each burst. */
	readonly quietMilliseconds: number;
}

export interface MeasureRequest {
	readonly program: Program;
	readonly target: CpuTarget;
	readonly threads: number;
	readonly seed: number;
	readonly baselines: readonly BaselineForm[];
	readonly candidatesCount: number;
	readonly emitUnit: EmitUnit;
	/** The most that a candidate stores of what it computes from weights once, in bytes. Default: nothing. */
	readonly hoistedBytesMax?: number;
	readonly budget: MeasureBudget;
	/** An empty folder for the files of this measurement. */
	readonly directory: string;
	readonly compiler: Compiler;
	/** From `buildHarness`. */
	readonly harness: string;
	/** ONNX Runtime's library. */
	readonly runtime: string;
	/** Longest single step of a candidate before it counts as hung. */
	readonly hangMilliseconds: number;
	readonly signal?: AbortSignal;
	readonly progress?: Progress;
}

export interface MeasuredKernel {
	readonly candidate: number;
	readonly source: string;
	/** Compiled alone, with the prefix of a published kernel. */
	readonly library: string;
	readonly errorMax: number;
	readonly comparison: Comparison;
	readonly latencyNanoseconds: { readonly baseline: number; readonly kernel: number };
}

export interface Stage {
	readonly stage: "screen" | "contest" | "confirm";
	readonly bursts: readonly Burst[];
}

export interface MeasureResult {
	readonly candidates: readonly CandidateMeasurement[];
	/** The confirmed winner, whatever its verdict; null when no candidate is right. */
	readonly kernel: MeasuredKernel | null;
	readonly baseline: { readonly form: string; readonly latencyNanoseconds: number };
	readonly baselineFaults: readonly { readonly form: string; readonly message: string }[];
	readonly datasets: readonly string[];
	readonly stages: readonly Stage[];
	readonly sandboxed: boolean;
}

/** Prefix of every exported name of a published kernel. */
export const kernelPrefix = "kiln_kernel";
const compileMillisecondsMax = 120_000;
const finalists = 6;
const screenRoundsMax = 3;
/** Taken even when they are longer than the budget: fewer would not rank the finalists, or not carry a bootstrap. */
const contestRoundsMin = 4;
const confirmRoundsMin = 12;
/** A busy machine gets one more chance before the answer is `inconclusive`. */
const confirmTries = 2;

/** Measures; throws measure.baseline_failed when no baseline runs, limit.deadline when cancelled. Never throws for a bad candidate. */
export async function measureCandidates(request: MeasureRequest): Promise<MeasureResult> {
	const measurement = new Measurement(request);
	return measurement.run();
}

class Measurement {
	private readonly request: MeasureRequest;
	private readonly outcomes = new Map<number, CandidateMeasurement["outcome"]>();
	private readonly errors = new Map<number, number>();
	private packings: ReadonlyMap<number, Packing> = new Map();
	/** On the inputs of timing, as the check allowed it: what float32 itself loses there is no kernel's fault. */
	private timingTolerance = toleranceRelative;
	private readonly stages: Stage[] = [];

	constructor(request: MeasureRequest) {
		this.request = request;
	}

	async run(): Promise<MeasureResult> {
		const { program, baselines, directory, seed, signal, hoistedBytesMax: hoistedBytes = 0 } = this.request;
		await mkdir(directory, { recursive: true });
		assertComparable(program);
		this.note("compile");
		const compiling = this.compile().finally(() => this.note("reference"));
		const forms = baselines;
		const preparing = prepareWorkloadAside({ program, forms, directory, seed, hoistedBytes }, signal);
		const [compiled, workload] = await bothOf(compiling, preparing);
		this.note("check");
		const { check, right } = await this.check(workload, compiled);
		const screened = await this.screen(workload, right, check.baselinesUsable);
		const contest = await this.contest(workload, screened, check.baselinesUsable);
		const kernel =
			contest.winner === null
				? null
				: await this.confirm(workload, contest.winner, contest.baseline, check.tolerances);
		return {
			candidates: [...this.outcomes].map(([candidate, outcome]) => ({ candidate, outcome })),
			kernel,
			baseline: {
				form: present(baselines[contest.baseline], "a usable baseline").form,
				latencyNanoseconds: kernel?.latencyNanoseconds.baseline ?? contest.baselineNanoseconds,
			},
			baselineFaults: [...check.baselineFaults].map(([index, message]) => ({
				form: present(baselines[index], "a faulty baseline").form,
				message,
			})),
			datasets: workload.kinds,
			stages: this.stages,
			sandboxed: check.sandboxed,
		};
	}

	private async compile(): Promise<readonly CompiledCandidate[]> {
		const { candidatesCount, emitUnit, target, directory, compiler, signal } = this.request;
		const parts = Array.from({ length: candidatesCount }, (_, candidate) => ({
			candidate,
			prefix: `kiln_c${candidate}`,
		}));
		const options = { compiler, timeoutMilliseconds: compileMillisecondsMax, ...(signal && { signal }) };
		const { compiled, failed } = await compileCandidates(parts, emitUnit, target, directory, options);
		for (const { candidate, message } of failed)
			this.outcomes.set(candidate, { kind: "compileFailed", message });
		return compiled;
	}

	/** Baselines and candidates, each in a process of their own at the same time: nothing is timed yet. */
	private async check(
		workload: Workload,
		compiled: readonly CompiledCandidate[],
	): Promise<{ check: BaselineCheck; right: readonly CompiledCandidate[] }> {
		const options = this.checkOptions(true);
		const baselines = checkBaselines(workload, options);
		const tolerances = baselines.then((check) => check.tolerances);
		// Perhaps nobody comes to ask for them; a fault is that of `baselines`.
		tolerances.catch(() => undefined);
		const [check, { outcomes, packings }] = await bothOf(
			baselines,
			checkCandidates(workload, compiled, tolerances, options),
		);
		if (check.baselinesUsable.length === 0)
			throw new OptimizeError("measure.baseline_failed", "no baseline of the program runs in ONNX Runtime", {
				faults: [...check.baselineFaults.values()],
			});
		this.packings = packings;
		this.timingTolerance = present(check.tolerances[0], "a usable baseline computes the ordinary inputs");
		const right = compiled.filter(({ candidate }) => {
			const outcome = present(outcomes.get(candidate), "every compiled candidate was checked");
			if (outcome.kind === "right") this.errors.set(candidate, outcome.errorMax);
			else this.outcomes.set(candidate, outcome);
			return outcome.kind === "right";
		});
		return { check, right };
	}

	/** A short look at all, several to a process; the fastest few relative to the baseline of the same process. */
	private async screen(
		workload: Workload,
		candidates: readonly CompiledCandidate[],
		baselines: readonly number[],
	): Promise<readonly CompiledCandidate[]> {
		this.note("screen");
		if (candidates.length <= finalists) return candidates;
		const groups = screenGroups(candidates, this.packings);
		// One group needs no yardstick: all its candidates meet in one process.
		const yardsticks = groups.length > 1 ? baselines.slice(0, 1) : [];
		const relative = new Map<CompiledCandidate, number>();
		for (const group of groups) {
			const { bursts } = await this.time(workload, group, "screen", {
				milliseconds: this.request.budget.screenMilliseconds / groups.length,
				roundsMin: 1,
				roundsMax: screenRoundsMax,
				baselines: yardsticks,
			});
			const yardstick = yardsticks.length > 0 ? latencyOf(bursts, `baseline-${yardsticks[0]}`) : 1;
			for (const candidate of group)
				relative.set(candidate, latencyOf(bursts, candidateId(candidate.candidate)) / yardstick);
		}
		const ranked = candidates.filter(({ candidate }) => !this.isRejected(candidate));
		ranked.sort((a, b) => (relative.get(a) ?? 0) - (relative.get(b) ?? 0));
		return ranked.slice(0, finalists);
	}

	/** Long rounds of the finalists beside every baseline form: the fastest of each side. */
	private async contest(
		workload: Workload,
		candidates: readonly CompiledCandidate[],
		baselines: readonly number[],
	): Promise<{ winner: number | null; baseline: number; baselineNanoseconds: number }> {
		this.note("contest");
		const { bursts } = await this.time(workload, candidates, "contest", {
			milliseconds: this.request.budget.contestMilliseconds,
			roundsMin: contestRoundsMin,
			roundsMax: this.request.budget.contestRoundsMax,
			baselines,
		});
		const forms = baselines.map((index) => ({ index, latency: latencyOf(bursts, `baseline-${index}`) }));
		forms.sort((a, b) => a.latency - b.latency);
		const fastest = present(forms[0], "a usable baseline");
		const ranked = candidates
			.filter(({ candidate }) => !this.isRejected(candidate))
			.map(({ candidate }) => ({ candidate, latency: latencyOf(bursts, candidateId(candidate)) }));
		ranked.sort((a, b) => a.latency - b.latency);
		return {
			winner: ranked[0]?.candidate ?? null,
			baseline: fastest.index,
			baselineNanoseconds: fastest.latency,
		};
	}

	/** Builds the winner as users will get it, checks that library and times it in fresh rounds: no winner's luck. */
	private async confirm(
		workload: Workload,
		winner: number,
		baseline: number,
		tolerances: BaselineCheck["tolerances"],
	): Promise<MeasuredKernel | null> {
		this.note("confirm");
		const { emitUnit, target, directory, compiler, budget, seed, threads, signal } = this.request;
		const source = emitUnit([{ candidate: winner, prefix: kernelPrefix }]);
		const library = join(directory, "kernel.so");
		const outcome = await compileSharedLibrary(source, target, library, {
			compiler,
			timeoutMilliseconds: compileMillisecondsMax,
			...(signal && { signal }),
		});
		if (signal?.aborted) throw new OptimizeError("limit.deadline", "measuring was cancelled");
		if (outcome.kind === "failed")
			return this.rejected(winner, { kind: "compileFailed", message: outcome.message });
		const alone = { candidate: winner, prefix: kernelPrefix, library };
		const allowed = Promise.resolve(tolerances);
		const check = await checkCandidates(workload, [alone], allowed, this.checkOptions(false));
		const verdict = present(check.outcomes.get(winner), "the kernel was checked");
		if (verdict.kind !== "right") return this.rejected(winner, verdict);
		for (let tried = 1; ; tried++) {
			const { bursts } = await this.time(workload, [alone], "confirm", {
				milliseconds: budget.confirmMilliseconds * tried,
				roundsMin: confirmRoundsMin,
				roundsMax: budget.confirmRoundsMax,
				baselines: [baseline],
			});
			if (this.isRejected(winner)) return null;
			const comparison = compareWithBaseline(
				bursts,
				`baseline-${baseline}`,
				candidateId(winner),
				createRandom(seed, threads),
			);
			if (comparison.verdict === "inconclusive" && tried < confirmTries) continue;
			return {
				candidate: winner,
				source,
				library,
				errorMax: verdict.errorMax,
				comparison,
				latencyNanoseconds: {
					baseline: latencyOf(bursts, `baseline-${baseline}`),
					kernel: latencyOf(bursts, candidateId(winner)),
				},
			};
		}
	}

	private async time(
		workload: Workload,
		candidates: readonly CompiledCandidate[],
		stage: Stage["stage"],
		plan: { milliseconds: number; roundsMin: number; roundsMax: number; baselines: readonly number[] },
	): Promise<TimeResult> {
		const { runtime, threads, budget, harness, hangMilliseconds, signal } = this.request;
		const { milliseconds, roundsMin, roundsMax, baselines } = plan;
		const options: TimeOptions = {
			binary: harness,
			runtime,
			threads,
			budget: { milliseconds, roundsMin, roundsMax, quietMilliseconds: budget.quietMilliseconds },
			baselines,
			packings: this.packings,
			tolerance: this.timingTolerance,
			silenceMilliseconds: hangMilliseconds,
			...(signal && { signal }),
		};
		const result = await timeCandidates(workload, candidates, options);
		this.stages.push({ stage, bursts: result.bursts });
		for (const [candidate, outcome] of result.rejections) this.outcomes.set(candidate, outcome);
		for (const { candidate } of candidates)
			if (!this.isRejected(candidate)) this.record(candidate, result.bursts);
		return result;
	}

	/** Samples of later, longer stages come behind those of earlier ones. */
	private record(candidate: number, bursts: readonly Burst[]): void {
		const before = this.outcomes.get(candidate);
		const samples = bursts
			.filter((burst) => burst.participant === candidateId(candidate))
			.flatMap((burst) => burst.nanoseconds);
		this.outcomes.set(candidate, {
			kind: "timed",
			samplesNanoseconds: [...(before?.kind === "timed" ? before.samplesNanoseconds : []), ...samples],
			errorMax: this.errors.get(candidate) ?? 0,
		});
	}

	private isRejected(candidate: number): boolean {
		const outcome = this.outcomes.get(candidate);
		return outcome !== undefined && outcome.kind !== "timed";
	}

	private rejected(candidate: number, outcome: CandidateMeasurement["outcome"]): null {
		this.outcomes.set(candidate, outcome);
		return null;
	}

	private checkOptions(sharesWeights: boolean): CheckOptions {
		const { harness, runtime, threads, seed, hangMilliseconds, signal } = this.request;
		return {
			binary: harness,
			runtime,
			threads,
			seed,
			silenceMilliseconds: hangMilliseconds,
			sharesWeights,
			...(signal && { signal }),
		};
	}

	private note(phase: string): void {
		this.request.progress?.({ phase });
	}
}

/** Both results, or the fault of either once the other has come to its end too. */
async function bothOf<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
	await Promise.allSettled([a, b]);
	return Promise.all([a, b]);
}

function assertComparable(program: Program): void {
	const odd = program.outputs.find(
		(output): output is typeof output & HarnessTensor => !harnessDataTypes.has(output.dataType),
	);
	if (odd !== undefined)
		throw new OptimizeError("model.type_unsupported", `outputs of type ${odd.dataType} cannot be compared`, {
			found: odd.dataType,
			expected: [...harnessDataTypes],
		});
}
