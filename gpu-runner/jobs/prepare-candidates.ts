// From a plan's candidates to sources: every µGraph is proven again here, because a plan comes from a store and only a
// proof of this process's own makes a `VerifiedMuGraph`.

import type { MeasurableCandidate } from "#runner/measure/measure-candidates.ts";
import { kernelPrefix } from "#runner/measure/measure-candidates.ts";
import { emitC, emitHeader } from "#shared/codegen/codegen.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { lowerCandidate } from "#shared/lower/lower.ts";
import type { Plan } from "#shared/pipeline/plan.ts";
import { targets } from "#shared/target/target.ts";
import type { Certificate } from "#shared/verify/certificate.ts";
import type { VerifiedMuGraph } from "#shared/verify/verified-mugraph.ts";
import { recheckPlanned } from "#shared/verify/verify.ts";

export interface PreparedCandidate extends MeasurableCandidate {
	readonly muGraphDigest: string;
	readonly certificate: Certificate;
	/** Text of kernel.h. */
	readonly header: string;
}

/** The plan's candidates, ready to be compiled. Throws verify.mismatch when a µGraph of the plan does not prove equal. */
export function prepareCandidates(plan: Plan): readonly PreparedCandidate[] {
	const target = targets[plan.target];
	const proven = plan.muGraphs.map((planned): VerifiedMuGraph => {
		const verified = recheckPlanned(planned, plan.program);
		if (verified === null)
			throw new OptimizeError(
				"verify.mismatch",
				`µGraph ${planned.digest} of the plan does not prove equal to its program`,
			);
		return verified;
	});
	return plan.candidates.map(({ muGraph, schedule }) => {
		const verified = proven[muGraph];
		if (verified === undefined)
			throw new OptimizeError("verify.mismatch", `the plan has no µGraph ${muGraph}`, {
				found: muGraph,
				expected: proven.length,
			});
		const program = lowerCandidate({ muGraph: verified, schedule }, target, plan.threads);
		return {
			muGraphDigest: verified.digest,
			certificate: verified.certificate,
			header: emitHeader(program, kernelPrefix),
			source: (prefix) => emitC(program, prefix),
		};
	});
}
