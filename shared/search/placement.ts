// Choice 3: where each axis of a kernel goes. In: a kernel of a cut. Out: block graphs, every axis on the grid, in the
// loop (in one or more passes), or resident in the tile. Legality (shared/mugraph/check.ts has the laws):
//   grid      no node of the kernel sums the axis, and every store has it;
//   loop      the kernel sums the axis; sums over it are accumulators, finished when their pass ends. A value along the
//             axis that needs such a sum waits for the next pass, unless it is an exponential weighted by a running
//             maximum, whose sums are rescaled instead (online softmax);
//   resident  always, within the limit on tile bytes.

import { present } from "#shared/fault/assert.ts";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { buildKernel } from "./build-kernel.ts";
import { kernelCost } from "./cost.ts";
import { gridChoices } from "./grid-choices.ts";
import { type KernelSpec, reducedAxes } from "./kernel-spec.ts";
import { analyseLoop, type LoopAnalysis } from "./loop-analysis.ts";

export interface PlacementLimits {
	/** Passes over the loop axis in one kernel. */
	readonly passesMax: number;
	/** float32 bytes of all values of a block at its smallest tile. */
	readonly tileBytesMax: number;
	/** Placements kept for each kernel, best first. */
	readonly placementsMax: number;
}

export interface Placement {
	readonly kernel: Kernel;
	/** See cost.ts. */
	readonly nanoseconds: number;
}

export interface KernelPlacements {
	/** Best first; at least one. */
	readonly placements: readonly Placement[];
	/** Placements that a rule refused, by rule. */
	readonly pruned: Readonly<Record<string, number>>;
}

/** The smallest useful step of a loop, in elements. */
const loopTileSmallest = 16;

/** A placement that may be kept; `tileBytes` at the smallest tiles. */
interface Considered extends Placement {
	readonly tileBytes: number;
}

/** The kernel's placements, cheapest first. Never none. */
export function placeKernel(spec: KernelSpec, limits: PlacementLimits): KernelPlacements {
	const pruned: Record<string, number> = {};
	const prune = (rule: string, count = 1): void => {
		if (count > 0) pruned[rule] = (pruned[rule] ?? 0) + count;
	};
	const grids = gridChoices(spec);
	prune("grid repeats little", 2 ** (grids[0]?.length ?? 0) - grids.length);
	const device = deviceOf(spec);
	const all: Considered[] = [];
	for (const block of loopChoices(spec, limits, prune)) {
		for (const grid of grids) {
			const kernel = { ...block, grid };
			all.push({ kernel, nanoseconds: kernelCost(kernel, device), tileBytes: tileBytes(kernel, spec) });
		}
	}
	const fitting = all.filter((placement) => placement.tileBytes <= limits.tileBytesMax);
	prune("tile bytes", all.length - fitting.length);
	if (fitting.length === 0) {
		const [smallest] = all.sort((a, b) => a.tileBytes - b.tileBytes);
		return { placements: [present(smallest, "the placement without a loop")], pruned };
	}
	const placements = keepVaried(fitting, limits.placementsMax);
	prune("placement rank", fitting.length - placements.length);
	return { placements, pruned };
}

/** At most `count`, cheapest first: before others the cheapest of each loop with its passes, then of each grid. */
function keepVaried(placements: readonly Placement[], count: number): readonly Placement[] {
	const ranked = [...placements].sort((a, b) => a.nanoseconds - b.nanoseconds);
	const firstOf = (keyOf: (kernel: Kernel) => string): Placement[] => {
		const seen = new Set<string>();
		return ranked.filter(({ kernel }) => {
			const key = keyOf(kernel);
			return !seen.has(key) && seen.add(key);
		});
	};
	const loops = firstOf((kernel) => `${kernel.loop} ${passCount(kernel)}`);
	const grids = firstOf((kernel) => kernel.grid.join());
	const kept = new Set([...new Set([...loops, ...grids, ...ranked])].slice(0, count));
	return ranked.filter((placement) => kept.has(placement));
}

/** Block graphs, grid left open: without a loop; then for each summed axis, plain and with running maxima where that saves a pass. */
function* loopChoices(
	spec: KernelSpec,
	limits: PlacementLimits,
	prune: (rule: string) => void,
): Generator<Kernel> {
	yield buildKernel(spec, [], null, analyseLoop(spec, null, false));
	for (const loop of [...reducedAxes(spec)].sort((a, b) => a - b)) {
		const plain = buildKernel(spec, [], loop, analyseLoop(spec, loop, false));
		const analysis = analyseLoop(spec, loop, true);
		const online = runsAhead(analysis) ? buildKernel(spec, [], loop, analysis) : plain;
		for (const kernel of passCount(online) < passCount(plain) ? [online, plain] : [plain]) {
			if (passCount(kernel) > limits.passesMax) prune("passes over the loop");
			else yield kernel;
		}
	}
}

/** Whether some sum accumulates while what it needs is still running. */
function runsAhead(analysis: LoopAnalysis): boolean {
	return [...analysis.values()].some(
		({ accumulates }) =>
			accumulates !== null && (accumulates.rescale !== null || accumulates.deviationsOf !== null),
	);
}

function passCount(kernel: Kernel): number {
	return Math.max(0, ...kernel.nodes.map((node) => (node.stage % 2 === 1 ? (node.stage + 1) / 2 : 0)));
}

function extentOf(spec: KernelSpec, axis: AxisId): number {
	return spec.dag.axes[axis]?.extent ?? 1;
}

/** The device memory that the kernel's loads and stores refer to. */
function deviceOf(spec: KernelSpec): Omit<MuGraph, "kernels"> {
	const { axes, inputs, outputs, nodes } = spec.dag;
	return { axes, splits: [], inputs, outputs, intermediates: nodes.map((node) => ({ axes: node.axes })) };
}

function tileBytes(kernel: Kernel, spec: KernelSpec): number {
	let elements = 0;
	for (const node of kernel.nodes) {
		if (node.kind === "store") continue;
		let own = 1;
		for (const axis of node.axes) {
			if (kernel.grid.includes(axis)) continue;
			const extent = extentOf(spec, axis);
			own *= axis === kernel.loop ? Math.min(extent, loopTileSmallest) : extent;
		}
		elements += own;
	}
	return elements * 4;
}
