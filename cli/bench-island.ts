// Measuring one island here and now, with the runner's own measuring code and harness.

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { effortBudget } from "#runner/jobs/effort-budget.ts";
import { prepareCandidates } from "#runner/jobs/prepare-candidates.ts";
import { describeMachine } from "#runner/machine/describe-machine.ts";
import { buildHarness } from "#runner/measure/harness-binary.ts";
import { kernelPrefix, measureCandidates } from "#runner/measure/measure-candidates.ts";
import type { MeasureBudget, MeasureRequest, MeasureResult } from "#runner/measure/measure-request.ts";
import { readRateOf } from "#runner/measure/reference-read.ts";
import { requireRuntimeLibrary } from "#runner/measure/runtime-library.ts";
import { type Burst, median } from "#runner/measure/statistics.ts";
import type { EmitUnit } from "#runner/toolchain/compile-candidates.ts";
import { type Compiler, requireCompiler } from "#runner/toolchain/find-compiler.ts";
import type { Interval, SpeedVerdict } from "#shared/artefact/manifest.ts";
import type { ToleranceId } from "#shared/artefact/tolerance.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { Graph } from "#shared/graph/graph.ts";
import type { Island } from "#shared/partition/partition.ts";
import { islandBaselines } from "#shared/pipeline/island-baselines.ts";
import type { Effort, Plan } from "#shared/pipeline/plan.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";
import type { CandidateMeasurement } from "#shared/pipeline/ports.ts";
import { type Machine, type TargetId, targets } from "#shared/target/target.ts";
import { measureEngineTime } from "./engine-time/measure-engine-time.ts";
import type { EngineTime } from "./engine-time/read-trace.ts";
import { type KernelFolder, kernelFolders } from "./kernel-folders.ts";
import { machineRoofs, type ProgramWork, programWork, rooflineNanoseconds } from "./report/roofline.ts";
import { type CurvePoint, tuningCurve } from "./report/tuning-curve.ts";

export interface BenchOptions {
	readonly target: TargetId;
	readonly threads: number;
	readonly effort: Effort;
	readonly tolerance: ToleranceId;
	/** Folder of kernel folders, or null: candidates are found here. */
	readonly kernels: string | null;
	/** Scratch. */
	readonly directory: string;
	readonly signal: AbortSignal;
	/** Hears of what is missing from a case, and why. Default: nobody does. */
	readonly note?: (line: string) => void;
}

export interface BenchSession extends Omit<BenchOptions, "kernels"> {
	readonly compiler: Compiler;
	readonly harness: string;
	readonly runtime: string;
	readonly machine: Machine;
	/** By program digest; null: candidates are found here. */
	readonly folders: ReadonlyMap<string, KernelFolder> | null;
}

export interface BenchCase {
	readonly island: number;
	/** Islands of the model that compute this program. */
	readonly occurrences: number;
	readonly program: string;
	readonly baselineForm: string;
	/** Wall time of a run, as is `kernelNs`. */
	readonly baselineNs: number;
	/** What ONNX Runtime's profiler says of the baseline's form, run after the measurement; null where it says nothing. */
	readonly engine: EngineTime | null;
	readonly kernelNs: number;
	/** Of the fastest candidate that gave right results, whether it beats the baseline or not; null without one. */
	readonly bestNs: number | null;
	readonly ratio: Interval;
	readonly verdict: SpeedVerdict;
	/** Least time that the machine's probed bandwidth and FMA rate allow, over the kernel's time. Above 1 where caches help. */
	readonly rooflineShare: number;
	/** Of one thread, in gigabytes a second, in the confirming rounds themselves; null without a candidate that was confirmed. */
	readonly readRate: number | null;
	readonly work: ProgramWork;
	/** Largest error against float64 of the kernel; null where the baseline is the answer. */
	readonly errorMax: number | null;
	readonly seed: number;
	/** Of the best so far, while candidates were measured; empty without one. */
	readonly curve: readonly CurvePoint[];
	/** Of the confirming rounds, in nanoseconds a run; empty without a candidate that was confirmed. */
	readonly samplesNs: { readonly baseline: readonly number[]; readonly kernel: readonly number[] };
}

/** Finds the tools and probes the machine. Throws `toolchain.missing`. */
export async function openBench(options: BenchOptions): Promise<BenchSession> {
	const compiler = await requireCompiler(process.env.PATH ?? "", process.env.CC);
	const runtime = requireRuntimeLibrary();
	const { kernels, ...rest } = options;
	return {
		...rest,
		compiler,
		runtime,
		harness: await buildHarness(compiler, options.directory),
		machine: await describeMachine(options.target, compiler, options.directory),
		folders: kernels === null ? null : await kernelFolders(kernels),
	};
}

/** An island without a stored kernel, or whose candidates are all slower, is its own baseline. */
export async function benchIsland(
	session: BenchSession,
	modelBytes: Uint8Array,
	graph: Graph,
	island: Island,
): Promise<MeasuredCase> {
	const result = await measureIsland(session, modelBytes, graph, island);
	return summariseIsland(session, island, result, await measureEngine(session, island, result));
}

export interface IslandMeasurement extends MeasureResult {
	/** With the candidates that refining added; null where stored kernels were measured. */
	readonly plan: Plan | null;
}

export interface MeasureIslandOptions {
	/** Candidates other than those that a search here and now gives. */
	readonly plan?: Plan | null;
	/** Default: that of the session's effort. */
	readonly budget?: MeasureBudget;
}

/**
 * The measurement itself, with every sample. Throws what `measureCandidates` throws, and request.invalid for a stored kernel
 * of another tolerance than the session's.
 */
