import { readFileSync } from "node:fs";
import type { TargetId } from "#shared/target/target.ts";

/**
 * What an x86-64 level asks for beyond the one below it, as /proc/cpuinfo spells it (x86-64 psABI, table 3.1; `abm` is
 * Linux's word for LZCNT). Levels 1 and 2 are part of every CPU that can have level 3.
 */
const flagsByTarget: Readonly<Record<TargetId, readonly string[]>> = {
	"cpu-x86-64-v3": ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"],
	"cpu-x86-64-v4": ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
};

/** Flags of this machine's CPU; empty where Linux's /proc/cpuinfo is not there. */
export function localCpuFlags(): ReadonlySet<string> {
	try {
		const line = /^flags\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"));
		return new Set(line?.[1]?.split(" ") ?? []);
	} catch {
		// Not Linux: nothing is known of the CPU.
		return new Set();
	}
}

/** Flags that `target` needs and this machine lacks. */
export function missingFlags(target: TargetId, flags: ReadonlySet<string>): readonly string[] {
	const needed =
		target === "cpu-x86-64-v4"
			? [...flagsByTarget["cpu-x86-64-v3"], ...flagsByTarget["cpu-x86-64-v4"]]
			: flagsByTarget[target];
	return needed.filter((flag) => !flags.has(flag));
}

/** The best target this machine can run, or null when it can run none. */
export function bestLocalTarget(flags: ReadonlySet<string> = localCpuFlags()): TargetId | null {
	const bestFirst: readonly TargetId[] = ["cpu-x86-64-v4", "cpu-x86-64-v3"];
	return bestFirst.find((target) => missingFlags(target, flags).length === 0) ?? null;
}
