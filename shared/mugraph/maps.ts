// Mirage's attributes (OSDI'25, section 2), read off the axis labels.

import { present } from "#shared/fault/assert.ts";
import type { AxisId } from "#shared/program/program.ts";
import type { Kernel, LoadNode, MuGraph, StoreNode } from "./mugraph.ts";

/** Position of a tensor's axis, outermost 0, or `replica`: every tile sees the same data. */
export type MappedAxis = number | "replica";

/** The tensor's axes from the outermost: by falling stride for inputs and outputs, as stored for intermediates. */
function deviceAxes(node: LoadNode | StoreNode, muGraph: MuGraph): readonly AxisId[] {
	const place = node.kind === "load" ? node.source : node.target;
	if (place.kind === "intermediate")
		return present(muGraph.intermediates[place.intermediate], "intermediate").axes;
	const { axes, strides } = place.access;
	return axes
		.map((axis, i) => ({ axis, stride: Math.abs(strides[i] ?? 0) }))
		.sort((a, b) => b.stride - a.stride)
		.map(({ axis }) => axis);
}

function mapped(axes: readonly AxisId[], axis: AxisId): MappedAxis {
	const at = axes.indexOf(axis);
	return at < 0 ? "replica" : at;
}

/** For each grid axis, the tensor axis that it cuts. */
export function inputMap(load: LoadNode, kernel: Kernel, muGraph: MuGraph): readonly MappedAxis[] {
	const axes = deviceAxes(load, muGraph);
	return kernel.grid.map((axis) => mapped(axes, axis));
}

/** The tensor axis that the loop walks; null for a load outside the loop. */
export function loopMap(load: LoadNode, kernel: Kernel, muGraph: MuGraph): MappedAxis | null {
	if (kernel.loop === null || load.stage % 2 === 0) return null;
	return mapped(deviceAxes(load, muGraph), kernel.loop);
}

/** For each grid axis, the tensor axis along which tiles are put side by side. */
export function outputMap(store: StoreNode, kernel: Kernel, muGraph: MuGraph): readonly MappedAxis[] {
	const axes = deviceAxes(store, muGraph);
	return kernel.grid.map((axis) => mapped(axes, axis));
}
