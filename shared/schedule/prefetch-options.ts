// How far ahead, and into which cache, a kernel may ask for what it will read: guesses from measurements.

import type { AxisId } from "#shared/program/program.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import type { KernelRoles } from "./kernel-roles.ts";
import type { KernelSchedule } from "./schedule.ts";

type Prefetch = Pick<KernelSchedule, "prefetchBytes" | "prefetchLevel">;

const noPrefetch: Prefetch = { prefetchBytes: 0, prefetchLevel: 2 };

/** Rows from which on a panel takes longer to be multiplied than its lines to come from the second level (docs/adr/0014). */
const rowsWithTime = 4;

/** Of a kernel whose lanes lowering fills, best guess first. */
export function prefetchOptions(
	roles: KernelRoles,
	target: CpuTarget,
	extent: (axis: AxisId) => number,
): readonly Prefetch[] {
	const main = roles.contracts[0];
	const into = (prefetchLevel: 1 | 2, ...distances: readonly number[]): Prefetch[] =>
		distances.map((prefetchBytes) => ({ prefetchBytes, prefetchLevel }));
	if (main?.isWeight !== true)
		return roles.loopBytes > target.level2Bytes
			? [...into(2, 4096), noPrefetch, ...into(1, 4096)]
			: [noPrefetch];
	if (roles.weightBytes <= target.level2Bytes) return [noPrefetch, ...into(1, 4096)];
	const rows = main.row === null ? 1 : extent(main.row);
	// Which level is better, and how far ahead, differs from processor to processor: both are tried early.
	return rows < rowsWithTime
		? [...into(1, 8192), ...into(2, 8192), ...into(1, 16384, 4096), noPrefetch]
		: [...into(2, 16384), ...into(1, 8192), ...into(2, 32768, 8192), ...into(1, 16384), noPrefetch];
}

/** Keys in place come row by row, of which hardware sees no stream: far ahead, and not into the first cache (docs/adr/0019). */
export const turnedPrefetches: readonly Prefetch[] = [65536, 16384, 32768].map((prefetchBytes) => ({
	prefetchBytes,
	prefetchLevel: 2,
}));
