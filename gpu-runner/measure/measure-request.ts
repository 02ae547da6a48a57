// What is asked of a measurement, and what comes of it.

import type { EmitUnit } from "#runner/toolchain/compile-candidates.ts";
import type { Compiler } from "#runner/toolchain/find-compiler.ts";
import type { ToleranceId } from "#shared/artefact/tolerance.ts";
import type { CandidateMeasurement, Progress } from "#shared/pipeline/ports.ts";
import type { Program } from "#shared/program/program.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import type { Burst, Comparison } from "./statistics.ts";
import type { BaselineForm, FormFiles } from "./workload.ts";

/** What one program may take, in milliseconds of timing; compiling and checking come on top. */
export interface MeasureBudget {
	readonly screenMilliseconds: number;
	readonly contestMilliseconds: number;
	/** For the search around the winner, compiling and checking included; too little for a step: none is taken. */
	readonly refineMilliseconds: number;
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
	/** What candidates may be off by. */
	readonly tolerance: ToleranceId;
	readonly baselines: readonly BaselineForm[];
	readonly candidatesCount: number;
	readonly emitUnit: EmitUnit;
	/** At most `limit` candidates near one, which were none before. Absent: the winner is not refined. */
	readonly neighboursOf?: (candidate: number, limit: number) => readonly number[];
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
	readonly stage: "screen" | "contest" | "refine" | "confirm";
	readonly bursts: readonly Burst[];
}

export interface MeasureResult {
	readonly candidates: readonly CandidateMeasurement[];
	/** The confirmed winner, whatever its verdict; null when no candidate is right. */
	readonly kernel: MeasuredKernel | null;
	readonly baseline: { readonly form: string; readonly latencyNanoseconds: number };
	/** What `baseline` was timed on; it lies there as long as the request's folder does. */
	readonly baselineFiles: FormFiles;
	readonly baselineFaults: readonly { readonly form: string; readonly message: string }[];
	readonly datasets: readonly string[];
	readonly stages: readonly Stage[];
	readonly sandboxed: boolean;
}
