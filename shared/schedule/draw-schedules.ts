// Schedules drawn at random from the whole space: what a sweep compares the ranked few with, and what property tests run.

import { present } from "#shared/fault/assert.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Random } from "#shared/numeric/random.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { enumerateSchedules } from "./enumerate-schedules.ts";
import { alignPanels } from "./neighbour-schedules.ts";
import type { KernelSchedule, ProductType, Schedule } from "./schedule.ts";
import { type KernelScales, scheduleScales } from "./schedule-scales.ts";

/** Draws in a row that bring nothing new, after which the space counts as exhausted. */
const failuresMax = 200;

/** Up to `count` legal schedules, each once, every knob drawn evenly from its scale; fewer where there are not so many. */
export function drawSchedules(
	muGraph: MuGraph,
	target: CpuTarget,
	random: Random,
	count: number,
	productTypes: readonly ProductType[] = ["float32"],
): readonly Schedule[] {
	const scales = scheduleScales(muGraph, target, productTypes);
	const first = enumerateSchedules(muGraph, target, 1, 1)[0];
	if (first === undefined) return [];
	const found = new Map<string, Schedule>();
	for (let failures = 0; found.size < count && failures < failuresMax; ) {
		const kernels = first.kernels.map((kernel, id) => {
			const own = scales[id] ?? null;
			return own === null ? kernel : drawKernelSchedule(kernel, own, random);
		});
		const key = JSON.stringify(kernels);
		failures = found.has(key) ? failures + 1 : 0;
		found.set(key, { kernels });
	}
	return [...found.values()];
}

function drawKernelSchedule(kernel: KernelSchedule, scales: KernelScales, random: Random): KernelSchedule {
	const pick = <T>(scale: readonly T[]): T => present(scale[random.nextBelow(scale.length)], "a value");
	const { rows, vectors } = pick(scales.registers);
	// null is a value of this scale.
	const { vectorAxis } = pick(scales.vectorAxes.map((axis) => ({ vectorAxis: axis })));
	return alignPanels(
		{
			...kernel,
			registerRows: rows,
			registerVectors: vectors,
			productType: pick(scales.productTypes),
			prefetchBytes: pick(scales.prefetchBytes),
			prefetchLevel: pick(scales.prefetchLevels),
			unroll: pick(scales.unrolls),
			loopTile: pick(scales.loopTiles),
			gridTiles: scales.gridTiles.map(pick),
			vectorLanes: pick(scales.vectorLanes),
			vectorAxis,
			weightLayout: pick(scales.weightLayouts),
			nonTemporalStores: pick(scales.nonTemporalStores),
		},
		scales,
	);
}
