// Which part of a tensor is wanted, dimension by dimension. Slices of computed values dissolve by asking their operands
// for a part only, until an input absorbs the part into its strides; a concatenation dissolves by asking one of its
// inputs. All index arithmetic of that way up is here; nothing here knows about graphs.

import { present } from "#shared/fault/assert.ts";
import { rowMajorStrides, type Shape } from "#shared/tensor/shape.ts";

/** Positions `offset + sum(stride_i * index_i)` of one dimension, outermost piece first. No pieces: one position. */
export interface DimensionWindow {
	readonly offset: number;
	readonly pieces: readonly { readonly extent: number; readonly stride: number }[];
}

/** One entry a dimension. */
export type TensorWindow = readonly DimensionWindow[];

/** The single position 0: what an operand of extent 1 is read at, however large the result. */
export const firstPosition: DimensionWindow = { offset: 0, pieces: [] };

/** `count` positions from `start`, `step` apart. */
export function linearWindow(start: number, count: number, step = 1): DimensionWindow {
	return { offset: start, pieces: count === 1 ? [] : [{ extent: count, stride: step }] };
}

export function fullWindow(shape: Shape): DimensionWindow[] {
	return shape.map((extent) => linearWindow(0, extent));
}

/** How many positions a window has. */
export function windowCount(window: DimensionWindow): number {
	return window.pieces.reduce((count, piece) => count * piece.extent, 1);
}

/** Smallest and largest position. */
export function windowRange(window: DimensionWindow): readonly [number, number] {
	let low = window.offset;
	let high = window.offset;
	for (const { extent, stride } of window.pieces) {
		if (stride < 0) low += stride * (extent - 1);
		else high += stride * (extent - 1);
	}
	return [low, high];
}

/** The window on x, when this is the window on y and y[i] = x[start + step * i]. */
export function throughSlice(window: DimensionWindow, start: number, step: number): DimensionWindow {
	return {
		offset: start + step * window.offset,
		pieces: window.pieces.map(({ extent, stride }) => ({ extent, stride: stride * step })),
	};
}

/** The same positions in the same order with as few pieces as possible. */
export function normalizeWindow(window: DimensionWindow): DimensionWindow {
	const pieces: { extent: number; stride: number }[] = [];
	for (const piece of window.pieces) {
		if (piece.extent === 1) continue;
		const outer = pieces.at(-1);
		if (outer !== undefined && outer.stride === piece.stride * piece.extent) {
			pieces[pieces.length - 1] = { extent: outer.extent * piece.extent, stride: piece.stride };
		} else {
			pieces.push(piece);
		}
	}
	return { offset: window.offset, pieces };
}

/** A text that equal normal windows share. */
export function windowKey(window: TensorWindow): string {
	return window
		.map(({ offset, pieces }) => `${offset}${pieces.map((p) => `,${p.extent}*${p.stride}`).join("")}`)
		.join(";");
}

/** Whether a window is the whole of a dimension, in order. */
export function isFullWindow(window: DimensionWindow, extent: number): boolean {
	const { offset, pieces } = normalizeWindow(window);
	const only = pieces[0];
	if (only === undefined) return extent === 1;
	return offset === 0 && pieces.length === 1 && only.stride === 1 && only.extent === extent;
}

/** A run of dimensions of one shape that holds the same elements as a run of the other. */
export interface ReshapeGroup {
	readonly inputs: readonly number[];
	readonly outputs: readonly number[];
}

/** The finest split of a reshape into runs of equal products, extents of 1 left out. */
export function reshapeGroups(input: Shape, output: Shape): ReshapeGroup[] {
	const groups: ReshapeGroup[] = [];
	const inputs = [...input.keys()].filter((axis) => input[axis] !== 1);
	const outputs = [...output.keys()].filter((axis) => output[axis] !== 1);
	while (inputs.length > 0) {
		const group = {
			inputs: [present(inputs.shift(), "input")],
			outputs: [present(outputs.shift(), "output")],
		};
		let left = present(input[present(group.inputs[0], "axis")], "extent");
		let right = present(output[present(group.outputs[0], "axis")], "extent");
		while (left !== right) {
			const [from, to, shape] =
				left < right ? [inputs, group.inputs, input] : [outputs, group.outputs, output];
			const axis = present(from.shift(), "reshape: element counts differ");
			to.push(axis);
			if (left < right) left *= present(shape[axis], "extent");
			else right *= present(shape[axis], "extent");
		}
		groups.push(group);
	}
	return groups;
}

/**
 * The window on a reshape's input, when `window` is wanted of its output. Null when a part of the output is no product of
 * parts of the input's dimensions.
 */
export function throughReshape(input: Shape, output: Shape, window: TensorWindow): DimensionWindow[] | null {
	const result: DimensionWindow[] = input.map(() => firstPosition);
	for (const group of reshapeGroups(input, output)) {
		const inputExtents = group.inputs.map((axis) => present(input[axis], "extent"));
		const outputExtents = group.outputs.map((axis) => present(output[axis], "extent"));
		const wanted = group.outputs.map((axis) => present(window[axis], "window"));
		const parts = wanted.every((part, i) => isFullWindow(part, present(outputExtents[i], "extent")))
			? fullWindow(inputExtents)
			: distribute(flatten(wanted, outputExtents), inputExtents);
		if (parts === null) return null;
		for (const [i, axis] of group.inputs.entries()) result[axis] = present(parts[i], "part");
	}
	return result;
}

/** One window over the row-major product of several dimensions. */
function flatten(windows: TensorWindow, extents: Shape): DimensionWindow {
	const strides = rowMajorStrides(extents);
	let offset = 0;
	const pieces: { extent: number; stride: number }[] = [];
	for (const [i, window] of windows.entries()) {
		const scaled = throughSlice(window, 0, strides[i] ?? 1);
		offset += scaled.offset;
		pieces.push(...scaled.pieces);
	}
	return normalizeWindow({ offset, pieces });
}

/** The inverse of `flatten` where there is one: each piece must stay within one dimension, in the order of the dimensions. */
function distribute(window: DimensionWindow, extents: Shape): DimensionWindow[] | null {
	const strides = rowMajorStrides(extents);
	const result: { offset: number; pieces: { extent: number; stride: number }[] }[] = extents.map(
		(extent, i) => ({
			offset: Math.floor(window.offset / (strides[i] ?? 1)) % extent,
			pieces: [],
		}),
	);
	let dimension = extents.length - 1;
	const rest = [...window.pieces];
	for (let piece = rest.pop(); piece !== undefined; piece = rest.pop()) {
		while (dimension > 0 && Math.abs(piece.stride) >= (strides[dimension - 1] ?? 1)) dimension--;
		const unit = strides[dimension] ?? 1;
		const span = unit * (extents[dimension] ?? 1);
		if (piece.stride % unit !== 0) return null;
		let inner = piece.extent;
		if (dimension > 0 && piece.stride * piece.extent > span) {
			inner = span / piece.stride;
			if (!Number.isInteger(inner) || piece.extent % inner !== 0) return null;
			rest.push({ extent: piece.extent / inner, stride: span });
		}
		result[dimension]?.pieces.unshift({ extent: inner, stride: piece.stride / unit });
	}
	const staysInside = result.every((part, i) => {
		const [low, high] = windowRange(part);
		return low >= 0 && high < (extents[i] ?? 1);
	});
	return staysInside ? result : null;
}
