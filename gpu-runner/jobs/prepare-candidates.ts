// From a plan's candidates to sources: every µGraph is proven again here, because a plan comes from a store and only a
// proof of this process's own makes a `VerifiedMuGraph`.

import { setImmediate } from "node:timers/promises";
import { kernelPrefix } from "#runner/measure/measure-candidates.ts";
import type { EmitUnit } from "#runner/toolchain/compile-candidates.ts";
import { emitC, emitHeader } from "#shared/codegen/codegen.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { LoopProgram } from "#shared/loop-ir/loop-ir.ts";
import { lowerCandidate } from "#shared/lower/lower.ts";
import { hoistedBytes } from "#shared/mugraph/prepare-kernels.ts";
import type { Plan, PlannedMuGraph } from "#shared/pipeline/plan.ts";
import type { Program } from "#shared/program/program.ts";
import { targets } from "#shared/target/target.ts";
import type { VerifiedMuGraph } from "#shared/verify/verified-mugraph.ts";
import { recheckPlanned } from "#shared/verify/verify.ts";

export interface PreparedCandidates {
	/** By candidate: the proof it stands on. */
	readonly proofs: readonly VerifiedMuGraph[];
	readonly emitUnit: EmitUnit;
	/** See MeasureRequest. */
	readonly hoistedBytesMax: number;
	/** Text of kernel.h for one candidate. */
	readonly header: (candidate: number) => string;
}

/** Throws verify.mismatch when a µGraph of the plan does not prove equal to its program. */
export async function prepareCandidates(plan: Plan): Promise<PreparedCandidates> {
	const target = targets[plan.target];
	const proven: VerifiedMuGraph[] = [];
	for (const planned of plan.muGraphs) {
		// Between two proofs messages and leases are kept alive.
		await setImmediate();
		proven.push(recheck(planned, plan.program));
	}
	const candidates = plan.candidates.map(({ muGraph, schedule }) => {
		const verified = proven[muGraph];
		if (verified !== undefined) return { muGraph: verified, schedule };
		throw new OptimizeError("verify.mismatch", `the plan has no µGraph ${muGraph}`, {
			found: muGraph,
			expected: proven.length,
		});
	});
	const lower = (candidate: number): LoopProgram => {
		const wanted = candidates[candidate];
		if (wanted === undefined)
			throw new OptimizeError("internal.bug", `the plan has no candidate ${candidate}`);
		return lowerCandidate(wanted, target, plan.threads);
	};
	return {
		hoistedBytesMax: Math.max(0, ...proven.map(({ muGraph }) => hoistedBytes(muGraph))),
		proofs: candidates.map(({ muGraph }) => muGraph),
		emitUnit: (parts) =>
			emitC(
				parts.map(({ candidate, prefix }) => ({ prefix, program: lower(candidate) })),
				target,
			),
		header: (candidate) => emitHeader(lower(candidate), kernelPrefix),
	};
}

function recheck(planned: PlannedMuGraph, program: Program): VerifiedMuGraph {
	const outcome = recheckPlanned(planned, program);
	if (outcome.kind === "equal") return outcome.verified;
	const message = `µGraph ${planned.digest} of the plan does not prove equal to its program: ${outcome.reason}`;
	throw new OptimizeError("verify.mismatch", message, { digest: planned.digest });
}
