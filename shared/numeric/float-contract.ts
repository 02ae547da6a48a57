import type { StridedView } from "./arithmetic.ts";
import { forEachRow } from "./strided-nest.ts";

/** What can be read as float64: every float32 is one. */
export type FloatBuffer = Float64Array | Float32Array;

type FloatView = StridedView<FloatBuffer>;

interface ContractNest {
	readonly extents: readonly number[];
	readonly left: FloatView;
	readonly right: FloatView;
	readonly result: StridedView<Float64Array>;
}

/** A contraction's loops: all outer axes, then the block axis in steps of four, then one more axis, then the inner one. */
interface LoopOrder {
	readonly outer: readonly number[];
	readonly block: number;
	readonly middle: number;
	readonly inner: number;
}

/**
 * result += left · right in float64. Two forms are recognised, whichever operand is the matrix:
 * right laid out [k, n] (rows of the result grow by four scaled rows of right at a time) and [n, k] (four dot products
 * share a row of left). Anything else walks the nest as it stands.
 */
export function contractFloat64(
	extents: readonly number[],
	left: FloatView,
	right: FloatView,
	result: StridedView<Float64Array>,
): void {
	const nest = { extents, left, right, result };
	const mirrored = { extents, left: right, right: left, result };
	for (const contract of [tryScaledRows, tryDots]) {
		if (contract(nest) || contract(mirrored)) return;
	}
	contractGeneral(nest);
}

function tryScaledRows(nest: ContractNest): boolean {
	const order = scaledRowsOrder(nest);
	if (order !== null) contractByScaledRows(nest, order);
	return order !== null;
}

function tryDots(nest: ContractNest): boolean {
	const order = dotOrder(nest);
	if (order !== null) contractByDots(nest, order);
	return order !== null;
}

function isSummed(nest: ContractNest, axis: number): boolean {
	return nest.result.strides[axis] === 0;
}

/** inner: unit stride in right and result, not in left; block: a summed axis. */
function scaledRowsOrder(nest: ContractNest): LoopOrder | null {
	const inner = nest.extents.findIndex(
		(extent, a) =>
			extent > 1 && nest.result.strides[a] === 1 && nest.right.strides[a] === 1 && nest.left.strides[a] === 0,
	);
	const block = longest(nest, (a) => a !== inner && isSummed(nest, a));
	return inner < 0 || block < 0 ? null : loopOrder(nest, inner, block);
}

/** inner: a summed axis of unit stride in both; block: an axis of right and result that left lacks. */
function dotOrder(nest: ContractNest): LoopOrder | null {
	const inner = longest(
		nest,
		(a) => isSummed(nest, a) && nest.left.strides[a] === 1 && nest.right.strides[a] === 1,
	);
	const block = longest(nest, (a) => a !== inner && !isSummed(nest, a) && nest.left.strides[a] === 0);
	return inner < 0 || block < 0 ? null : loopOrder(nest, inner, block);
}

function longest(nest: ContractNest, accepts: (axis: number) => boolean): number {
	let best = -1;
	nest.extents.forEach((extent, axis) => {
		if (extent > 1 && accepts(axis) && (best < 0 || extent > (nest.extents[best] ?? 0))) best = axis;
	});
	return best;
}

/** The middle axis is one that right lacks, so that a block of right is used for each of its positions. */
function loopOrder(nest: ContractNest, inner: number, block: number): LoopOrder {
	const middle = longest(nest, (a) => a !== inner && a !== block && nest.right.strides[a] === 0);
	const outer = nest.extents.map((_, a) => a).filter((a) => a !== inner && a !== block && a !== middle);
	return { outer, block, middle, inner };
}

function strideOf(view: FloatView, axis: number): number {
	return axis < 0 ? 0 : (view.strides[axis] ?? 0);
}

/** Calls `body` for every outer position, block of up to four, and middle position, with the three offsets there. */
function forEachBlock(
	nest: ContractNest,
	order: LoopOrder,
	body: (left: number, right: number, result: number, blockCount: number) => void,
): void {
	const views = [nest.left, nest.right, nest.result];
	const outerNest = {
		extents: [...order.outer.map((a) => nest.extents[a] ?? 1), 1],
		strides: views.map((view) => [...order.outer.map((a) => strideOf(view, a)), 0]),
	};
	const blockExtent = nest.extents[order.block] ?? 1;
	const middleExtent = order.middle < 0 ? 1 : (nest.extents[order.middle] ?? 1);
	const [blockLeft, blockRight, blockResult] = views.map((view) => strideOf(view, order.block));
	const [middleLeft, middleRight, middleResult] = views.map((view) => strideOf(view, order.middle));
	forEachRow(
		outerNest,
		views.map((view) => view.offset),
		([left = 0, right = 0, result = 0]) => {
			for (let b = 0; b < blockExtent; b += 4) {
				const count = Math.min(4, blockExtent - b);
				for (let m = 0; m < middleExtent; m++) {
					body(
						left + b * (blockLeft ?? 0) + m * (middleLeft ?? 0),
						right + b * (blockRight ?? 0) + m * (middleRight ?? 0),
						result + b * (blockResult ?? 0) + m * (middleResult ?? 0),
						count,
					);
				}
			}
		},
	);
}

