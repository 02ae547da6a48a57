// What a value computes, up to Mirage's axioms (OSDI'25, table 2), as a hash-consed polynomial normal form: equal normal
// forms have equal ids, and whether one value can be part of another is decided on the normal forms alone, with no solver
// and no e-graph. Axioms: + and · commutative and associative; · over +; the rules of ÷; a sum composes, and commutes with
// what does not have its axis; exp(x)·exp(y) = exp(x + y); numbers fold by value. There is no cancellation.

import type { AxisId } from "#shared/program/program.ts";

/** Of one `Expressions`. Interned: equal normal forms have equal ids. */
export type ExpressionId = number;

export interface Expressions {
	/** One atom: a tensor under one access, both named by `key`. */
	input(key: string, axes: readonly AxisId[]): ExpressionId;
	/** The exact rational value of a float64; the one nearest to 1/n reads as 1/n, for integers n up to 2^31. */
	constant(value: number): ExpressionId;
	add(a: ExpressionId, b: ExpressionId): ExpressionId;
	subtract(a: ExpressionId, b: ExpressionId): ExpressionId;
	multiply(a: ExpressionId, b: ExpressionId): ExpressionId;
	divide(a: ExpressionId, b: ExpressionId): ExpressionId;
	negate(a: ExpressionId): ExpressionId;
	/** Over whole axes. */
	sum(a: ExpressionId, over: readonly AxisId[]): ExpressionId;
	/**
	 * One tile's part of a sum over `axis`: `extent` of its positions, or of the partial sums over them. The axis stays free
	 * until the parts make up its whole extent.
	 */
	partialSum(a: ExpressionId, axis: AxisId, extent: number): ExpressionId;
	exp(a: ExpressionId): ExpressionId;
	sqrt(a: ExpressionId): ExpressionId;
	/** What the axioms know nothing of (a maximum over axes, erf, select): equal operands, equal value. */
	opaque(name: string, operands: readonly ExpressionId[], axes: readonly AxisId[]): ExpressionId;
	freeAxes(expression: ExpressionId): readonly AxisId[];
	/** Whether some term equal to `whole` has one equal to `part` inside. Errs only on the side of yes. */
	isSubexpression(part: ExpressionId, whole: ExpressionId): boolean;
	print(expression: ExpressionId): string;
}

export interface ExpressionLimits {
	/** A product of sums with more terms than this is not multiplied out. Default 64. */
	readonly monomialsMax?: number;
}

/** `extents[axis]` is the whole extent of an axis. */
export declare function createExpressions(extents: readonly number[], limits?: ExpressionLimits): Expressions;
