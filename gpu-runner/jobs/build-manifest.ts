import type { MeasureResult } from "#runner/measure/measure-request.ts";
import type {
	BlobReference,
	Interval,
	KernelManifest,
	KeyComponents,
	SpeedVerdict,
} from "#shared/artefact/manifest.ts";
import { kilnVersion } from "#shared/artefact/version.ts";
import { present } from "#shared/fault/assert.ts";
import type { Plan } from "#shared/pipeline/plan.ts";
import type { Machine } from "#shared/target/target.ts";
import type { VerifiedMuGraph } from "#shared/verify/verified-mugraph.ts";

export interface ManifestParts {
	readonly key: string;
	readonly namespace: string;
	readonly plan: Plan;
	/** By candidate. */
	readonly proofs: readonly VerifiedMuGraph[];
	readonly result: MeasureResult;
	readonly machine: Machine;
	readonly runner: string;
	readonly createdAt: string;
	readonly samples: BlobReference;
}

const even: Interval = { median: 1, low: 1, high: 1 };

/** `baseline` when no candidate is right, as when none is faster. */
function verdictOf(result: MeasureResult): SpeedVerdict {
	return result.kernel?.comparison.verdict ?? "baseline";
}

/** Whether users get a kernel at all: only one that is certainly not slower. */
export function isKernelPublished(result: MeasureResult): boolean {
	const verdict = verdictOf(result);
	return verdict === "faster" || verdict === "tie";
}

/** What the kernel of a plan is filed under. */
export const keyComponents = (plan: Plan): KeyComponents => ({
	program: plan.programDigest,
	target: plan.target,
	threads: plan.threads,
	tolerance: plan.tolerance,
	version: kilnVersion,
});

/** The manifest of a measurement, without its files. */
export function buildManifest(parts: ManifestParts): KernelManifest {
	const { plan, result, proofs } = parts;
	const verdict = verdictOf(result);
	const winner = isKernelPublished(result) ? present(result.kernel, "a published kernel was measured") : null;
	const proven = winner === null ? null : present(proofs[winner.candidate], "the winner is a candidate");
	const isBaseline = verdict === "baseline" || result.kernel === null;
	const rejected = result.candidates.filter(({ outcome }) => outcome.kind !== "timed").length;
	return {
		schema: "kiln.kernel/1",
		key: parts.key,
		components: keyComponents(plan),
		namespace: parts.namespace,
		effort: plan.effort,
		provisional: verdict === "inconclusive",
		verdict,
		speedup: isBaseline ? even : present(result.kernel, "not the baseline").comparison.speedup,
		latencyNanoseconds: {
			baseline: result.baseline.latencyNanoseconds,
			kernel: isBaseline
				? result.baseline.latencyNanoseconds
				: present(result.kernel, "not the baseline").latencyNanoseconds.kernel,
		},
		baselineForm: result.baseline.form,
		errorMax: winner?.errorMax ?? 0,
		certificate: proven?.certificate ?? null,
		muGraphDigest: proven?.digest ?? null,
		machine: parts.machine,
		runner: parts.runner,
		createdAt: parts.createdAt,
		inputs: plan.program.inputs.map(({ shape, dataType, role }) => ({ shape, dataType, role })),
		outputs: plan.program.outputs.map(({ shape, dataType }) => ({ shape, dataType })),
		files: {},
		evidence: {
			samples: parts.samples,
			candidatesTried: proofs.length,
			candidatesRejected: rejected,
		},
	};
}
