// How a dimension falls into runs of evenly spaced positions: halves where two tensors are concatenated, evens and odds
// where two are interleaved. Unlike a list of boundaries, runs survive all that views do to them.

import { present } from "#shared/fault/assert.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import {
	type DimensionWindow,
	fullWindow,
	isFullWindow,
	linearWindow,
	normalizeWindow,
	throughReshape,
} from "./window.ts";

/** Positions `start + step * i` for i below `count`; the step is positive, and 1 for a single position. */
export interface Run {
	readonly start: number;
	readonly count: number;
	readonly step: number;
}

/** Disjoint runs that cover a dimension, by their first positions. One run: the dimension is whole. */
export type Runs = readonly Run[];

export function wholeRun(extent: number): Runs {
	return [{ start: 0, count: extent, step: 1 }];
}

export function runWindow({ start, count, step }: Run): DimensionWindow {
	return linearWindow(start, count, step);
}

const run = (start: number, count: number, step: number): Run => ({
	start,
	count,
	step: count === 1 ? 1 : step,
});
const lastOf = ({ start, count, step }: Run): number => start + step * (count - 1);
const byStart = (runs: readonly Run[]): Run[] => [...runs].sort((a, b) => a.start - b.start);

/** The positions that two runs share: a run again (Chinese remainders), or none. */
export function commonRun(a: Run, b: Run): Run | null {
	const low = Math.max(a.start, b.start);
	const high = Math.min(lastOf(a), lastOf(b));
	const step = (a.step * b.step) / greatestCommonDivisor(a.step, b.step);
	const from = a.start + Math.ceil((low - a.start) / a.step) * a.step;
	for (let first = from; first <= high && first < from + step; first += a.step) {
		if ((first - b.start) % b.step === 0) return run(first, Math.floor((high - first) / step) + 1, step);
	}
	return null;
}

function greatestCommonDivisor(a: number, b: number): number {
	return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The coarsest runs of which each lies in one run of either side. */
export function refineRuns(left: Runs, right: Runs): Runs {
	if (right.length === 1) return left;
	if (left.length === 1) return right;
	return byStart(left.flatMap((a) => right.flatMap((b) => commonRun(a, b) ?? [])));
}

/** The runs of y, when y[i] = x[start + step * i] for i below `count` and `runs` are those of x. */
export function sliceRuns(runs: Runs, start: number, step: number, count: number): Runs {
	const last = start + step * (count - 1);
	const wanted = run(Math.min(start, last), count, Math.abs(step));
	const parts = runs.flatMap((one) => commonRun(one, wanted) ?? []);
	return byStart(
		parts.map((part) =>
			run(((step > 0 ? part.start : lastOf(part)) - start) / step, part.count, part.step / Math.abs(step)),
		),
	);
}

/** The runs of tensors one behind another. */
export function concatenateRuns(parts: readonly { readonly extent: number; readonly runs: Runs }[]): Runs {
	let before = 0;
	return parts.flatMap(({ extent, runs }) => {
		const moved = runs.map((one) => ({ ...one, start: one.start + before }));
		before += extent;
		return moved;
	});
}

/** The runs of a reshape's dimensions; null when a run of the input is no run of one dimension of the output. */
export function reshapeRuns(input: Shape, output: Shape, runs: readonly Runs[]): Runs[] | null {
	const result = output.map(wholeRun);
	for (const [axis, own] of runs.entries()) {
		if (own.length === 1) continue;
		const moved = own.map((one) => runThroughReshape(input, output, axis, one));
		const target = moved[0]?.axis;
		const parts = moved.flatMap((one) => (one !== null && one.axis === target ? [one.run] : []));
		if (target === undefined || parts.length < own.length) return null;
		result[target] = refineRuns(present(result[target], "dimension"), byStart(parts));
	}
	return result;
}

/** Where one run of one dimension lies, the other dimensions being whole; null when not in one dimension of the output. */
function runThroughReshape(
	input: Shape,
	output: Shape,
	axis: number,
	own: Run,
): { readonly axis: number; readonly run: Run } | null {
	const wanted = fullWindow(input).map((full, i) => (i === axis ? runWindow(own) : full));
	const windows = throughReshape(output, input, wanted)?.map(normalizeWindow);
	const partial = windows?.flatMap((window, i) =>
		isFullWindow(window, present(output[i], "extent")) ? [] : [{ axis: i, window }],
	);
	const [only, ...others] = partial ?? [];
	if (only === undefined || others.length > 0 || only.window.pieces.length > 1) return null;
	const { extent: count, stride: step } = only.window.pieces[0] ?? { extent: 1, stride: 1 };
	return { axis: only.axis, run: run(only.window.offset, count, step) };
}
