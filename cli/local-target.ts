import { runnableTargets } from "#runner/machine/describe-machine.ts";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { type TargetId, targets } from "#shared/target/target.ts";

/** The best target this machine can run, or null when it can run none or does not tell (no /proc/cpuinfo). */
export async function bestLocalTarget(): Promise<TargetId | null> {
	const [best] = await runnableTargets().catch(() => []);
	return best ?? null;
}

/** The target that was asked for, or the best for this machine. Throws `target.unknown` where there is neither. */
export async function requireTarget(asked: TargetId | undefined): Promise<TargetId> {
	const target = asked ?? (await bestLocalTarget());
	if (target !== null) return target;
	throw new OptimizeError(
		"target.unknown",
		"this machine's CPU is not known to run any target; name one with --target",
		{
			known: Object.keys(targets),
		},
	);
}
