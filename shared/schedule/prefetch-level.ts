// Which cache prefetched weights should come into: a rule that the choice of schedules and the cost model share.

import type { KernelSchedule } from "./schedule.ts";

/** Rows from which on a panel takes longer to be multiplied than its lines to come from the second level. */
const rowsWithTime = 4;

/** A few rows are through their panel so soon that lines are best right where they are used (docs/adr/0014). */
export function preferredPrefetchLevel(rows: number): KernelSchedule["prefetchLevel"] {
	return rows < rowsWithTime ? 1 : 2;
}
