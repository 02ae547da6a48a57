// Sources in, the fastest kernel that is right and certainly faster out: compile, check, screen all shortly, let the best
// contend in long interleaved rounds, look for something better around the winner, then build the winner alone and confirm that very library against the baseline.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type CompiledCandidate, compileCandidates } from "#runner/toolchain/compile-candidates.ts";
import { compileSharedLibrary } from "#runner/toolchain/compile-shared-library.ts";
import { kernelTolerances } from "#shared/artefact/tolerance.ts";
import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { createRandom } from "#shared/numeric/random.ts";
import type { CandidateMeasurement } from "#shared/pipeline/ports.ts";
import type { Program } from "#shared/program/program.ts";
import {
	type BaselineCheck,
	type CheckOptions,
	candidateId,
	checkBaselines,
	checkCandidates,
	type Packing,
} from "./check-candidates.ts";
import { type HarnessTensor, harnessDataTypes } from "./harness-request.ts";
import type { MeasuredKernel, MeasureRequest, MeasureResult, Stage } from "./measure-request.ts";
import { prepareWorkloadAside } from "./prepare-workload-aside.ts";
import { refineCandidate } from "./refine-candidate.ts";
import { screenGroups } from "./screen-groups.ts";
import { type Burst, compareWithBaseline, latencyOf } from "./statistics.ts";
import { type TimeOptions, type TimeResult, timeCandidates } from "./time-candidates.ts";
import { timedFiles, type Workload } from "./workload.ts";

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
	private readonly packings = new Map<number, Packing>();
	private readonly errorMaxAllowed: number;
	/** On the inputs of timing, as the check allowed it: what float32 itself loses there is no kernel's fault. */
	private timingTolerance: number;
	private readonly stages: Stage[] = [];

	constructor(request: MeasureRequest) {
		this.request = request;
		this.errorMaxAllowed = kernelTolerances[request.tolerance].errorMax;
		this.timingTolerance = this.errorMaxAllowed;
	}

	async run(): Promise<MeasureResult> {
		const { program, baselines, directory, seed, signal, hoistedBytesMax: hoistedBytes = 0 } = this.request;
		await mkdir(directory, { recursive: true });
		assertComparable(program);
		this.note("compile");
		const compiling = this.compile(range(this.request.candidatesCount)).finally(() => this.note("reference"));
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
				: await this.confirm(
						workload,
						await this.refine(workload, contest.winner, check.tolerances),
						contest.baseline,
						check.tolerances,
					);
		return {
			candidates: [...this.outcomes].map(([candidate, outcome]) => ({ candidate, outcome })),
			kernel,
			baseline: {
				form: present(baselines[contest.baseline], "a usable baseline").form,
				latencyNanoseconds: kernel?.latencyNanoseconds.baseline ?? contest.baselineNanoseconds,
			},
			baselineFiles: timedFiles(workload, contest.baseline),
			baselineFaults: [...check.baselineFaults].map(([index, message]) => ({
				form: present(baselines[index], "a faulty baseline").form,
				message,
			})),
			datasets: workload.kinds,
			stages: this.stages,
			sandboxed: check.sandboxed,
		};
	}

	private async compile(candidates: readonly number[]): Promise<readonly CompiledCandidate[]> {
		const { emitUnit, target, directory, compiler, signal } = this.request;
		const parts = candidates.map((candidate) => ({ candidate, prefix: `kiln_c${candidate}` }));
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
		const [check, checked] = await bothOf(
			baselines,
			checkCandidates(workload, compiled, tolerances, options),
		);
		if (check.baselinesUsable.length === 0) throw this.noBaseline(check);
		this.timingTolerance = present(check.tolerances[0], "a usable baseline computes the ordinary inputs");
		return { check, right: this.admit(compiled, checked) };
	}

	private noBaseline({ baselineFaults }: BaselineCheck): OptimizeError {
		const faults = [...baselineFaults].map(
			([index, message]) => `${present(this.request.baselines[index], "a faulty baseline").form}: ${message}`,
		);
		const message = `no baseline of the program runs in ONNX Runtime (${faults.join("; ") || "none given"})`;
		return new OptimizeError("measure.baseline_failed", message, { faults });
	}

	/** Those that were right when checked; of the others, what they did wrong. */
	private admit(
		compiled: readonly CompiledCandidate[],
		{ outcomes, packings }: Awaited<ReturnType<typeof checkCandidates>>,
	): readonly CompiledCandidate[] {
		for (const [candidate, packing] of packings) this.packings.set(candidate, packing);
		return compiled.filter(({ candidate }) => {
			const outcome = present(outcomes.get(candidate), "every compiled candidate was checked");
			if (outcome.kind === "right") this.errors.set(candidate, outcome.errorMax);
			else this.outcomes.set(candidate, outcome);
			return outcome.kind === "right";
		});
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
	): Promise<{ winner: CompiledCandidate | null; baseline: number; baselineNanoseconds: number }> {
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
			.map((entrant) => ({ entrant, latency: latencyOf(bursts, candidateId(entrant.candidate)) }));
		ranked.sort((a, b) => a.latency - b.latency);
		return {
			winner: ranked[0]?.entrant ?? null,
			baseline: fastest.index,
			baselineNanoseconds: fastest.latency,
		};
	}

	/** Walks from the winner to better schedules near it while its budget lasts; the number of the best. */
	private async refine(
		workload: Workload,
		winner: CompiledCandidate,
		tolerances: BaselineCheck["tolerances"],
	): Promise<number> {
		const { neighboursOf, budget } = this.request;
		if (neighboursOf === undefined) return winner.candidate;
		this.note("refine");
		const allowed = Promise.resolve(tolerances);
		const best = await refineCandidate(winner, {
			milliseconds: budget.refineMilliseconds,
			neighboursOf,
			admit: async (candidates) => {
				const compiled = await this.compile(candidates);
				return this.admit(
					compiled,
					await checkCandidates(workload, compiled, allowed, this.checkOptions(true)),
				);
			},
			race: async (entrants, milliseconds) => {
				const [together = []] = screenGroups(entrants, this.packings);
				const plan = { milliseconds, roundsMin: 2, roundsMax: budget.contestRoundsMax, baselines: [] };
				return (await this.time(workload, together, "refine", plan)).bursts;
			},
			isRejected: (candidate) => this.isRejected(candidate),
		});
		return best.candidate;
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
			errorMaxAllowed: this.errorMaxAllowed,
			silenceMilliseconds: hangMilliseconds,
			sharesWeights,
			...(signal && { signal }),
		};
	}

	private note(phase: string): void {
		this.request.progress?.({ phase });
	}
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

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
