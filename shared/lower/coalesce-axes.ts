// Axes that always run together and lie behind one another in every buffer are one longer axis: element-wise kernels and
// norms then loop over long contiguous spans.
//
// Before: X[b, t, c] with b and t used alike, stride(b) = stride(t)·extent(t)   After: X[bt, c]

import { present } from "#shared/fault/assert.ts";
import type { BlockNode, Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { AxisId, StridedAccess } from "#shared/program/program.ts";
import type { KernelSchedule, Schedule } from "#shared/schedule/schedule.ts";

export interface Scheduled {
	readonly muGraph: MuGraph;
	readonly schedule: Schedule;
}

/** The same computation over fewer axes. A merged axis keeps the outer one's id; the inner one is used nowhere any more. */
export function coalesceAxes(scheduled: Scheduled): Scheduled {
	let current = scheduled;
	for (;;) {
		const pair = findPair(current.muGraph);
		if (pair === null) return current;
		current = merge(current, pair[0], pair[1]);
	}
}

function findPair(graph: MuGraph): readonly [AxisId, AxisId] | null {
	const used = new Set(graph.kernels.flatMap((kernel) => kernel.nodes.flatMap((node) => node.axes)));
	for (const outer of used) {
		for (const inner of used) if (outer !== inner && mergeable(graph, outer, inner)) return [outer, inner];
	}
	return null;
}

function mergeable(graph: MuGraph, outer: AxisId, inner: AxisId): boolean {
	const together = (axes: readonly AxisId[]): boolean => axes.includes(outer) === axes.includes(inner);
	const extent = present(graph.axes[inner], "axis").extent;
	const follows = (access: StridedAccess): boolean => {
		if (!together(access.axes)) return false;
		const outerAt = access.axes.indexOf(outer);
		if (outerAt < 0) return true;
		return access.strides[outerAt] === (access.strides[access.axes.indexOf(inner)] ?? 0) * extent;
	};
	const adjacent = (axes: readonly AxisId[]): boolean =>
		together(axes) && (!axes.includes(outer) || axes.indexOf(inner) === axes.indexOf(outer) + 1);
	const agrees = (node: BlockNode): boolean => {
		if (!together(node.axes)) return false;
		if (node.kind === "reduce" || node.kind === "contract" || node.kind === "accumulateDeviations")
			return together(node.over);
		if (node.kind === "load" && node.source.kind === "input") return follows(node.source.access);
		if (node.kind === "store" && node.target.kind === "output") return follows(node.target.access);
		return true;
	};
	return (
		graph.intermediates.every((intermediate) => adjacent(intermediate.axes)) &&
		graph.kernels.every(
			(kernel) =>
				kernel.loop !== outer && kernel.loop !== inner && together(kernel.grid) && kernel.nodes.every(agrees),
		)
	);
}

function merge({ muGraph, schedule }: Scheduled, outer: AxisId, inner: AxisId): Scheduled {
	const innerExtent = present(muGraph.axes[inner], "axis").extent;
	const without = (axes: readonly AxisId[]): AxisId[] => axes.filter((axis) => axis !== inner);
	const access = (old: StridedAccess): StridedAccess => {
		const outerAt = old.axes.indexOf(outer);
		if (outerAt < 0) return old;
		const innerAt = old.axes.indexOf(inner);
		const strides = [...old.strides];
		strides[outerAt] = strides[innerAt] ?? 0;
		return {
			offset: old.offset,
			axes: without(old.axes),
			strides: strides.filter((_, at) => at !== innerAt),
		};
	};
	const kernels = muGraph.kernels.map(
		(kernel): Kernel => ({
			...kernel,
			grid: without(kernel.grid),
			nodes: kernel.nodes.map((node) => mergeNode(node, without, access)),
		}),
	);
	return {
		muGraph: {
			...muGraph,
			axes: muGraph.axes.map((axis, id) => ({
				extent: id === outer ? axis.extent * innerExtent : id === inner ? 1 : axis.extent,
			})),
			intermediates: muGraph.intermediates.map(({ axes }) => ({ axes: without(axes) })),
			kernels,
		},
		schedule: {
			kernels: schedule.kernels.map((kernelSchedule, id) =>
				mergeSchedule(kernelSchedule, present(muGraph.kernels[id], "kernel"), outer, inner),
			),
		},
	};
}

function mergeNode(
	node: BlockNode,
	without: (axes: readonly AxisId[]) => AxisId[],
	access: (old: StridedAccess) => StridedAccess,
): BlockNode {
	const axes = without(node.axes);
	switch (node.kind) {
		case "load":
			if (node.source.kind === "intermediate") return { ...node, axes };
			return { ...node, axes, source: { ...node.source, access: access(node.source.access) } };
		case "store":
			if (node.target.kind === "intermediate") return { ...node, axes };
			return { ...node, axes, target: { ...node.target, access: access(node.target.access) } };
		case "reduce":
		case "contract":
		case "accumulateDeviations":
			return { ...node, axes, over: without(node.over) };
		case "constant":
		case "map":
		case "accumulate":
			return { ...node, axes };
	}
}

/** A merged tile holds as many elements as the two tiles did. */
function mergeSchedule(
	schedule: KernelSchedule,
	kernel: Kernel,
	outer: AxisId,
	inner: AxisId,
): KernelSchedule {
	const vectorAxis = schedule.vectorAxis === inner ? outer : schedule.vectorAxis;
	const outerAt = kernel.grid.indexOf(outer);
	if (outerAt < 0) return { ...schedule, vectorAxis };
	const innerAt = kernel.grid.indexOf(inner);
	const gridTiles = schedule.gridTiles.map((tile, at) =>
		at === outerAt ? tile * present(schedule.gridTiles[innerAt], "grid tile") : tile,
	);
	return { ...schedule, vectorAxis, gridTiles: gridTiles.filter((_, at) => at !== innerAt) };
}
