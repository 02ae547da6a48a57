// The explicit loops that a candidate becomes before it is text in some language: buffers with flat addresses, counted
// loops, scalar and vector locals. Every extent is a number; nothing here knows of axes or tiles. Arithmetic is float32.

import type { MapOperator, ReduceOperator } from "#shared/program/program.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import type { Affine } from "./affine.ts";

/** Names a buffer of the kernel (or a parameter of the micro-kernel) it is used in. */
export type BufferName = string;

/**
 * Where a buffer lives. `prepared` and `shared` are offsets into the prepared area and the part of the workspace that
 * all threads see; `thread` is an offset into each thread's own slice; `local` is on the stack. Offsets are multiples of 64.
 */
export type BufferPlace =
	| { readonly kind: "input"; readonly input: number }
	| { readonly kind: "output"; readonly output: number }
	| { readonly kind: "prepared"; readonly offsetBytes: number }
	| { readonly kind: "shared"; readonly offsetBytes: number }
	| { readonly kind: "thread"; readonly offsetBytes: number }
	| { readonly kind: "local" };

export interface Buffer {
	readonly name: BufferName;
	readonly elementType: DataType;
	/** Elements that may be touched. */
	readonly elements: number;
	readonly place: BufferPlace;
}

export interface NumberExpression {
	readonly kind: "number";
	readonly value: number;
}
export interface LocalExpression {
	readonly kind: "local";
	readonly name: string;
	readonly lanes: number;
}
/**
 * Lane j is element `index + j · laneStride`, converted to float32; lanes from `active` on are 0 and not read.
 */
export interface LoadExpression {
	readonly kind: "load";
	readonly buffer: BufferName;
	readonly index: Affine;
	readonly lanes: number;
	readonly active: number;
	readonly laneStride: number;
}
/**
 * A program's operators, and some more. `expNonPositive`: exp where the operand is known to be at most 0, which is cheaper.
 * `inverseScale`, of scalars alone: 2^-n where 2^n <= |x| < 2^(n+1), held within normal numbers.
 *
 * Three know pairs: lanes that hold, in the place of a float32, two bfloat16, the first in the lower half.
 * `pair(x, y)`: (x, y) in each lane, rounded to nearest even. `pairNeighbours(x, y)`: lane j holds elements 2j and 2j + 1 of
 * x followed by y. `addPairProducts(s, a, b)`: s + a.first·b.first + a.second·b.second, summed in float32.
 */
export type LoopOperator =
	| MapOperator
	| "expNonPositive"
	| "inverseScale"
	| "pair"
	| "pairNeighbours"
	| "addPairProducts";

/** Operands have `lanes` lanes, or one that is used in all of them. */
export interface ApplyExpression {
	readonly kind: "apply";
	readonly operator: LoopOperator;
	readonly operands: readonly Expression[];
	readonly lanes: number;
}
/** Combines the lanes of a vector into one. */
export interface HorizontalExpression {
	readonly kind: "horizontal";
	readonly operator: ReduceOperator;
	readonly operand: Expression;
}
/** The first `active` lanes of the operand; `neutral` in the others. */
export interface KeepExpression {
	readonly kind: "keep";
	readonly operand: Expression;
	readonly active: number;
	readonly neutral: number;
}

export type Expression =
	| NumberExpression
	| LocalExpression
	| LoadExpression
	| ApplyExpression
	| HorizontalExpression
	| KeepExpression;

/** Declares a local; only a mutable one may be assigned. */
export interface DeclareStatement {
	readonly kind: "declare";
	readonly name: string;
	readonly lanes: number;
	readonly value: Expression;
	readonly mutable: boolean;
}
export interface AssignStatement {
	readonly kind: "assign";
	readonly name: string;
	readonly value: Expression;
}
/** Writes lanes 0 to `active` - 1, converted to the buffer's type. */
export interface StoreStatement {
	readonly kind: "store";
	readonly buffer: BufferName;
	readonly index: Affine;
	readonly value: Expression;
	readonly lanes: number;
	readonly active: number;
	readonly laneStride: number;
	/** Past the caches, where the address allows it. */
	readonly nonTemporal: boolean;
}
/**
 * Writes the transpose of up to `lanes` vectors: lane j of vector r goes to `index + j · stride + r`, for j below `active`.
 * With `isPadded` whole vectors are written (zeros for missing r), so later rows may be overwritten: writers go in
 * ascending order and the buffer has `lanes` elements to spare.
 */
