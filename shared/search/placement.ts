// Choice 3: where each axis of a kernel goes. In: a kernel of a cut. Out: block graphs, every axis on the grid, in the
// loop (in one or more passes), or resident in the tile. Legality (superoptimizer.md and mugraph.ts state the laws):
//   grid      no node of the kernel sums the axis, and every store has it;
//   loop      the kernel sums the axis; sums over it are accumulators, finished when their pass ends. A value along the
//             axis that needs such a sum waits for the next pass, unless it is an exponential weighted by a running
//             maximum, whose sums are rescaled instead (online softmax);
//   resident  always, within the limit on tile bytes.

import { assert } from "#shared/fault/assert.ts";
import { kernelBytesMoved } from "#shared/mugraph/bytes-moved.ts";
import type { Kernel } from "#shared/mugraph/mugraph.ts";
import type { AxisId } from "#shared/program/program.ts";
import { buildKernel } from "./build-kernel.ts";
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
	/** Device bytes with every tensor read once a pass. */
	readonly bytes: number;
	/** Blocks at the smallest tile. */
	readonly blocks: number;
}

export interface KernelPlacements {
	/** Best first; at least one. */
	readonly placements: readonly Placement[];
	/** Placements that a rule refused, by rule. */
	readonly pruned: Readonly<Record<string, number>>;
}

/** The smallest useful step of a loop, in elements. */
const loopTileSmallest = 16;

/** The kernel's placements, best first: fewer bytes, then more blocks, then fewer nodes. Never none. */
export function placeKernel(spec: KernelSpec, limits: PlacementLimits): KernelPlacements {
	const pruned: Record<string, number> = {};
	const prune = (rule: string): void => {
		pruned[rule] = (pruned[rule] ?? 0) + 1;
	};
	const found = new Map<string, Placement>();
	let smallest: { readonly placement: Placement; readonly tileBytes: number } | null = null;
	for (const { loop, analysis } of loopChoices(spec, limits, prune)) {
		for (const grid of gridChoices(spec, loop)) {
			const kernel = buildKernel(spec, grid, loop, analysis);
			const placement = describePlacement(kernel, spec);
			const bytes = tileBytes(kernel, spec);
			if (smallest === null || bytes < smallest.tileBytes) smallest = { placement, tileBytes: bytes };
			if (bytes > limits.tileBytesMax) prune("tile bytes");
			else found.set(JSON.stringify(kernel), placement);
		}
	}
	assert(smallest !== null, "a kernel can always be placed without a loop");
	const placements = [...found.values()].sort(comparePlacements);
	const kept = placements.slice(0, limits.placementsMax);
	if (placements.length > kept.length) pruned["placement rank"] = placements.length - kept.length;
	return { placements: kept.length > 0 ? kept : [smallest.placement], pruned };
}

interface LoopChoice {
	readonly loop: AxisId | null;
	readonly analysis: LoopAnalysis;
}

/** No loop; then each summed axis, plain and with running maxima where that saves a pass. */
function* loopChoices(
	spec: KernelSpec,
	limits: PlacementLimits,
	prune: (rule: string) => void,
): Generator<LoopChoice> {
	yield { loop: null, analysis: analyseLoop(spec, null, false) };
	for (const loop of [...reducedAxes(spec)].sort((a, b) => a - b)) {
		const plain = analyseLoop(spec, loop, false);
		const online = analyseLoop(spec, loop, true);
		const saves = passCount(online) < passCount(plain);
		for (const analysis of saves ? [online, plain] : [plain]) {
			if (passCount(analysis) > limits.passesMax) prune("passes over the loop");
			else yield { loop, analysis };
		}
	}
}

function passCount(analysis: LoopAnalysis): number {
	let last = 0;
	for (const timing of analysis.values()) {
		if (timing.accumulates !== null) last = Math.max(last, timing.accumulates.pass);
		else if (timing.hasLoopAxis && timing.weight === null) last = Math.max(last, timing.stage);
	}
	return Math.ceil(last / 2);
}

/** All legal grid axes; and without those along which some reduction or contraction would be computed again in every tile. */
function gridChoices(spec: KernelSpec, loop: AxisId | null): AxisId[][] {
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
	return shared.length === legal.length ? [legal] : [legal, shared];
}

function extentOf(spec: KernelSpec, axis: AxisId): number {
	return spec.dag.axes[axis]?.extent ?? 1;
}

function describePlacement(kernel: Kernel, spec: KernelSpec): Placement {
	const whole = {
		gridTiles: kernel.grid.map((axis) => extentOf(spec, axis)),
		loopTile: kernel.loop === null ? 0 : extentOf(spec, kernel.loop),
	};
	const { axes, inputs, outputs } = spec.dag;
	const intermediates = spec.dag.nodes.map((node) => ({ axes: node.axes }));
	const moved = kernelBytesMoved(kernel, { axes, inputs, outputs, intermediates, kernels: [kernel] }, whole);
	return {
		kernel,
		bytes: moved.readBytes + moved.writtenBytes,
		blocks: kernel.grid.reduce((count, axis) => count * extentOf(spec, axis), 1),
	};
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

function comparePlacements(a: Placement, b: Placement): number {
	return a.bytes - b.bytes || b.blocks - a.blocks || a.kernel.nodes.length - b.kernel.nodes.length;
}
