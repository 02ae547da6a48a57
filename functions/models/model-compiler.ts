// What the edge needs of the compiler, as one port: bytes to programs, and a program to a plan.

import type { ParallelCalls } from "#functions/search/parallel-calls.ts";
import type { ToleranceId } from "#shared/artefact/tolerance.ts";
import type { Effort, Plan } from "#shared/pipeline/plan.ts";
import type { Program } from "#shared/program/program.ts";
import type { ModelRecord, ShapeBindings, Weights } from "#shared/protocol/model.ts";
import type { TargetId } from "#shared/target/target.ts";

export interface BaselineForm {
	readonly form: string;
	/** ONNX bytes, without weights. */
	readonly bytes: Uint8Array;
	readonly inputNames: readonly string[];
	readonly outputNames: readonly string[];
}

export interface CompiledProgram {
	readonly digest: string;
	readonly program: Program;
	readonly baselines: readonly BaselineForm[];
}

export interface ModelAnalysis
	extends Pick<ModelRecord, "name" | "nodesCount" | "islands" | "keptAsIs" | "refusals" | "coverage"> {
	/** Each distinct program of the islands once. */
	readonly programs: readonly CompiledProgram[];
}

export interface AnalysisOptions {
	readonly shapes: ShapeBindings;
	readonly weights: Weights;
}

export interface PlanOptions {
	readonly programDigest: string;
	readonly program: Program;
	readonly target: TargetId;
	readonly threads: number;
	readonly effort: Effort;
	readonly tolerance: ToleranceId;
	/** Search states to visit here; the plan's cursor says where to go on. */
	readonly searchStatesMax: number;
	/** What the request that the plan is for may still spend. */
	readonly calls: ParallelCalls;
}

export interface ModelCompiler {
	/** Throws `OptimizeError` model.* for bytes that are no model that can be read. */
	analyse(bytes: Uint8Array, options: AnalysisOptions): ModelAnalysis;
	/** Candidates, best first; `baselines` is left empty. */
	plan(options: PlanOptions): Promise<Plan>;
}
