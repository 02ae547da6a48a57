// What the edge hands to a runner: a program, its ranked candidates, and how to go on when the search did not fit.

import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import type { TargetId } from "#shared/target/target.ts";
import type { Certificate } from "#shared/verify/certificate.ts";

export type Effort = "quick" | "standard" | "max";
/** Ordered: a result found with more effort satisfies a request for less. */
export const efforts: readonly Effort[] = ["quick", "standard", "max"];

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
	/** ONNX forms of the island for the baseline (blob digests): the runner times each and compares with the fastest. */
	readonly baselines: readonly { readonly form: string; readonly blob: string }[];
}
