// What convolutions and pools share: a window that slides over the spatial axes (all behind batch and channels), read as
// one gather of positions, so that they need no primitive of their own.

import type { ValueId } from "#shared/graph/graph.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { elementCount, rowMajorStrides, type Shape } from "#shared/tensor/shape.ts";
import type { NodeContext } from "../node-context.ts";

/** The window's way along one spatial axis. */
interface WindowAxis {
	readonly extent: number;
	readonly kernel: number;
	readonly stride: number;
	readonly dilation: number;
	readonly before: number;
	/** As the model says. */
	readonly after: number;
	/** Elements behind the input that windows reach: `after`, and what rounding up adds. */
	readonly afterReached: number;
	/** Positions of the window. */
	readonly count: number;
}

export interface SlidingWindow {
	readonly axes: readonly WindowAxis[];
	/** Elements of the window. */
	readonly kernelElements: number;
	/** Extents of the result's spatial axes. */
	readonly positions: Shape;
}

/** Positions of all elements of all windows: what a constant may hold. */
const gatheredMax = 2 ** 22;

/**
 * Reads strides, dilations, pads, auto_pad and ceil_mode. `extents` are the input's spatial ones. Ends the import for a
 * window that does not fit; refuses the node when the positions of all windows are too many for a constant.
 */
export function readWindow(context: NodeContext, extents: Shape, kernelShape: Shape): SlidingWindow {
	const rank = extents.length;
	const ones = new Array<number>(rank).fill(1);
	const strides = context.attributeInts("strides", ones);
	const dilations = context.attributeInts("dilations", ones);
	const pads = context.attributeInts("pads", new Array<number>(2 * rank).fill(0));
	const lists = [kernelShape, strides, dilations];
	const fits = lists.every((list) => list.length === rank && list.every((number) => number >= 1));
	if (rank === 0 || !fits || pads.length !== 2 * rank || pads.some((count) => count < 0)) {
		context.refuse(
			"model.op_attribute_invalid",
			`found kernel [${kernelShape}], strides [${strides}], dilations [${dilations}], pads [${pads}]; expected positive entries for ${rank} spatial axes`,
		);
	}
	const roundsUp = context.attributeInt("ceil_mode", 0) !== 0;
	const axes = extents.map((extent, axis) =>
		windowAxis(
			context,
			{
				extent,
				kernel: kernelShape[axis] ?? 1,
				stride: strides[axis] ?? 1,
				dilation: dilations[axis] ?? 1,
				before: pads[axis] ?? 0,
				after: pads[rank + axis] ?? 0,
			},
			roundsUp,
		),
	);
	const positions = axes.map(({ count }) => count);
	const kernelElements = elementCount(kernelShape);
	if (kernelElements * elementCount(positions) > gatheredMax) {
		context.refuse(
			"model.op_attribute_unsupported",
			`found ${kernelElements} elements in each of ${elementCount(positions)} windows, supported: ${gatheredMax} in all`,
		);
	}
	return { axes, kernelElements, positions };
}

type AxisAttributes = Omit<WindowAxis, "count" | "afterReached">;

function windowAxis(context: NodeContext, given: AxisAttributes, roundsUp: boolean): WindowAxis {
	const autoPad = context.attributeString("auto_pad", "NOTSET");
	const { extent, stride } = given;
	const reach = (given.kernel - 1) * given.dilation + 1;
	if (autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER") {
		const count = Math.ceil(extent / stride);
		const total = Math.max(0, (count - 1) * stride + reach - extent);
		const smaller = Math.floor(total / 2);
		const before = autoPad === "SAME_UPPER" ? smaller : total - smaller;
		return { ...given, before, after: total - before, afterReached: total - before, count };
	}
	const [before, after] = autoPad === "VALID" ? [0, 0] : [given.before, given.after];
	const room = extent + before + after - reach;
	if (room < 0) {
		context.refuse(
			"model.shape_invalid",
			`found a window of ${reach} elements for ${extent + before + after}, expected one that fits`,
		);
	}
	let count = Math.floor(room / stride) + 1;
	// A window that rounding up adds must begin inside the input or its padding in front.
	if (roundsUp && room % stride !== 0 && count * stride < extent + before) count++;
	const afterReached = Math.max(after, (count - 1) * stride + reach - extent - before);
	return { ...given, before, after, afterReached, count };
}

/** The windows' elements: x [n, c, spatial…] -> [n, c, kernel elements, positions]. Padding holds `fill`, null for zero. */
export function gatherWindows(
	context: NodeContext,
	x: ValueId,
	window: SlidingWindow,
	fill: ValueId | null,
): ValueId {
	const { build } = context;
	const [batch = 1, channels = 1] = build.shapeOf(x);
	const before = window.axes.map((axis) => axis.before);
	const after = window.axes.map((axis) => axis.afterReached);
	const padded = build.pad(x, [0, 0, ...before], [0, 0, ...after], "constant", fill);
	const spatial = build.shapeOf(padded).slice(2);
	const flat = build.reshape(padded, [batch, channels, elementCount(spatial)]);
	const strides = rowMajorStrides(spatial);
	const elements = windowElements(window, (indices) =>
		indices.reduce((sum, index, axis) => sum + index * (strides[axis] ?? 0), 0),
	);
	const shape = [window.kernelElements, elementCount(window.positions)];
	return build.gather(flat, build.constant(writeElements("int64", shape, elements)), 2);
}

/** How many elements of each window lie in the input, or also in its declared padding: one number a position. */
export function windowCounts(window: SlidingWindow, includesPadding: boolean): Float64Array {
	const inside = windowElements(window, (indices) =>
		window.axes.every(({ extent, before, after }, axis) => {
			const index = (indices[axis] ?? 0) - before;
			return includesPadding ? index < extent + after : index >= 0 && index < extent;
		})
			? 1
			: 0,
	);
	const positions = elementCount(window.positions);
	const counts = new Float64Array(positions);
	for (let element = 0; element < inside.length; element++)
		counts[element % positions] = (counts[element % positions] ?? 0) + (inside[element] ?? 0);
	return counts;
}

/** `value` of the padded indices of every (element of the window, position), row-major. */
function windowElements(
	{ axes, kernelElements, positions }: SlidingWindow,
	value: (indices: readonly number[]) => number,
): Float64Array {
	const kernelStrides = rowMajorStrides(axes.map(({ kernel }) => kernel));
	const positionStrides = rowMajorStrides(positions);
	const count = elementCount(positions);
	return Float64Array.from({ length: kernelElements * count }, (_, at) => {
		const element = Math.floor(at / count);
		const position = at % count;
		return value(
			axes.map((axis, a) => {
				const tap = Math.floor(element / (kernelStrides[a] ?? 1)) % axis.kernel;
				const step = Math.floor(position / (positionStrides[a] ?? 1)) % axis.count;
				return step * axis.stride + tap * axis.dilation;
			}),
		);
	});
}