function contractByScaledRows(nest: ContractNest, order: LoopOrder): void {
	const leftBuffer = nest.left.buffer;
	const leftStep = strideOf(nest.left, order.block);
	const rightStep = strideOf(nest.right, order.block);
	const length = nest.extents[order.inner] ?? 1;
	forEachBlock(nest, order, (left, right, result, count) => {
		if (count === 4) {
			const weights = [0, 1, 2, 3].map((i) => leftBuffer[left + i * leftStep] ?? 0);
			addFourRows(nest.result.buffer, result, nest.right.buffer, right, rightStep, weights, length);
			return;
		}
		for (let i = 0; i < count; i++) {
			const weight = leftBuffer[left + i * leftStep] ?? 0;
			addRow(nest.result.buffer, result, nest.right.buffer, right + i * rightStep, weight, length);
		}
	});
}

function addRow(
	into: Float64Array,
	at: number,
	rows: FloatBuffer,
	row: number,
	weight: number,
	length: number,
): void {
	for (let n = 0; n < length; n++)
		into[at + n] = (into[at + n] as number) + weight * (rows[row + n] as number);
}

function addFourRows(
	into: Float64Array,
	at: number,
	rows: FloatBuffer,
	row: number,
	step: number,
	weights: readonly number[],
	length: number,
): void {
	const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = weights;
	const row1 = row + step;
	const row2 = row1 + step;
	const row3 = row2 + step;
	for (let n = 0; n < length; n++) {
		into[at + n] =
			(into[at + n] as number) +
			(w0 * (rows[row + n] as number) + w1 * (rows[row1 + n] as number)) +
			(w2 * (rows[row2 + n] as number) + w3 * (rows[row3 + n] as number));
	}
}

function contractByDots(nest: ContractNest, order: LoopOrder): void {
	const into = nest.result.buffer;
	const resultStep = strideOf(nest.result, order.block);
	const rightStep = strideOf(nest.right, order.block);
	const length = nest.extents[order.inner] ?? 1;
	const sums = new Float64Array(4);
	forEachBlock(nest, order, (left, right, result, count) => {
		if (count === 4) {
			fourDots(nest.left.buffer, left, nest.right.buffer, right, rightStep, length, sums);
		} else {
			for (let i = 0; i < count; i++)
				sums[i] = oneDot(nest.left.buffer, left, nest.right.buffer, right + i * rightStep, length);
		}
		for (let i = 0; i < count; i++) {
			const at = result + i * resultStep;
			into[at] = (into[at] as number) + (sums[i] as number);
		}
	});
}

function oneDot(a: FloatBuffer, atA: number, b: FloatBuffer, atB: number, length: number): number {
	let sum = 0;
	for (let k = 0; k < length; k++) sum += (a[atA + k] as number) * (b[atB + k] as number);
	return sum;
}

function fourDots(
	a: FloatBuffer,
	atA: number,
	b: FloatBuffer,
	atB: number,
	step: number,
	length: number,
	sums: Float64Array,
): void {
	let s0 = 0;
	let s1 = 0;
	let s2 = 0;
	let s3 = 0;
	const at1 = atB + step;
	const at2 = at1 + step;
	const at3 = at2 + step;
	for (let k = 0; k < length; k++) {
		const shared = a[atA + k] as number;
		s0 += shared * (b[atB + k] as number);
		s1 += shared * (b[at1 + k] as number);
		s2 += shared * (b[at2 + k] as number);
		s3 += shared * (b[at3 + k] as number);
	}
	sums[0] = s0;
	sums[1] = s1;
	sums[2] = s2;
	sums[3] = s3;
}

function contractGeneral(nest: ContractNest): void {
	const { left, right, result } = nest;
	const views = [left, right, result];
	const last = nest.extents.length - 1;
	const length = last < 0 ? 1 : (nest.extents[last] ?? 1);
	const [leftStep, rightStep, resultStep] = views.map((view) => strideOf(view, last));
	forEachRow(
		{
			extents: last < 0 ? [1] : nest.extents,
			strides: views.map((view) => (last < 0 ? [0] : view.strides)),
		},
		views.map((view) => view.offset),
		([atLeft = 0, atRight = 0, atResult = 0]) => {
			for (let i = 0; i < length; i++) {
				const at = atResult + i * (resultStep ?? 0);
				result.buffer[at] =
					(result.buffer[at] as number) +
					(left.buffer[atLeft + i * (leftStep ?? 0)] as number) *
						(right.buffer[atRight + i * (rightStep ?? 0)] as number);
			}
		},
	);
}
