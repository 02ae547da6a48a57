// Which axis a schedule may ask for in the lanes of contractions whose panel has to be packed in any case, and how wide
// vectors then are.

import type { AxisId } from "#shared/program/program.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import type { KernelRoles } from "./kernel-roles.ts";
import type { KernelSchedule } from "./schedule.ts";

export type LaneFilling = Pick<KernelSchedule, "vectorAxis" | "vectorLanes">;

/** Widths of vector that a schedule may choose, narrowest first: half-wide units lose nothing by half-wide vectors. */
export function vectorWidths({ vectorLanes }: CpuTarget): readonly number[] {
	return vectorLanes > 8 ? [vectorLanes / 2, vectorLanes] : [vectorLanes];
}

/** Lowering's own choice first; then an axis that spares the steps of a loop their packing, where a tile of it fills its lanes. */
export function laneFillings(
	{ contracts }: KernelRoles,
	target: CpuTarget,
	tileOf: (axis: AxisId) => number,
): readonly LaneFilling[] {
	const own: LaneFilling = { vectorAxis: null, vectorLanes: target.vectorLanes };
	const vectorAxis = contracts.find(({ otherVector }) => otherVector !== null)?.otherVector ?? null;
	if (vectorAxis === null) return [own];
	const vectorLanes = vectorWidths(target).find((lanes) => lanes >= tileOf(vectorAxis)) ?? target.vectorLanes;
	// Lanes that are mostly padding cost more than a transpose.
	return 2 * tileOf(vectorAxis) > vectorLanes ? [own, { vectorAxis, vectorLanes }] : [own];
}
