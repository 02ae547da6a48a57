// Runs a µGraph literally over any arithmetic: kernel by kernel, block by block over the grid, step by step through each
// pass of the loop, with partial tiles at the ends and every accumulator updated as a kernel would.

import { assert, present } from "#shared/fault/assert.ts";
import type { Arithmetic } from "#shared/numeric/arithmetic.ts";
import { denseView, evaluateNode, type LabelledView, viewAlong } from "#shared/numeric/evaluate-node.ts";
import type { AxisId } from "#shared/program/program.ts";
import { elementCount, rowMajorStrides } from "#shared/tensor/shape.ts";
import { type DeviationState, updateDeviations } from "./accumulate-deviations.ts";
import {
	type AccumulateNode,
	type BlockNode,
	type BlockNodeId,
	blockNodeOperands,
	type Kernel,
	type MuGraph,
} from "./mugraph.ts";
import { type AxisTile, axisTiles, gridBlocks, type KernelTiles } from "./tiles.ts";

/** Device memory during a run. */
interface DeviceTensors<B> {
	readonly inputs: readonly B[];
	readonly outputs: readonly B[];
	readonly intermediates: readonly B[];
}

/** One block of one kernel while it runs. */
interface BlockState<B> {
	readonly muGraph: MuGraph;
	readonly kernel: Kernel;
	readonly device: DeviceTensors<B>;
	readonly arithmetic: Arithmetic<B>;
	/** Value of each node that has run. */
	readonly values: Map<BlockNodeId, LabelledView<B>>;
	/** Of each maximum that is read while it runs: its value before this step. */
	readonly before: Map<BlockNodeId, LabelledView<B>>;
	/** What sums of squared deviations have seen so far in this pass. */
	readonly deviations: Map<BlockNodeId, DeviationState<B>>;
}

/**
 * The outputs, flat and row-major. `tiles` has one entry a kernel. The µGraph must be well formed (check.ts).
 */
export function interpretMuGraph<B>(
	muGraph: MuGraph,
	inputs: readonly B[],
	tiles: readonly KernelTiles[],
	arithmetic: Arithmetic<B>,
): B[] {
	const wholeExtent = (axis: AxisId): number => present(muGraph.axes[axis], "axis of the µGraph").extent;
	const outputs = muGraph.outputs.map((output) => arithmetic.allocate(elementCount(output.shape)));
	const intermediates = muGraph.intermediates.map(({ axes }) =>
		arithmetic.allocate(elementCount(axes.map(wholeExtent))),
	);
	const device = { inputs, outputs, intermediates };
	muGraph.kernels.forEach((kernel, id) => {
		const kernelTiles = present(tiles[id], "tiles of every kernel");
		assert(
			kernelTiles.gridTiles.every((tile) => tile >= 1),
			"grid tiles of at least 1",
		);
		for (const block of gridBlocks(kernel, muGraph, kernelTiles)) {
			const state: BlockState<B> = {
				muGraph,
				kernel,
				device,
				arithmetic,
				values: new Map(),
				before: new Map(),
				deviations: new Map(),
			};
			runBlock(state, block, kernelTiles);
		}
	});
	return outputs;
}

function runBlock<B>(state: BlockState<B>, block: readonly AxisTile[], tiles: KernelTiles): void {
	const { kernel, muGraph } = state;
	const last = kernel.nodes.at(-1)?.stage ?? 0;
	for (let stage = 0; stage <= last; stage++) {
		const ids = kernel.nodes.map((_, id) => id).filter((id) => kernel.nodes[id]?.stage === stage);
		if (stage % 2 === 0 || kernel.loop === null) {
			for (const id of ids) runNode(state, id, block);
			continue;
		}
		startAccumulators(state, ids, block);
		const extent = present(muGraph.axes[kernel.loop], "loop axis").extent;
		assert(tiles.loopTile >= 1, "loop tile of at least 1");
		for (const step of axisTiles(kernel.loop, extent, tiles.loopTile)) {
			for (const id of ids) runNode(state, id, [...block, step]);
		}
	}
}

function tileExtent<B>(state: BlockState<B>, tiles: readonly AxisTile[]): (axis: AxisId) => number {
	return (axis) =>
		tiles.find((tile) => tile.axis === axis)?.extent ??
		present(state.muGraph.axes[axis], "axis of the µGraph").extent;
}

function nodeOf<B>(state: BlockState<B>, id: BlockNodeId): BlockNode {
	return present(state.kernel.nodes[id], "node of the kernel");
}

function valueAt<B>(state: BlockState<B>, id: BlockNodeId): LabelledView<B> {
	return present(state.values.get(id), "value of a node that has run");
}

