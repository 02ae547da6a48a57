// What an interpreter computes with. The program and the µGraph interpreters are written once over this interface, and
// run in float64 (reference for measured kernels) and over random finite-field pairs (proof of equality).

import type { MapOperator, ReduceOperator } from "#shared/program/program.ts";

/** A strided view of a buffer for one loop nest: the element at position i lies at `offset + sum(strides[a] * i[a])`. */
export interface StridedView<B> {
	readonly buffer: B;
	readonly offset: number;
	/** One for each extent of the nest; 0 repeats along that axis. */
	readonly strides: readonly number[];
}

/**
 * Whole-buffer operations over loop nests. A nest is a list of extents; every view has one stride an extent.
 * Buffers are flat; offsets and strides count elements. Results never overlap operands, except element by element in `map`.
 */
export interface Arithmetic<B> {
	/** A buffer of `count` zeros. */
	allocate(count: number): B;
	/**
	 * A buffer of `count` neutral elements of the reduction: 0, -infinity, infinity or 1. `isRunning`: a maximum that is
	 * subtracted between steps starts at the lowest finite float32 instead, since -infinity minus itself is no number.
	 */
	allocateNeutral(operator: ReduceOperator, count: number, isRunning?: boolean): B;
	/** A buffer of one element. */
	constant(value: number): B;
	/** to = from. */
	copy(extents: readonly number[], from: StridedView<B>, to: StridedView<B>): void;
	/** result = operator(operands), element by element. */
	map(
		operator: MapOperator,
		extents: readonly number[],
		operands: readonly StridedView<B>[],
		result: StridedView<B>,
	): void;
	/** result = result combined with operand; the result's strides are 0 along reduced axes. */
	reduce(
		operator: ReduceOperator,
		extents: readonly number[],
		operand: StridedView<B>,
		result: StridedView<B>,
	): void;
	/** result += left · right; the result's strides are 0 along summed axes. */
	contract(
		extents: readonly number[],
		left: StridedView<B>,
		right: StridedView<B>,
		result: StridedView<B>,
	): void;
}
