import type { VerifiedMuGraph } from "#shared/verify/verified-mugraph.ts";
import type { Schedule } from "./schedule.ts";

/** Something that can be lowered to code: a proven µGraph and how to run it. */
export interface Candidate {
	readonly muGraph: VerifiedMuGraph;
	readonly schedule: Schedule;
}
