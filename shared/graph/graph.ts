// The tensor program as imported: primitive operators over static shapes.
// In: nothing but data. Out: the IR that every later stage reads. Fused ONNX operators (Softmax, LayerNormalization,
// Attention, …) never appear here: the importer writes them out in primitives, and each primitive remembers the ONNX
// node it came from, so that messages name what the user wrote and islands can be cut along ONNX nodes.

import type { DataType } from "#shared/tensor/data-type.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

/** Index into `Graph.values`. */
export type ValueId = number;

export interface Value {
	/** The ONNX name, or a made one for values inside a decomposed operator. Untrusted text. */
	readonly name: string;
	readonly dataType: DataType;
	readonly shape: Shape;
}

/** Element-wise, one operand, result of the operand's type (comparisons: bool). */
export type UnaryOperator =
	| "abs"
	| "negate"
	| "exp"
	| "log"
	| "sqrt"
	| "reciprocal"
	| "erf"
	| "sigmoid"
	| "sin"
	| "cos"
	| "tan"
	| "asin"
	| "acos"
	| "atan"
	| "sinh"
	| "cosh"
	| "tanh"
	| "asinh"
	| "acosh"
	| "atanh"
	| "floor"
	| "ceil"
	| "roundHalfEven"
	| "sign"
	| "not"
	| "bitwiseNot"
	| "isNaN"
	| "isInfinite";

/** Element-wise with NumPy broadcasting. `remainder` has the divisor's sign, `fmod` the dividend's. Integer division truncates. */
export type BinaryOperator =
	| "add"
	| "subtract"
	| "multiply"
	| "divide"
	| "power"
	| "maximum"
	| "minimum"
	| "remainder"
	| "fmod"
	| "equal"
	| "less"
	| "lessOrEqual"
	| "greater"
	| "greaterOrEqual"
	| "and"
	| "or"
	| "xor"
	| "bitwiseAnd"
	| "bitwiseOr"
	| "bitwiseXor"
	| "shiftLeft"
	| "shiftRight";

export type ReduceOperator = "sum" | "max" | "min" | "product";

interface NodeBase {
	readonly output: ValueId;
	/** Index into `Graph.sources`: the ONNX node this primitive is part of. */
	readonly source: number;
}

export interface UnaryNode extends NodeBase {
	readonly kind: "unary";
	readonly operator: UnaryOperator;
	readonly input: ValueId;
}
export interface BinaryNode extends NodeBase {
	readonly kind: "binary";
	readonly operator: BinaryOperator;
	readonly left: ValueId;
	readonly right: ValueId;
}
/** condition ? whenTrue : whenFalse, with NumPy broadcasting of all three. */
export interface SelectNode extends NodeBase {
	readonly kind: "select";
	readonly condition: ValueId;
	readonly whenTrue: ValueId;
	readonly whenFalse: ValueId;
}
/** Converts to the output's type. Float to integer truncates toward zero and wraps as ONNX Runtime does; to bool is `!= 0`. */
export interface CastNode extends NodeBase {
	readonly kind: "cast";
	readonly input: ValueId;
}
/** Batched matrix product: left [..., m, k] by right [..., k, n], NumPy broadcasting of the leading axes. Both of rank 2 or more. */
export interface MatmulNode extends NodeBase {
	readonly kind: "matmul";
	readonly left: ValueId;
	readonly right: ValueId;
}
/** Reduction over `axes` (non-negative, ascending). Kept axes have extent 1 when `keepDimensions`. Mean = sum times a constant. */
export interface ReduceNode extends NodeBase {
	readonly kind: "reduce";
	readonly operator: ReduceOperator;
	readonly input: ValueId;
	readonly axes: readonly number[];
	readonly keepDimensions: boolean;
}
export interface CumulativeSumNode extends NodeBase {
	readonly kind: "cumulativeSum";
	readonly input: ValueId;
	readonly axis: number;
	readonly exclusive: boolean;
	readonly reverse: boolean;
}
/** Same elements in row-major order, the output's shape. Squeeze, Unsqueeze and Flatten are reshapes. */
export interface ReshapeNode extends NodeBase {
	readonly kind: "reshape";
	readonly input: ValueId;
}
/** Output axis i is input axis `permutation[i]`. */
export interface TransposeNode extends NodeBase {
	readonly kind: "transpose";
	readonly input: ValueId;
	readonly permutation: readonly number[];
}
/** NumPy broadcast to the output's shape. */
export interface BroadcastNode extends NodeBase {
	readonly kind: "broadcast";
	readonly input: ValueId;
}
export interface ConcatNode extends NodeBase {
	readonly kind: "concat";
	readonly inputs: readonly ValueId[];
	readonly axis: number;
}
/** output[i] = input[starts + i * steps] on every axis; one entry an axis; steps may be negative, never 0. */
export interface SliceNode extends NodeBase {
	readonly kind: "slice";
	readonly input: ValueId;
	readonly starts: readonly number[];
	readonly steps: readonly number[];
}
/** Adds `before` elements in front of each axis (and what the output's shape asks for behind). Negative counts crop. */
export interface PadNode extends NodeBase {
	readonly kind: "pad";
	readonly input: ValueId;
	readonly before: readonly number[];
	readonly mode: "constant" | "reflect" | "edge" | "wrap";
	/** A scalar; null means zero. Only for mode "constant". */
	readonly fill: ValueId | null;
}
/** output[a.., i.., c..] = data[a.., indices[i..], c..]; negative indices count from the end. */
export interface GatherNode extends NodeBase {
	readonly kind: "gather";
	readonly data: ValueId;
	readonly indices: ValueId;
	readonly axis: number;
}
export interface GatherElementsNode extends NodeBase {
	readonly kind: "gatherElements";
	readonly data: ValueId;
	readonly indices: ValueId;
	readonly axis: number;
}
export interface GatherNdNode extends NodeBase {
	readonly kind: "gatherNd";
	readonly data: ValueId;
	readonly indices: ValueId;
	readonly batchAxes: number;
}

