// What the edge hands to a runner: a program, its ranked candidates, and how to go on when the search did not fit.

import type { ToleranceId } from "#shared/artefact/tolerance.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import type { TargetId } from "#shared/target/target.ts";
import type { Certificate } from "#shared/verify/certificate.ts";

export type Effort = "quick" | "standard" | "max";
/** From least to most. */
export const efforts: readonly Effort[] = ["quick", "standard", "max"];

/** Effort is an order: what was found with more satisfies a request for less. */
export const satisfiesEffort = (found: Effort, asked: Effort): boolean =>
	efforts.indexOf(found) >= efforts.indexOf(asked);

export interface PlannedMuGraph {
	readonly digest: string;
	readonly muGraph: MuGraph;
	readonly certificate: Certificate;
}

export interface PlannedCandidate {
	/** Index into `Plan.muGraphs`. */
	readonly muGraph: number;
	readonly schedule: Schedule;
	readonly predictedNanoseconds: number;
}

export interface Plan {
	readonly schema: "kiln.plan/1";
	readonly programDigest: string;
	readonly program: Program;
	readonly target: TargetId;
	readonly threads: number;
	readonly effort: Effort;
	/** What its kernels may be off by, and which schedules they may have. */
	readonly tolerance: ToleranceId;
	readonly muGraphs: readonly PlannedMuGraph[];
	/** Best first. */
	readonly candidates: readonly PlannedCandidate[];
	readonly search: {
		readonly statesVisited: number;
		readonly statesPruned: Readonly<Record<string, number>>;
		readonly stop: "saturated" | "stateLimit";
		/** Where a runner continues, or null when the search is complete. */
		readonly cursor: string | null;
	};
	/** Which model ranked the candidates. */
	readonly rankedBy: string;
	/** The runner times each form and compares candidates with the fastest. */
	readonly baselines: readonly PlannedBaseline[];
}

/**
 * One ONNX form of the island ("asWritten", "primitives", "fused"): a model without weight bytes. Its graph inputs are
 * named `inputNames[i]` for program input i (same flat row-major buffer, the model's own shape); those with role "weight"
 * are to be made constant initialisers by the runner, so that ONNX Runtime can pre-pack them. `outputNames[i]`: program output i.
 */
export interface PlannedBaseline {
	readonly form: string;
	readonly blob: string;
	readonly inputNames: readonly string[];
	readonly outputNames: readonly string[];
}
