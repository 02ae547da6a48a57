// Schedules one step away from a given one, for a search that walks downhill by measuring.

import { present } from "#shared/fault/assert.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import type { KernelSchedule, ProductType, Schedule } from "./schedule.ts";
import { type KernelScales, scheduleScales } from "./schedule-scales.ts";

/**
 * `schedule` with one knob of one kernel moved one step, each once, never itself; the knobs that matter most first, kernels
 * in turn. Legal for the target where `schedule` is. Deterministic.
 */
export function neighbourSchedules(
	muGraph: MuGraph,
	schedule: Schedule,
	target: CpuTarget,
	productTypes: readonly ProductType[] = ["float32"],
): readonly Schedule[] {
	const own = JSON.stringify(schedule);
	const found = new Map<string, Schedule>();
	const byKernel = scheduleScales(muGraph, target, productTypes).map((scales, id) =>
		scales === null ? [] : kernelNeighbours(present(schedule.kernels[id], "a kernel's schedule"), scales),
	);
	const longest = Math.max(0, ...byKernel.map((neighbours) => neighbours.length));
	for (let rank = 0; rank < longest; rank++) {
		byKernel.forEach((neighbours, id) => {
			const changed = neighbours[rank];
			if (changed === undefined) return;
			const neighbour = { kernels: schedule.kernels.with(id, changed) };
			const key = JSON.stringify(neighbour);
			if (key !== own) found.set(key, neighbour);
		});
	}
	return [...found.values()];
}

function kernelNeighbours(kernel: KernelSchedule, scales: KernelScales): readonly KernelSchedule[] {
	return [
		...registerNeighbours(kernel, scales),
		...others(scales.productTypes, kernel.productType).map((productType) => ({ ...kernel, productType })),
		...stepsAlong(scales.prefetchBytes, kernel.prefetchBytes).map((prefetchBytes) => ({
			...kernel,
			prefetchBytes,
		})),
		...others(scales.prefetchLevels, kernel.prefetchLevel).map((prefetchLevel) => ({
			...kernel,
			prefetchLevel,
		})),
		...gridNeighbours(kernel, scales),
		...stepsAlong(scales.loopTiles, kernel.loopTile).map((loopTile) => ({ ...kernel, loopTile })),
		...stepsAlong(scales.unrolls, kernel.unroll).map((unroll) => ({ ...kernel, unroll })),
		...others(scales.nonTemporalStores, kernel.nonTemporalStores).map((nonTemporalStores) => ({
			...kernel,
			nonTemporalStores,
		})),
		...others(scales.vectorLanes, kernel.vectorLanes).map((vectorLanes) => ({ ...kernel, vectorLanes })),
		...others(scales.vectorAxes, kernel.vectorAxis).map((vectorAxis) => ({ ...kernel, vectorAxis })),
		...others(scales.weightLayouts, kernel.weightLayout).map((weightLayout) => ({ ...kernel, weightLayout })),
	];
}

/** Tiles a row or a vector larger or smaller, the grid's tile in whole panels of the new width. */
function registerNeighbours(kernel: KernelSchedule, scales: KernelScales): readonly KernelSchedule[] {
	const { registerRows, registerVectors } = kernel;
	return scales.registers
		.filter(({ rows, vectors }) => Math.abs(rows - registerRows) + Math.abs(vectors - registerVectors) === 1)
		.map(({ rows, vectors }) =>
			alignPanels({ ...kernel, registerRows: rows, registerVectors: vectors }, scales),
		);
}

function gridNeighbours(kernel: KernelSchedule, scales: KernelScales): readonly KernelSchedule[] {
	return scales.gridTiles.flatMap((scale, at) =>
		stepsAlong(scale, present(kernel.gridTiles[at], "a tile")).map((tile) =>
			alignPanels({ ...kernel, gridTiles: kernel.gridTiles.with(at, tile) }, scales),
		),
	);
}

/** The tile of the axis that fills vectors, rounded up to whole panels, at most its extent. */
export function alignPanels(kernel: KernelSchedule, { panelAxis, gridTiles }: KernelScales): KernelSchedule {
	if (panelAxis === null) return kernel;
	const width = kernel.vectorLanes * kernel.registerVectors;
	const extent = present(gridTiles[panelAxis]?.at(-1), "an extent");
	const tile = present(kernel.gridTiles[panelAxis], "a tile");
	return {
		...kernel,
		gridTiles: kernel.gridTiles.with(panelAxis, Math.min(extent, Math.ceil(tile / width) * width)),
	};
}

/** The next larger and the next smaller value of an ascending scale. */
function stepsAlong(scale: readonly number[], value: number): readonly number[] {
	const larger = scale.find((each) => each > value);
	const smaller = scale.findLast((each) => each < value);
	return [larger, smaller].filter((each) => each !== undefined);
}

const others = <T>(scale: readonly T[], value: T): readonly T[] => scale.filter((each) => each !== value);
