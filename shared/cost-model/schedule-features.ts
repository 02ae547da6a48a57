// What a learned cost model sees of a candidate: numbers alone, by name, computed from the µGraph, its schedule, the target
// and the threads. Per kernel and summed, or of the kernel with the most arithmetic; magnitudes as they are (a model takes
// logarithms itself). Kernels of the prepare step count only in `prepareKernels`: they are no part of a run.
// After Ansor's per-program features (Zheng et al. 2020) and Pruner's crossed ones (Qiao et al. 2024).

import { present } from "#shared/fault/assert.ts";
import { bytesMoved } from "#shared/mugraph/bytes-moved.ts";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import { findPreparePart } from "#shared/mugraph/prepare-kernels.ts";
import type { AxisId } from "#shared/program/program.ts";
import { type ContractRoles, kernelRoles } from "#shared/schedule/kernel-roles.ts";
import { registerTileEfficiency } from "#shared/schedule/register-tile.ts";
import type { KernelSchedule, Schedule } from "#shared/schedule/schedule.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { predictNanoseconds } from "./analytic.ts";

/** Changes when a feature's name or meaning does. */
export const featuresVersion = "schedule-features/4";

export type ScheduleFeatures = Readonly<Record<string, number>>;

interface ScheduledKernel {
	readonly kernel: Kernel;
	readonly schedule: KernelSchedule;
	readonly contracts: readonly ContractRoles[];
	readonly multiplyAdds: number;
	readonly tiles: number;
	readonly steps: number;
}

/** Finite numbers, the same names in the same order for every candidate. */
export function scheduleFeatures(
	muGraph: MuGraph,
	schedule: Schedule,
	target: CpuTarget,
	threads: number,
): ScheduleFeatures {
	const prepare = findPreparePart(muGraph).kernels;
	const kernels = muGraph.kernels.flatMap((kernel, at) =>
		prepare.has(at)
			? []
			: [scheduledKernel(muGraph, kernel, present(schedule.kernels[at], "kernel schedule"))],
	);
	const moved = bytesMoved(muGraph, schedule.kernels);
	const multiplyAdds = total(kernels, (each) => each.multiplyAdds);
	return {
		kernels: kernels.length,
		prepareKernels: prepare.size,
		...nodeCounts(kernels),
		multiplyAdds,
		readBytes: moved.readBytes,
		writtenBytes: moved.writtenBytes,
		intensity: (2 * multiplyAdds) / Math.max(1, moved.readBytes + moved.writtenBytes),
		tiles: total(kernels, ({ tiles }) => tiles),
		tileSteps: total(kernels, ({ tiles, steps }) => tiles * steps),
		threads,
		analyticNanoseconds: predictNanoseconds(muGraph, schedule, target, threads),
		...mainKernel(muGraph, kernels, target, threads),
	};
}

const total = (kernels: readonly ScheduledKernel[], of: (each: ScheduledKernel) => number): number =>
	kernels.reduce((sum, each) => sum + of(each), 0);

const extentOf = (muGraph: MuGraph, axis: AxisId): number => present(muGraph.axes[axis], "axis").extent;

function scheduledKernel(muGraph: MuGraph, kernel: Kernel, schedule: KernelSchedule): ScheduledKernel {
	const { contracts } = kernelRoles(muGraph, kernel, schedule.vectorAxis);
	const tiles = kernel.grid.reduce(
		(count, axis, at) => count * Math.ceil(extentOf(muGraph, axis) / (schedule.gridTiles[at] ?? 1)),
		1,
	);
	const isLooped = kernel.loop !== null && schedule.loopTile > 0;
	const steps = isLooped ? Math.ceil(extentOf(muGraph, kernel.loop ?? 0) / schedule.loopTile) : 1;
	const multiplyAdds = contracts.reduce((sum, contract) => sum + contract.multiplyAdds, 0);
	return { kernel, schedule, contracts, multiplyAdds, tiles, steps };
}

const countedKinds = ["load", "store", "map", "reduce", "contract", "accumulate"] as const;

function nodeCounts(kernels: readonly ScheduledKernel[]): Record<string, number> {
	const nodes = kernels.flatMap(({ kernel }) => kernel.nodes);
	return Object.fromEntries(
		countedKinds.map((kind) => [`${kind}Nodes`, nodes.filter((node) => node.kind === kind).length]),
	);
}

/** The kernel that does most of the arithmetic, or has the most tiles where none contracts: every knob of its schedule. */
function mainKernel(
	muGraph: MuGraph,
	kernels: readonly ScheduledKernel[],
	target: CpuTarget,
	threads: number,
): Record<string, number> {
	const [main] = [...kernels].sort((a, b) => b.multiplyAdds - a.multiplyAdds || b.tiles - a.tiles);
	const { kernel, schedule, contracts, tiles, steps } = present(main, "a kernel that runs");
	const tile = (axis: AxisId | null | undefined): number => {
		if (axis === null || axis === undefined) return 1;
		const at = kernel.grid.indexOf(axis);
		const extent = extentOf(muGraph, axis);
		return at < 0 ? extent : Math.min(extent, schedule.gridTiles[at] ?? 1);
	};
	const contract = contracts[0];
	const [rows, columns] = [tile(contract?.row), tile(contract?.vector)];
	const depth = contract?.over.reduce((product, axis) => product * extentOf(muGraph, axis), 1) ?? 0;
	const registers = { rows: schedule.registerRows, vectors: schedule.registerVectors };
	const panelBytes = 4 * columns * depth;
	return {
		mainTiles: tiles,
		mainSteps: steps,
		gridTileElements: schedule.gridTiles.reduce((product, extent) => product * extent, 1),
		gridTileLast: schedule.gridTiles.at(-1) ?? 1,
		loopTile: schedule.loopTile,
		vectorLanes: schedule.vectorLanes,
		registerRows: schedule.registerRows,
		registerVectors: schedule.registerVectors,
		hasPanels: schedule.weightLayout === "asGiven" ? 0 : 1,
		hasPanelStreams: schedule.weightLayout === "streams" ? 1 : 0,
		hasInterleavedPanels: schedule.weightLayout === "interleaved" ? 1 : 0,
		multipliesPairs: schedule.productType === "bfloat16" ? 1 : 0,
		prefetchBytes: schedule.prefetchBytes,
		prefetchLevel: schedule.prefetchLevel,
		unroll: schedule.unroll,
		hasVectorAxis: schedule.vectorAxis === null ? 0 : 1,
		hasNonTemporalStores: schedule.nonTemporalStores ? 1 : 0,
		tileRows: rows,
		tileColumns: columns,
		depth,
		registerEfficiency:
			contract === undefined
				? 1
				: registerTileEfficiency(registers, rows, columns, Math.max(1, schedule.vectorLanes)),
		registersShare:
			(schedule.registerRows * schedule.registerVectors + schedule.registerVectors + 1) /
			target.vectorRegisters,
		panelToLevel1: panelBytes / target.level1Bytes,
		panelToLevel2: panelBytes / target.level2Bytes,
		/** 1: every thread is busy to the end; less: the last round of tiles leaves some idle. */
		threadBalance: tiles / (Math.ceil(tiles / threads) * threads),
	};
}
