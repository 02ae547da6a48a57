// Every value that each knob of a kernel may take, in order, so that one step along a scale is a small change. The scales
// span a space of thousands of schedules; enumerate-schedules.ts has the few that are worth trying first.

import { present } from "#shared/fault/assert.ts";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import type { AxisId } from "#shared/program/program.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { type KernelRoles, kernelRoles } from "./kernel-roles.ts";
import { type RegisterTile, registerTiles } from "./register-tile.ts";
import type { KernelSchedule, ProductType } from "./schedule.ts";
import { laneFillings, vectorWidths } from "./vector-axis.ts";

export interface KernelScales {
	readonly registers: readonly RegisterTile[];
	readonly productTypes: readonly ProductType[];
	readonly prefetchBytes: readonly number[];
	readonly prefetchLevels: readonly KernelSchedule["prefetchLevel"][];
	readonly unrolls: readonly number[];
	readonly loopTiles: readonly number[];
	/** One scale for each grid axis. */
	readonly gridTiles: readonly (readonly number[])[];
	/** Position of the grid axis that fills vectors of a contraction, or null: its tiles are whole panels. */
	readonly panelAxis: number | null;
	readonly vectorLanes: readonly number[];
	readonly vectorAxes: readonly KernelSchedule["vectorAxis"][];
	readonly weightLayouts: readonly KernelSchedule["weightLayout"][];
	readonly nonTemporalStores: readonly boolean[];
}

/** Hardware prefetchers stop at a page of 4 KiB; farther than 64 KiB brings nothing, whichever level it comes into. */
const prefetchScale = [0, 1024, 2048, 4096, 8192, 16384, 32768, 65536];
/** Of panels along a loop only whether; of rows in place how far, too. */
const loopPrefetches = [0, 4096];
const rowPrefetches = [0, 4096, 16384, 32768, 65536];
const unrollScale = [1, 2, 4, 8];

/** One for each kernel; null for those of the prepare step, which no call waits for. `productTypes`: what a tolerance allows. */
export function scheduleScales(
	muGraph: MuGraph,
	target: CpuTarget,
	productTypes: readonly ProductType[],
): readonly (KernelScales | null)[] {
	const prepare = findPreparePart(muGraph).kernels;
	return muGraph.kernels.map((kernel, id) =>
		prepare.has(id) ? null : kernelScales(muGraph, kernel, target, productTypes),
	);
}

/** The product of the scales' lengths: schedules of the space, equal ones after alignment counted apart. */
export function countSchedules(scales: readonly (KernelScales | null)[]): number {
	return scales.reduce((product, own) => (own === null ? product : product * countKernelSchedules(own)), 1);
}

function countKernelSchedules(scales: KernelScales): number {
	const { registers, productTypes, prefetchBytes, prefetchLevels, unrolls, loopTiles, gridTiles } = scales;
	const { vectorLanes, vectorAxes, weightLayouts, nonTemporalStores } = scales;
	return [
		registers,
		productTypes,
		prefetchBytes,
		prefetchLevels,
		unrolls,
		loopTiles,
		vectorLanes,
		vectorAxes,
		weightLayouts,
		nonTemporalStores,
	]
		.concat(gridTiles)
		.reduce((product, scale) => product * scale.length, 1);
}

function kernelScales(
	muGraph: MuGraph,
	kernel: Kernel,
	target: CpuTarget,
	productTypes: readonly ProductType[],
): KernelScales {
	const extent = (axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;
	const roles = kernelRoles(muGraph, kernel);
	const [main] = roles.contracts;
	const streamsWeights = main?.isWeight === true;
	const streamsLoop = roles.loopBytes > target.level2Bytes;
	const filling = new Set(roles.contracts.map(({ vector }) => vector));
	const panelAxis = kernel.grid.findIndex((axis) => filling.has(axis));
	const vectorAxes = laneFillings(roles, target, extent).map(({ vectorAxis }) => vectorAxis);
	const canTurn = vectorAxes.length > 1;
	const alongLoop = canTurn ? rowPrefetches : loopPrefetches;
	return {
		registers: registerScale(roles, target, canTurn, extent),
		productTypes: streamsWeights ? productTypes : ["float32"],
		prefetchBytes: streamsWeights ? prefetchScale : streamsLoop ? alongLoop : [0],
		prefetchLevels: streamsWeights || streamsLoop ? [1, 2] : [2],
		unrolls: main === undefined ? [1] : unrollScale,
		loopTiles: kernel.loop === null ? [0] : doublings(1, extent(kernel.loop)).filter(isLongStep),
		gridTiles: kernel.grid.map((axis, at) =>
			doublings(at === panelAxis ? target.vectorLanes : 1, extent(axis)),
		),
		panelAxis: panelAxis < 0 ? null : panelAxis,
		vectorLanes: vectorWidths(target),
		vectorAxes,
		weightLayouts: streamsWeights ? ["asGiven", ...panelLayouts(roles, target)] : ["panels"],
		nonTemporalStores: roles.outputBytes > target.level2Bytes ? [false, true] : [false],
	};
}

/** Several streams where weights come from memory; turns where several contractions have weights along the same axes. */
export function panelLayouts(
	{ contracts, weightBytes }: KernelRoles,
	target: CpuTarget,
): readonly KernelSchedule["weightLayout"][] {
	const alike = contracts.filter(
		({ isWeight, row, vector }) => isWeight && row === contracts[0]?.row && vector === contracts[0].vector,
	);
	const isStreamed = contracts[0]?.isWeight === true && weightBytes > target.level2Bytes;
	return [
		...(isStreamed ? (["streams"] as const) : []),
		"panels",
		...(alike.length > 1 ? (["interleaved"] as const) : []),
	];
}

/** Steps below this cost more in loop heads than they save in cache; a short axis is one step. */
const loopStepMin = 16;
const isLongStep = (step: number, at: number, scale: readonly number[]): boolean =>
	step >= loopStepMin || at === scale.length - 1;

/** Where operands may change sides, as many rows as the longer one has. */
function registerScale(
	roles: KernelRoles,
	target: CpuTarget,
	canTurn: boolean,
	extent: (axis: AxisId) => number,
): readonly RegisterTile[] {
	const main = roles.contracts[0];
	if (main === undefined || main.vector === null) return [{ rows: 1, vectors: 1 }];
	const rows = main.row === null ? 1 : extent(main.row);
	return registerTiles(target, canTurn ? Math.max(rows, extent(main.vector)) : rows, extent(main.vector));
}

/** from, 2·from, 4·from … below `extent`, and `extent`. */
function doublings(from: number, extent: number): readonly number[] {
	const scale: number[] = [];
	for (let value = from; value < extent; value *= 2) scale.push(value);
	return [...scale, extent];
}
