// What the importer of one ONNX operator is given: the node's operands and attributes, and the builder that its
// primitives go into. Operator families (shared/onnx/operators/) know nothing of files, names or scopes.

import type { ErrorCode } from "#shared/fault/optimize-error.ts";
import type { ValueId } from "#shared/graph/graph.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { GraphBuilder } from "./graph-builder.ts";

/** The ONNX node being imported. Names are untrusted text. */
export interface NodeIdentity {
	readonly name: string;
	readonly operator: string;
	/** "" for ONNX's own operators. */
	readonly domain: string;
	/** Position in the file's node list. */
	readonly index: number;
}

/**
 * One node's view of the model. Attribute readers throw `model.op_attribute_invalid` when the attribute has another
 * type, and `model.op_attribute_invalid` when it is missing and no fallback is given.
 */
export interface NodeContext {
	readonly node: NodeIdentity;
	/** Version of the node's own domain that the model asks for. */
	readonly opset: number;
	readonly build: GraphBuilder;
	/** Number of operands written, trailing absent ones included. */
	readonly inputCount: number;
	/** Number of results written; trailing unnamed ones included. */
	readonly outputCount: number;
	/** The i-th operand; an absent one makes the model malformed. */
	input(index: number): ValueId;
	/** The i-th operand, or null when it is absent or left empty. */
	optionalInput(index: number): ValueId | null;
	/** Whether the i-th result is wanted (named). */
	hasOutput(index: number): boolean;
	/** Binds the i-th result. Setting an unnamed result is allowed and has no effect. */
	output(index: number, value: ValueId): void;
	hasAttribute(name: string): boolean;
	attributeInt(name: string, fallback?: number): number;
	attributeFloat(name: string, fallback?: number): number;
	attributeString(name: string, fallback?: string): string;
	attributeInts(name: string, fallback?: readonly number[]): readonly number[];
	attributeFloats(name: string, fallback?: readonly number[]): readonly number[];
	/** A tensor attribute, or null when it is missing. */
	attributeTensor(name: string): TensorData | null;
	/**
	 * Writes out the graph that an attribute holds, for these operands, and returns its results. Refuses the node where the
	 * graph is large, reads values from outside or holds graphs itself.
	 */
	subgraph(name: string, operands: readonly ValueId[]): readonly ValueId[];
	/**
	 * Ends the import of this node. `model.op_unsupported`, `.op_attribute_unsupported`, `.type_unsupported` and
	 * `.shape_unbound` cost the node (and name it in the refusals); any other code says that the model is invalid and
	 * ends the whole import. `reason` says what was found and what is expected; node and operator are added to it.
	 */
	refuse(code: ErrorCode, reason: string, detail?: Readonly<Record<string, unknown>>): never;
}

/** Writes one ONNX node as primitives and binds its results. */
export type OperatorImporter = (context: NodeContext) => void;

export interface OperatorEntry {
	readonly import: OperatorImporter;
	/** First opset of the operator's domain in which the node is accepted. */
	readonly sinceOpset: number;
	/** Prose for docs/operators.md: what is limited and why. Empty when the operator is supported whole. */
	readonly limits: string;
}
