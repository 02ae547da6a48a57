// An ONNX file as plain data: ModelProto and what it holds, decoded field by field (field numbers from onnx.proto).
// Tensors, nodes and subgraphs keep views of the file's bytes. Sequences and the like are noted, never opened: the
// operators that use them are refused by name.

import { malformed } from "./wire.ts";

export interface OnnxModel {
	readonly irVersion: number;
	readonly producer: string;
	/** Version by domain; ONNX's own domain is "". */
	readonly opsets: ReadonlyMap<string, number>;
	readonly graph: OnnxGraph;
	readonly functions: readonly OnnxFunction[];
	readonly metadata: ReadonlyMap<string, string>;
}

export interface OnnxGraph {
	readonly name: string;
	readonly nodes: readonly OnnxNode[];
	readonly initializers: readonly OnnxTensor[];
	readonly sparseInitializers: number;
	readonly inputs: readonly ValueInfo[];
	readonly outputs: readonly ValueInfo[];
	readonly inner: readonly ValueInfo[];
}

export interface OnnxNode {
	readonly name: string;
	readonly operator: string;
	readonly domain: string;
	readonly overload: string;
	/** Names; "" for an absent operand. */
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attributes: ReadonlyMap<string, OnnxAttribute>;
	/** The NodeProto as written. */
	readonly bytes: Uint8Array;
}

/** AttributeProto.AttributeType. `graph` stands for all that holds subgraphs or types. */
export type AttributeKind = "float" | "int" | "string" | "tensor" | "floats" | "ints" | "strings" | "other";

export interface OnnxAttribute {
	readonly name: string;
	readonly kind: AttributeKind;
	readonly float: number;
	readonly int: number;
	readonly text: Uint8Array;
	readonly tensor: OnnxTensor | null;
	/** The GraphProto as written; null unless the attribute holds one. It is opened only by operators that import it. */
	readonly graph: Uint8Array | null;
	readonly floats: readonly number[];
	readonly ints: readonly number[];
	/** Set inside a local function: the value is the caller's attribute of this name. */
	readonly reference: string;
}

/** TensorProto. `runs` hold the typed fields' bytes as written: packed varints or little-endian numbers. */
export interface OnnxTensor {
	readonly name: string;
	/** TensorProto.DataType as a number. */
	readonly elementType: number;
	readonly dimensions: readonly number[];
	readonly raw: Uint8Array | null;
	readonly runs: Readonly<Record<TensorField, readonly Uint8Array[]>>;
	/** Null when the bytes are in this file. Entries as written: keys may repeat. */
	readonly external: readonly (readonly [key: string, value: string])[] | null;
	/** The TensorProto as written. */
	readonly bytes: Uint8Array;
}

export type TensorField = "float" | "int32" | "string" | "int64" | "double" | "uint64";

/** An extent, the name of one, or null when the file says neither. */
export type DeclaredExtent = number | string | null;

export interface ValueInfo {
	readonly name: string;
	/** TensorProto.DataType, or null when the value is no dense tensor or has no type. */
	readonly elementType: number | null;
	/** What the value is when it is no tensor: "sequence", "map", "optional", "sparse tensor". */
	readonly otherKind: string | null;
	/** Null when the rank is unknown. */
	readonly extents: readonly DeclaredExtent[] | null;
	/** The ValueInfoProto as written. */
	readonly bytes: Uint8Array;
}

/** A model-local function. */
export interface OnnxFunction {
	readonly name: string;
	readonly domain: string;
	readonly overload: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly attributes: readonly string[];
	readonly attributeDefaults: ReadonlyMap<string, OnnxAttribute>;
	readonly nodes: readonly OnnxNode[];
	readonly opsets: ReadonlyMap<string, number>;
}

/** "ai.onnx" is another spelling of "". */
export function canonicalDomain(domain: string): string {
	return domain === "ai.onnx" ? "" : domain;
}

/** Adds to a map whose keys must not repeat. */
export function addOnce<V>(map: Map<string, V>, key: string, value: V, what: string): void {
	if (map.has(key)) malformed(`${what} '${key}' is given twice`, { name: key });
	map.set(key, value);
}
