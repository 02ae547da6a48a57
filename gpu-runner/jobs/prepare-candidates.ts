// From a plan's candidates to sources: every µGraph is proven again here, because a plan comes from a store and only a
// proof of this process's own makes a `VerifiedMuGraph`.

import { setImmediate } from "node:timers/promises";
import { kernelPrefix } from "#runner/measure/measure-candidates.ts";
import type { EmitUnit } from "#runner/toolchain/compile-candidates.ts";
import { forbiddenProductType, kernelTolerances } from "#shared/artefact/tolerance.ts";
import { emitC, emitHeader } from "#shared/codegen/codegen.ts";
import { rankCandidates } from "#shared/cost-model/cost-model.ts";
import { present } from "#shared/fault/assert.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import type { LoopProgram } from "#shared/loop-ir/loop-ir.ts";
import { lowerCandidate } from "#shared/lower/lower.ts";
import { hoistedBytes } from "#shared/mugraph/prepare-kernels.ts";
import type { Plan, PlannedCandidate, PlannedMuGraph } from "#shared/pipeline/plan.ts";
import type { Program } from "#shared/program/program.ts";
import { neighbourSchedules } from "#shared/schedule/neighbour-schedules.ts";
import { targets } from "#shared/target/target.ts";
import type { VerifiedMuGraph } from "#shared/verify/verified-mugraph.ts";
import { recheckPlanned } from "#shared/verify/verify.ts";

export interface PreparedCandidates {
	/** By candidate: the proof it stands on. Grows with `neighboursOf`. */
	readonly proofs: readonly VerifiedMuGraph[];
	/** New candidates of the same µGraph, whose schedules are one step away; at most `limit`. */
	readonly neighboursOf: (candidate: number, limit: number) => readonly number[];
	/** The plan, with all candidates there are by now. */
	readonly grownPlan: () => Plan;
	readonly emitUnit: EmitUnit;
	/** See MeasureRequest. */
	readonly hoistedBytesMax: number;
	/** Text of kernel.h for one candidate. */
	readonly header: (candidate: number) => string;
}

/**
 * Throws verify.mismatch when a µGraph of the plan does not prove equal to its program, or a schedule rounds more than the
 * plan's tolerance allows.
 */
export async function prepareCandidates(plan: Plan): Promise<PreparedCandidates> {
	const target = targets[plan.target];
	const proven: VerifiedMuGraph[] = [];
	for (const planned of plan.muGraphs) {
		// Between two proofs messages and leases are kept alive.
		await setImmediate();
		proven.push(recheck(planned, plan.program));
	}
	for (const [at, candidate] of plan.candidates.entries()) requireTolerance(plan, candidate, at);
	const candidates = [...plan.candidates];
	const proofs = candidates.map(({ muGraph }) => proofOf(proven, muGraph));
	const lower = (candidate: number): LoopProgram => {
		const wanted = candidates[candidate];
		const muGraph = proofs[candidate];
		if (wanted === undefined || muGraph === undefined)
			throw new OptimizeError("internal.bug", `the plan has no candidate ${candidate}`);
		return lowerCandidate({ muGraph, schedule: wanted.schedule }, target, plan.threads);
	};
	return {
		hoistedBytesMax: Math.max(0, ...proven.map(({ muGraph }) => hoistedBytes(muGraph))),
		proofs,
		neighboursOf(candidate, limit) {
			const from = present(candidates[candidate], "a candidate");
			const added = newNeighbours(plan, candidates, from, limit);
			const first = candidates.push(...added) - added.length;
			proofs.push(...added.map(({ muGraph }) => proofOf(proven, muGraph)));
			return added.map((_, at) => first + at);
		},
		grownPlan: () => ({ ...plan, candidates }),
		emitUnit: (parts) =>
			emitC(
				parts.map(({ candidate, prefix }) => ({ prefix, program: lower(candidate) })),
				target,
			),
		header: (candidate) => emitHeader(lower(candidate), kernelPrefix),
	};
}

function requireTolerance({ tolerance }: Plan, { schedule }: PlannedCandidate, at: number): void {
	const found = forbiddenProductType(schedule, tolerance);
	if (found === null) return;
	const message = `candidate ${at} of the plan has products of ${found}, which tolerance ${tolerance} does not allow`;
	throw new OptimizeError("verify.mismatch", message, { found, expected: tolerance });
}

function proofOf(proven: readonly VerifiedMuGraph[], muGraph: number): VerifiedMuGraph {
	const verified = proven[muGraph];
	if (verified !== undefined) return verified;
	throw new OptimizeError("verify.mismatch", `the plan has no µGraph ${muGraph}`, {
		found: muGraph,
		expected: proven.length,
	});
}

function newNeighbours(
	plan: Plan,
	known: readonly PlannedCandidate[],
	{ muGraph: id, schedule }: PlannedCandidate,
	limit: number,
): readonly PlannedCandidate[] {
	const target = targets[plan.target];
	const muGraph = present(plan.muGraphs[id], "a µGraph of the plan");
	const tried = new Set(
		known.filter((each) => each.muGraph === id).map((each) => JSON.stringify(each.schedule)),
	);
	const near = neighbourSchedules(
		muGraph.muGraph,
		schedule,
		target,
		kernelTolerances[plan.tolerance].productTypes,
	)
		.filter((each) => !tried.has(JSON.stringify(each)))
		.slice(0, limit);
	const ranked = rankCandidates(
		near.map((each) => ({ muGraph, schedule: each })),
		target,
		plan.threads,
	);
	const predicted = new Map(ranked.candidates.map((each) => [each.candidate.schedule, each.nanoseconds]));
	return near.map((each) => ({
		muGraph: id,
		schedule: each,
		predictedNanoseconds: present(predicted.get(each), "every schedule is ranked"),
	}));
}

function recheck(planned: PlannedMuGraph, program: Program): VerifiedMuGraph {
	const outcome = recheckPlanned(planned, program);
	if (outcome.kind === "equal") return outcome.verified;
	const message = `µGraph ${planned.digest} of the plan does not prove equal to its program: ${outcome.reason}`;
	throw new OptimizeError("verify.mismatch", message, { digest: planned.digest });
}
