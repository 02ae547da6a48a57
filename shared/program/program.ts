// The canonical program of an island: a DAG over axis-labelled tensors, and the object that is fingerprinted, searched,
// verified, scheduled and cached. Reshapes, transposes, slices and broadcasts have dissolved into strided accesses at its
// borders, so what is left is arithmetic: element-wise maps, reductions and contractions over named axes.
// No names, no weight values, no node order of the user's survive in it (shared/program/fingerprint.ts).

import type { DataType } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";

/** Index into `Program.axes`. Every axis has an extent of 2 or more; extents of 1 have no axis. */
export type AxisId = number;
/** Index into `Program.nodes`. */
export type ProgramNodeId = number;

export interface Axis {
	readonly extent: number;
}

/**
 * Where the element at given axis positions lies in a flat row-major buffer:
 * `offset + sum(strides[i] * position(axes[i]))`, in elements. Strides may be negative; axes are distinct.
 */
export interface StridedAccess {
	readonly offset: number;
	readonly axes: readonly AxisId[];
	readonly strides: readonly number[];
}

export interface ProgramInput {
	readonly shape: Shape;
	/** Loaded as float32 whatever it is stored as (bool: 0 or 1; integers: their value, exact to 2^24). */
	readonly dataType: DataType;
	/** Constant between calls: a kernel may pack it once in its prepare step. */
	readonly role: "activation" | "weight";
}

/**
 * Element-wise operators of a program. Comparisons give 1 or 0; `select` takes any non-zero condition as true.
 * `reciprocal`, `square` and the like are spelled with the others (x·x is multiply(x, x)).
 */
export type MapOperator =
	| "add"
	| "subtract"
	| "multiply"
	| "divide"
	| "maximum"
	| "minimum"
	| "power"
	| "negate"
	| "abs"
	| "exp"
	| "log"
	| "sqrt"
	| "erf"
	| "sigmoid"
	| "tanh"
	| "sin"
	| "cos"
	| "floor"
	| "ceil"
	| "roundHalfEven"
	| "sign"
	| "not"
	| "equal"
	| "less"
	| "lessOrEqual"
	| "and"
	| "or"
	| "select";

export const mapOperatorArity: Readonly<Record<MapOperator, 1 | 2 | 3>> = {
	add: 2,
	subtract: 2,
	multiply: 2,
	divide: 2,
	maximum: 2,
	minimum: 2,
	power: 2,
	negate: 1,
	abs: 1,
	exp: 1,
	log: 1,
	sqrt: 1,
	erf: 1,
	sigmoid: 1,
	tanh: 1,
	sin: 1,
	cos: 1,
	floor: 1,
	ceil: 1,
	roundHalfEven: 1,
	sign: 1,
	not: 1,
	equal: 2,
	less: 2,
	lessOrEqual: 2,
	and: 2,
	or: 2,
	select: 3,
};

export type ReduceOperator = "sum" | "max" | "min" | "product";

/** Reads one element of an input for each position of `access.axes`. One tensor may be read through several accesses. */
export interface InputNode {
	readonly kind: "input";
	readonly input: number;
	readonly access: StridedAccess;
	readonly axes: readonly AxisId[];
}
/** A scalar. The exact value matters to the verifier: a float64 is an exact dyadic rational. */
export interface ConstantNode {
	readonly kind: "constant";
	readonly value: number;
	readonly axes: readonly AxisId[];
}
/** Operands broadcast by label: the result's axes are the union of the operands'. */
export interface MapNode {
	readonly kind: "map";
	readonly operator: MapOperator;
	readonly operands: readonly ProgramNodeId[];
	readonly axes: readonly AxisId[];
}
export interface ReduceNode {
	readonly kind: "reduce";
	readonly operator: ReduceOperator;
	readonly operand: ProgramNodeId;
	readonly over: readonly AxisId[];
	readonly axes: readonly AxisId[];
}
/** sum over `over` of left · right, broadcast by label. */
export interface ContractNode {
	readonly kind: "contract";
	readonly left: ProgramNodeId;
	readonly right: ProgramNodeId;
	readonly over: readonly AxisId[];
	readonly axes: readonly AxisId[];
}

/** `axes` of every node: ascending ids, each once. Nodes are topologically sorted. */
export type ProgramNode = InputNode | ConstantNode | MapNode | ReduceNode | ContractNode;

/** One strided region of an output buffer; the regions of an output are disjoint and cover it (a concatenation has several). */
export interface OutputPiece {
	readonly node: ProgramNodeId;
	readonly access: StridedAccess;
}

export interface ProgramOutput {
	readonly shape: Shape;
	readonly dataType: DataType;
	readonly pieces: readonly OutputPiece[];
}

export interface Program {
	readonly axes: readonly Axis[];
	readonly inputs: readonly ProgramInput[];
	readonly nodes: readonly ProgramNode[];
	readonly outputs: readonly ProgramOutput[];
}

/** The nodes a node reads, in order. */
export function programNodeOperands(node: ProgramNode): readonly ProgramNodeId[] {
	switch (node.kind) {
		case "input":
		case "constant":
			return [];
		case "map":
			return node.operands;
		case "reduce":
			return [node.operand];
		case "contract":
			return [node.left, node.right];
	}
}