export interface TransposeStatement {
	readonly kind: "transpose";
	readonly vectors: readonly Expression[];
	readonly lanes: number;
	readonly active: number;
	readonly isPadded: boolean;
	readonly buffer: BufferName;
	readonly index: Affine;
	readonly stride: number;
}
/** A hint: the cache line of this element will be read, and should come into this cache. May point past the buffer. */
export interface PrefetchStatement {
	readonly kind: "prefetch";
	readonly level: 1 | 2;
	readonly buffer: BufferName;
	readonly index: Affine;
}
/** Sets elements to 0. */
export interface ZeroStatement {
	readonly kind: "zero";
	readonly buffer: BufferName;
	readonly index: Affine;
	readonly elements: number;
}
export interface ForStatement {
	readonly kind: "for";
	readonly variable: string;
	readonly begin: Affine;
	/** Exclusive. */
	readonly end: Affine;
	readonly step: number;
	readonly body: readonly Statement[];
}
/** Runs `fits` when `index <= limit`, else `otherwise`: the last tile of an axis is smaller. */
export interface BranchStatement {
	readonly kind: "branch";
	readonly index: Affine;
	readonly limit: number;
	readonly fits: readonly Statement[];
	readonly otherwise: readonly Statement[];
}
/** Declares `variable = (tile / divisor) mod modulus · factor`, with `tile` the number of the grid tile being computed. */
export interface TileStartStatement {
	readonly kind: "tileStart";
	readonly variable: string;
	readonly divisor: number;
	readonly modulus: number;
	readonly factor: number;
}
/** Runs `body` when `tile / divisor` differs from the last time this thread came by: work shared by neighbouring tiles. */
export interface OnChangeStatement {
	readonly kind: "onChange";
	readonly memory: string;
	readonly divisor: number;
	readonly body: readonly Statement[];
}
export interface CallOperand {
	readonly buffer: BufferName;
	readonly index: Affine;
}
export interface CallStatement {
	readonly kind: "call";
	readonly microkernel: string;
	readonly operands: readonly CallOperand[];
	/** Steps of the micro-kernel's loop. */
	readonly steps: Affine;
}

export type Statement =
	| DeclareStatement
	| AssignStatement
	| StoreStatement
	| TransposeStatement
	| PrefetchStatement
	| ZeroStatement
	| ForStatement
	| BranchStatement
	| TileStartStatement
	| OnChangeStatement
	| CallStatement;

/** A function of its own, shared by all callers of the same name; its loop bound is the variable `steps`. */
export interface Microkernel {
	/** Says all there is to say: equal names mean equal bodies. */
	readonly name: string;
	/** Lanes of its `addPairProducts`, for which a processor may have an instruction that others of its target lack; null: none. */
	readonly pairLanes: number | null;
	readonly parameters: readonly {
		readonly name: BufferName;
		readonly elementType: DataType;
		readonly access: "read" | "write";
	}[];
	readonly body: readonly Statement[];
}

/** Computes tiles 0 to `tiles` - 1, in any order and on any thread; `body` computes one. */
export interface LoopKernel {
	readonly tiles: number;
	/** Worth more than one thread. */
	readonly isParallel: boolean;
	readonly buffers: readonly Buffer[];
	readonly body: readonly Statement[];
}

export interface LoopProgram {
	readonly inputs: readonly {
		readonly shape: Shape;
		readonly dataType: DataType;
		readonly role: "activation" | "weight";
	}[];
	readonly outputs: readonly { readonly shape: Shape; readonly dataType: DataType }[];
	readonly microkernels: readonly Microkernel[];
	/** Runs once per set of weights: the kernels in order, on one thread, then the body. */
	readonly prepare: {
		/** Read weights and the prepared area, write the prepared area. */
		readonly kernels: readonly LoopKernel[];
		/** Their thread's slice, at the end of the prepared area. */
		readonly scratchOffsetBytes: number;
		readonly scratchBytes: number;
		readonly buffers: readonly Buffer[];
		readonly body: readonly Statement[];
	};
	/** In order; each begins when the one before has ended. */
	readonly kernels: readonly LoopKernel[];
	readonly preparedBytes: number;
	readonly sharedBytes: number;
	readonly threadBytes: number;
}

/** Lanes of an expression's value. */
export function expressionLanes(expression: Expression): number {
	switch (expression.kind) {
		case "number":
		case "horizontal":
			return 1;
		case "local":
		case "load":
		case "apply":
			return expression.lanes;
		case "keep":
			return expressionLanes(expression.operand);
	}
}