export async function measureIsland(
	session: BenchSession,
	modelBytes: Uint8Array,
	graph: Graph,
	island: Island,
	{ plan = null, budget = effortBudget(session.effort, 1).measure }: MeasureIslandOptions = {},
): Promise<IslandMeasurement> {
	const { grownPlan, ...candidates } = await candidatesFor(session, island, plan);
	const directory = join(session.directory, island.digest);
	await mkdir(directory, { recursive: true });
	const result = await measureCandidates({
		program: island.program,
		target: targets[session.target],
		threads: session.threads,
		seed: benchSeed,
		tolerance: session.tolerance,
		baselines: islandBaselines(modelBytes, graph, island).map(({ bytes, ...form }) => ({
			...form,
			model: bytes,
		})),
		...candidates,
		budget,
		directory,
		compiler: session.compiler,
		harness: session.harness,
		runtime: session.runtime,
		hangMilliseconds,
		signal: session.signal,
	});
	return { ...result, plan: grownPlan() };
}

/**
 * In-engine time of the form that was the fastest baseline, while the measurement's files are there. Whatever the profiler
 * does, the bench goes on: null, and a note. Throws limit.deadline when cancelled.
 */
export async function measureEngine(
	{ runtime, threads, signal, note }: Pick<BenchSession, "runtime" | "threads" | "signal" | "note">,
	{ index }: Pick<Island, "index">,
	{ baselineFiles }: Pick<MeasureResult, "baselineFiles">,
): Promise<EngineTime | null> {
	const measured = await measureEngineTime({ ...baselineFiles, runtime, threads }, signal);
	if (signal.aborted) throw new OptimizeError("limit.deadline", "measuring was cancelled");
	if (measured.kind === "measured") return measured.time;
	note?.(`island ${index}: no in-engine time: ${measured.reason}`);
	return null;
}

/** A case that nobody counted in a model yet. */
export type MeasuredCase = Omit<BenchCase, "occurrences">;

/** `engine`: from `measureEngine`; null where nobody wants it. */
export function summariseIsland(
	session: BenchSession,
	island: Island,
	result: MeasureResult,
	engine: EngineTime | null,
): MeasuredCase {
	const baselineNs = result.baseline.latencyNanoseconds;
	const kernelNs = result.kernel?.latencyNanoseconds.kernel ?? baselineNs;
	const work = programWork(island.program);
	const confirm = result.stages.findLast(({ stage }) => stage === "confirm")?.bursts ?? [];
	return {
		island: island.index,
		program: island.digest,
		baselineForm: result.baseline.form,
		baselineNs,
		engine,
		kernelNs,
		bestNs: bestNanoseconds(result.candidates),
		ratio: result.kernel?.comparison.speedup ?? { median: 1, low: 1, high: 1 },
		verdict: result.kernel?.comparison.verdict ?? "baseline",
		rooflineShare: rooflineNanoseconds(work, machineRoofs(session.machine, session.threads)) / kernelNs,
		readRate: readRateOf(confirm),
		work,
		errorMax: result.kernel?.errorMax ?? null,
		seed: benchSeed,
		curve: tuningCurve(result.stages, baselineNs),
		samplesNs: {
			baseline: confirm
				.filter(({ participant }) => participant.startsWith("baseline-"))
				.flatMap(cleanSamples),
			kernel: confirm.filter(({ participant }) => participant.startsWith("candidate-")).flatMap(cleanSamples),
		},
	};
}

const cleanSamples = ({ nanoseconds, clean }: Burst): number[] => nanoseconds.filter((_, at) => clean[at]);

function bestNanoseconds(candidates: readonly CandidateMeasurement[]): number | null {
	const medians = candidates.flatMap(({ outcome }) =>
		outcome.kind === "timed" && outcome.samplesNanoseconds.length > 0
			? [median(outcome.samplesNanoseconds)]
			: [],
	);
	return medians.length === 0 ? null : Math.min(...medians);
}

/** Of the input data: any will do, and the same one makes runs comparable. */
const benchSeed = 1;
const hangMilliseconds = 10_000;

interface Candidates {
	readonly candidatesCount: number;
	readonly emitUnit: EmitUnit;
	readonly hoistedBytesMax?: number;
	readonly neighboursOf?: NonNullable<MeasureRequest["neighboursOf"]>;
	readonly grownPlan: () => Plan | null;
}

async function candidatesFor(session: BenchSession, island: Island, plan: Plan | null): Promise<Candidates> {
	const { target, threads, effort, tolerance, folders } = session;
	if (folders === null) {
		const { program, digest: programDigest } = island;
		const request = { program, programDigest, target, threads, effort, tolerance, cursor: null };
		const prepared = await prepareCandidates(plan ?? planProgram(request));
		const { proofs, emitUnit, hoistedBytesMax, neighboursOf, grownPlan } = prepared;
		return { candidatesCount: proofs.length, emitUnit, hoistedBytesMax, neighboursOf, grownPlan };
	}
	const found = folders.get(island.digest);
	const grownPlan = (): null => null;
	if (found === undefined) return { candidatesCount: 0, emitUnit: () => "", grownPlan };
	if (found.tolerance !== tolerance) throw otherTolerance(found, tolerance);
	const source = await readFile(join(found.folder, "kernel.c"), "utf8");
	// One candidate, so one part a unit.
	const emitUnit: EmitUnit = ([part]) => source.replaceAll(kernelPrefix, part?.prefix ?? kernelPrefix);
	return { candidatesCount: 1, emitUnit, grownPlan };
}

function otherTolerance({ folder, tolerance: found }: KernelFolder, expected: ToleranceId): OptimizeError {
	const message = `${folder} holds a kernel of tolerance ${found}, expected ${expected} (--tolerance)`;
	return new OptimizeError("request.invalid", message, { folder, found, expected });
}
