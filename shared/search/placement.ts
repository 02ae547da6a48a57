// Choice 3: where each axis of a kernel goes. In: a kernel of a cut. Out: block graphs, every axis on the grid, in the
// loop (in one or more passes), or resident in the tile. Legality (superoptimizer.md and mugraph.ts state the laws):
//   grid      no node of the kernel sums the axis, and every store has it;
//   loop      the kernel sums the axis; sums over it are accumulators, finished when their pass ends. A value along the
//             axis that needs such a sum waits for the next pass, unless it is an exponential weighted by a running
//             maximum, whose sums are rescaled instead (online softmax);
//   resident  always, within the limit on tile bytes.

import { present } from "#shared/fault/assert.ts";
import type { Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { buildKernel } from "./build-kernel.ts";
import { kernelCost, nodeNanoseconds } from "./cost.ts";
import { type KernelSpec, reducedAxes } from "./kernel-spec.ts";
import { analyseLoop } from "./loop-analysis.ts";

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

/**
 * A grid axis that some reduction or contraction lacks is also left off the grid when the work done again along it is at
 * least this share of the kernel's.
 */
const repeatedShareMin = 0.05;

/** The kernel's placements, cheapest first. Never none. */
export function placeKernel(spec: KernelSpec, limits: PlacementLimits): KernelPlacements {
	const pruned: Record<string, number> = {};
	const prune = (rule: string): void => {
		pruned[rule] = (pruned[rule] ?? 0) + 1;
	};
	const found: Placement[] = [];
	const all: { readonly placement: Placement; readonly tileBytes: number }[] = [];
	const consider = (kernel: Kernel): void => {
		const placement = { kernel, nanoseconds: kernelCost(kernel, deviceOf(spec)) };
		const bytes = tileBytes(kernel, spec);
		all.push({ placement, tileBytes: bytes });
		if (bytes > limits.tileBytesMax) prune("tile bytes");
		else found.push(placement);
	};
	for (const kernel of loopChoices(spec, limits, prune)) {
		const { legal, shared } = gridChoices(spec, kernel.loop);
		consider(kernel);
		if (shared.length === legal.length) continue;
		if (repeatedShare(kernel, shared, spec) < repeatedShareMin) prune("grid repeats little");
		else consider({ ...kernel, grid: shared });
	}
	const [smallest] = all.sort((a, b) => a.tileBytes - b.tileBytes);
	const placements = found.sort((a, b) => a.nanoseconds - b.nanoseconds);
	const kept = placements.slice(0, limits.placementsMax);
	if (placements.length > kept.length) pruned["placement rank"] = placements.length - kept.length;
	return {
		placements: kept.length > 0 ? kept : [present(smallest, "the placement without a loop").placement],
		pruned,
	};
}

/** Block graphs without a loop; then for each summed axis, plain and with running maxima where that saves a pass. */
function* loopChoices(
	spec: KernelSpec,
	limits: PlacementLimits,
	prune: (rule: string) => void,
): Generator<Kernel> {
	yield buildKernel(spec, gridChoices(spec, null).legal, null, analyseLoop(spec, null, false));
	for (const loop of [...reducedAxes(spec)].sort((a, b) => a - b)) {
		const { legal } = gridChoices(spec, loop);
		const plain = buildKernel(spec, legal, loop, analyseLoop(spec, loop, false));
		const online = buildKernel(spec, legal, loop, analyseLoop(spec, loop, true));
		for (const kernel of passCount(online) < passCount(plain) ? [online, plain] : [plain]) {
			if (passCount(kernel) > limits.passesMax) prune("passes over the loop");
			else yield kernel;
		}
	}
}

function passCount(kernel: Kernel): number {
	return Math.max(0, ...kernel.nodes.map((node) => (node.stage % 2 === 1 ? (node.stage + 1) / 2 : 0)));
}

/** All legal grid axes; and without those along which some reduction or contraction would be computed again in every tile. */
function gridChoices(
	spec: KernelSpec,
	loop: AxisId | null,
): { readonly legal: readonly AxisId[]; readonly shared: readonly AxisId[] } {
	const reduced = reducedAxes(spec);
	const legal = spec.dag.axes
		.map((_, axis) => axis)
		.filter(
			(axis) =>
				axis !== loop &&
				!reduced.has(axis) &&
				spec.stores.every((store) => spec.dag.nodes[store.node]?.axes.includes(axis)),
		);
	const heavy = spec.nodes.filter((id) => {
		const kind = spec.dag.nodes[id]?.kind;
		return (kind === "reduce" || kind === "contract") && !spec.boundary.has(id);
	});
	const shared = legal.filter((axis) => heavy.every((id) => spec.dag.nodes[id]?.axes.includes(axis)));
	return { legal, shared };
}

function extentOf(spec: KernelSpec, axis: AxisId): number {
	return spec.dag.axes[axis]?.extent ?? 1;
}

/** The device memory that the kernel's loads and stores refer to. */
function deviceOf(spec: KernelSpec): Omit<MuGraph, "kernels"> {
	const { axes, inputs, outputs, nodes } = spec.dag;
	return { axes, splits: [], inputs, outputs, intermediates: nodes.map((node) => ({ axes: node.axes })) };
}

/** Of the kernel's arithmetic, the share that a grid of the shared axes alone would save. */
function repeatedShare(kernel: Kernel, shared: readonly AxisId[], spec: KernelSpec): number {
	const work = (grid: readonly AxisId[]): number =>
		kernel.nodes.reduce(
			(sum, node) => sum + nodeNanoseconds(node, { ...kernel, grid }, (axis) => extentOf(spec, axis)),
			0,
		);
	return 1 - work(shared) / work(kernel.grid);
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