function runNode<B>(state: BlockState<B>, id: BlockNodeId, tiles: readonly AxisTile[]): void {
	const node = nodeOf(state, id);
	const extentOf = tileExtent(state, tiles);
	const { arithmetic, device } = state;
	switch (node.kind) {
		case "load": {
			const whole =
				node.source.kind === "input"
					? { buffer: present(device.inputs[node.source.input], "input"), ...node.source.access }
					: intermediateView(state, node.source.intermediate);
			state.values.set(id, cutTile(whole, tiles));
			return;
		}
		case "store": {
			const whole =
				node.target.kind === "output"
					? { buffer: present(device.outputs[node.target.output], "output"), ...node.target.access }
					: intermediateView(state, node.target.intermediate);
			const to = cutTile(whole, tiles);
			arithmetic.copy(to.axes.map(extentOf), viewAlong(valueAt(state, node.operand), to.axes), to);
			return;
		}
		case "accumulate":
			accumulate(state, id, node, extentOf);
			return;
		case "accumulateDeviations": {
			const operand = valueAt(state, node.operand);
			const updated = updateDeviations(node, operand, state.deviations.get(id), extentOf, arithmetic);
			state.deviations.set(id, updated);
			state.values.set(id, updated.squares);
			return;
		}
		default:
			state.values.set(
				id,
				evaluateNode(node, (operand) => valueAt(state, operand), extentOf, arithmetic),
			);
	}
}

function intermediateView<B>(state: BlockState<B>, id: number): LabelledView<B> {
	const axes = present(state.muGraph.intermediates[id], "intermediate").axes;
	const extents = axes.map((axis) => present(state.muGraph.axes[axis], "axis").extent);
	const buffer = present(state.device.intermediates[id], "intermediate buffer");
	return { buffer, offset: 0, axes, strides: rowMajorStrides(extents) };
}

/** The part of a device tensor that the tiles select. */
function cutTile<B>(whole: LabelledView<B>, tiles: readonly AxisTile[]): LabelledView<B> {
	let offset = whole.offset;
	for (const tile of tiles) {
		const at = whole.axes.indexOf(tile.axis);
		if (at >= 0) offset += tile.start * (whole.strides[at] ?? 0);
	}
	return { buffer: whole.buffer, offset, axes: whole.axes, strides: whole.strides };
}

/** Neutral values before a pass. */
function startAccumulators<B>(
	state: BlockState<B>,
	ids: readonly BlockNodeId[],
	tiles: readonly AxisTile[],
): void {
	const extentOf = tileExtent(state, tiles);
	for (const id of ids) {
		const node = nodeOf(state, id);
		if (node.kind === "accumulateDeviations") state.deviations.delete(id);
		if (node.kind !== "accumulate") continue;
		const count = elementCount(node.axes.map(extentOf));
		const isRunning = ids.some((reader) => blockNodeOperands(nodeOf(state, reader)).includes(id));
		const fresh = (): LabelledView<B> => {
			const buffer = state.arithmetic.allocateNeutral(node.combine, count, isRunning);
			return denseView(buffer, node.axes, extentOf);
		};
		state.values.set(id, fresh());
		if (isRunning) state.before.set(id, fresh());
	}
}

function accumulate<B>(
	state: BlockState<B>,
	id: BlockNodeId,
	node: AccumulateNode,
	extentOf: (axis: AxisId) => number,
): void {
	const { arithmetic } = state;
	const extents = node.axes.map(extentOf);
	const value = valueAt(state, id);
	const before = state.before.get(id);
	if (before !== undefined) arithmetic.copy(extents, value, before);
	if (node.rescale !== null) {
		const earlier = present(state.before.get(node.rescale), "maximum before this step");
		const factor = exponentialOfDifference(arithmetic, earlier, valueAt(state, node.rescale), extentOf);
		const scaled = arithmetic.allocate(elementCount(extents));
		const scaledView = denseView(scaled, node.axes, extentOf);
		arithmetic.map("multiply", extents, [value, viewAlong(factor, node.axes)], scaledView);
		arithmetic.copy(extents, scaledView, value);
	}
	arithmetic.reduce(node.combine, extents, viewAlong(valueAt(state, node.operand), node.axes), value);
}

/** exp(earlier - now). */
function exponentialOfDifference<B>(
	arithmetic: Arithmetic<B>,
	earlier: LabelledView<B>,
	now: LabelledView<B>,
	extentOf: (axis: AxisId) => number,
): LabelledView<B> {
	const extents = now.axes.map(extentOf);
	const difference = denseView(arithmetic.allocate(elementCount(extents)), now.axes, extentOf);
	arithmetic.map("subtract", extents, [earlier, now], difference);
	const factor = denseView(arithmetic.allocate(elementCount(extents)), now.axes, extentOf);
	arithmetic.map("exp", extents, [difference], factor);
	return factor;
}