export type GraphNode =
	| UnaryNode
	| BinaryNode
	| SelectNode
	| CastNode
	| MatmulNode
	| ReduceNode
	| CumulativeSumNode
	| ReshapeNode
	| TransposeNode
	| BroadcastNode
	| ConcatNode
	| SliceNode
	| PadNode
	| GatherNode
	| GatherElementsNode
	| GatherNdNode;

/** An ONNX node as the user wrote it: what messages, refusals and baselines speak of. */
export interface SourceNode {
	/** Position in the file's node list. */
	readonly index: number;
	/** Untrusted text; may be empty. */
	readonly name: string;
	readonly operator: string;
	readonly domain: string;
}

export interface GraphInput {
	readonly value: ValueId;
	/**
	 * `weight`: constant between calls, so a kernel may re-arrange it once in its prepare step.
	 * `foreign`: the result of an ONNX node that was refused; the host computes it, and islands treat it as an activation.
	 */
	readonly role: "activation" | "weight" | "foreign";
}

export interface GraphOutput {
	readonly value: ValueId;
	/** The ONNX output name (one value may be returned under two names). */
	readonly name: string;
}

export interface Graph {
	readonly name: string;
	readonly values: readonly Value[];
	readonly inputs: readonly GraphInput[];
	/** Constants with known bytes: initializers and everything folded from them. */
	readonly constants: ReadonlyMap<ValueId, TensorData>;
	/** Topologically sorted; every value has one definition: an input, a constant or a node. */
	readonly nodes: readonly GraphNode[];
	readonly outputs: readonly GraphOutput[];
	readonly sources: readonly SourceNode[];
}

/** The values a node reads, in order. */
export function nodeOperands(node: GraphNode): readonly ValueId[] {
	return operandsByKind[node.kind](node as never);
}

const operandsByKind: {
	readonly [K in GraphNode["kind"]]: (node: Extract<GraphNode, { kind: K }>) => readonly ValueId[];
} = {
	unary: (node) => [node.input],
	binary: (node) => [node.left, node.right],
	select: (node) => [node.condition, node.whenTrue, node.whenFalse],
	cast: (node) => [node.input],
	matmul: (node) => [node.left, node.right],
	reduce: (node) => [node.input],
	cumulativeSum: (node) => [node.input],
	reshape: (node) => [node.input],
	transpose: (node) => [node.input],
	broadcast: (node) => [node.input],
	concat: (node) => node.inputs,
	slice: (node) => [node.input],
	pad: (node) => (node.fill === null ? [node.input] : [node.input, node.fill]),
	gather: (node) => [node.data, node.indices],
	gatherElements: (node) => [node.data, node.indices],
	gatherNd: (node) => [node.data, node.indices],
};
