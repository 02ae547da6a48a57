// When a manifest may take the place of the one that is published. Results only get better: a replacement never makes a
// kernel slower, and effort once spent is remembered.

import { efforts } from "#shared/pipeline/plan.ts";
import type { KernelManifest, SpeedVerdict } from "./manifest.ts";

export type Promotion =
	| { readonly kind: "keep" }
	/** What to publish instead: the newcomer, or the incumbent with the newcomer's effort. */
	| { readonly kind: "replace"; readonly manifest: KernelManifest };

/** From worst to best: even `baseline` says more than `inconclusive`. */
const verdictOrder: readonly SpeedVerdict[] = ["inconclusive", "baseline", "tie", "faster"];

const rankOf = (manifest: KernelManifest): number => verdictOrder.indexOf(manifest.verdict);
const effortOf = (manifest: KernelManifest): number => efforts.indexOf(manifest.effort);

/** Intervals must not overlap: measurements of two days differ by more than two kernels often do. */
const isStrictlyFaster = (a: KernelManifest, b: KernelManifest): boolean => a.speedup.low > b.speedup.high;

function isBetter(newcomer: KernelManifest, incumbent: KernelManifest): boolean {
	if (rankOf(newcomer) !== rankOf(incumbent)) return rankOf(newcomer) > rankOf(incumbent);
	return newcomer.files["kernel.so"] !== undefined && isStrictlyFaster(newcomer, incumbent);
}

/**
 * Decides between a published manifest and a new one for the same key and namespace (else: keep). A better verdict wins;
 * at equal verdicts an interval wholly above the other's; otherwise the incumbent stays, and takes over the newcomer's
 * effort when that is higher and conclusive.
 */
export function promote(incumbent: KernelManifest, newcomer: KernelManifest): Promotion {
	if (incumbent.key !== newcomer.key || incumbent.namespace !== newcomer.namespace) return { kind: "keep" };
	if (isBetter(newcomer, incumbent)) {
		const effort = effortOf(incumbent) > effortOf(newcomer) ? incumbent.effort : newcomer.effort;
		return { kind: "replace", manifest: { ...newcomer, effort } };
	}
	const isMoreEffort = effortOf(newcomer) > effortOf(incumbent) && newcomer.verdict !== "inconclusive";
	if (!isMoreEffort) return { kind: "keep" };
	return {
		kind: "replace",
		manifest: { ...incumbent, effort: newcomer.effort, provisional: newcomer.provisional },
	};
}
