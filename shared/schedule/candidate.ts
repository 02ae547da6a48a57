import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { VerifiedMuGraph } from "#shared/verify/verified-mugraph.ts";
import type { Schedule } from "./schedule.ts";

/** What a cost model looks at: a µGraph and how to run it. */
export interface ScheduledMuGraph {
	readonly muGraph: { readonly muGraph: MuGraph };
	readonly schedule: Schedule;
}

/** Something that can be lowered to code: the µGraph is proven. */
export interface Candidate extends ScheduledMuGraph {
	readonly muGraph: VerifiedMuGraph;
}
