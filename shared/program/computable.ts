// Which primitives of a graph a program can hold, and why the others cannot: one table, so that messages, documentation
// and the builder agree.

import { present } from "#shared/fault/assert.ts";
import type { BinaryOperator, Graph, GraphNode, UnaryOperator, ValueId } from "#shared/graph/graph.ts";
import { nodeOperands } from "#shared/graph/graph.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { MapOperator } from "./program.ts";

/** `view`: moves elements and computes nothing; `compute`: arithmetic. */
export type PrimitiveClass =
	| { readonly kind: "view" }
	| { readonly kind: "compute" }
	| { readonly kind: "refused"; readonly reason: string };

/** Unary primitives that are one map operator. `reciprocal` is spelled as a division; what is missing has no map operator. */
export const mapOfUnary: Readonly<Partial<Record<UnaryOperator, MapOperator>>> = {
	abs: "abs",
	negate: "negate",
	exp: "exp",
	log: "log",
	sqrt: "sqrt",
	erf: "erf",
	sigmoid: "sigmoid",
	sin: "sin",
	cos: "cos",
	tanh: "tanh",
	floor: "floor",
	ceil: "ceil",
	roundHalfEven: "roundHalfEven",
	sign: "sign",
	not: "not",
};

/** Binary primitives that are one map operator; `swap` exchanges the operands (a > b is b < a). */
export const mapOfBinary: Readonly<
	Partial<Record<BinaryOperator, { readonly operator: MapOperator; readonly swap: boolean }>>
> = {
	add: { operator: "add", swap: false },
	subtract: { operator: "subtract", swap: false },
	multiply: { operator: "multiply", swap: false },
	divide: { operator: "divide", swap: false },
	power: { operator: "power", swap: false },
	maximum: { operator: "maximum", swap: false },
	minimum: { operator: "minimum", swap: false },
	equal: { operator: "equal", swap: false },
	less: { operator: "less", swap: false },
	lessOrEqual: { operator: "lessOrEqual", swap: false },
	greater: { operator: "less", swap: true },
	greaterOrEqual: { operator: "lessOrEqual", swap: true },
	and: { operator: "and", swap: false },
	or: { operator: "or", swap: false },
};

/** What a program computes in: float32, with float16 and bool as storage. */
export function isComputedType(dataType: DataType): boolean {
	return dataType === "float32" || dataType === "float16" || dataType === "bool";
}

/** Integers whose every value float32 holds exactly, so that comparing them as float32 is exact. */
function comparesExactly(dataType: DataType): boolean {
	const narrow: readonly DataType[] = ["int8", "int16", "uint8", "uint16"];
	return isComputedType(dataType) || narrow.includes(dataType);
}

const view: PrimitiveClass = { kind: "view" };
const compute: PrimitiveClass = { kind: "compute" };
const refused = (reason: string): PrimitiveClass => ({ kind: "refused", reason });

/** Whether a program can hold this primitive. Depends on operator and types only, not on what surrounds it. */
export function classifyPrimitive(graph: Graph, node: GraphNode): PrimitiveClass {
	const values = [node.output, ...nodeOperands(node)];
	if (values.some((value) => elementCount(valueAt(graph, value).shape) === 0)) return refused("empty tensor");
	return classifyByKind[node.kind](graph, node as never);
}

/** Whether a primitive leaves work in a program: views and conversions between numbers dissolve. */
export function isArithmetic(graph: Graph, node: GraphNode): boolean {
	if (node.kind === "cast")
		return typeOf(graph, node.output) === "bool" && typeOf(graph, node.input) !== "bool";
	return classifyPrimitive(graph, node).kind === "compute";
}

const valueAt = (graph: Graph, value: ValueId) => present(graph.values[value], "value of the graph");
const typeOf = (graph: Graph, value: ValueId): DataType => valueAt(graph, value).dataType;

const classifyByKind: {
	readonly [K in GraphNode["kind"]]: (graph: Graph, node: Extract<GraphNode, { kind: K }>) => PrimitiveClass;
} = {
	unary: (graph, node) => {
		if (node.operator !== "reciprocal" && mapOfUnary[node.operator] === undefined)
			return refused(`${node.operator} has no counterpart in programs`);
		return computedTypes(graph, [node.output, node.input]);
	},
	binary: (graph, node) => {
		if (node.operator !== "xor" && mapOfBinary[node.operator] === undefined)
			return refused(`${node.operator} has no counterpart in programs`);
		const operands = [node.left, node.right].map((operand) => typeOf(graph, operand));
		const inexact = operands.find((type) => !comparesExactly(type));
		if (inexact !== undefined && typeOf(graph, node.output) === "bool")
			return refused(`comparison of ${inexact}, which float32 does not hold exactly`);
		return computedTypes(graph, [node.output]);
	},
	select: (graph, node) => computedTypes(graph, [node.output, node.condition]),
	cast: (graph, node) => {
		const from = typeOf(graph, node.input);
		const to = typeOf(graph, node.output);
		if (from === "float64" || from === "bfloat16") return refused(`${from} arithmetic`);
		if (to === "bool" && !comparesExactly(from)) return refused(`${from} to bool`);
		if (!isComputedType(to)) return refused(`cast to ${to}`);
		return from === to ? view : compute;
	},
	matmul: (graph, node) => computedTypes(graph, [node.output]),
	reduce: (graph, node) => computedTypes(graph, [node.output]),
	cumulativeSum: () => refused("cumulative sum"),
	reshape: () => view,
	transpose: () => view,
	broadcast: () => view,
	concat: () => view,
	slice: () => view,
	pad: () => refused("padding"),
	gather: () => refused("gather"),
	gatherElements: () => refused("gather"),
	gatherNd: () => refused("gather"),
};

function computedTypes(graph: Graph, values: readonly ValueId[]): PrimitiveClass {
	const other = values.map((value) => typeOf(graph, value)).find((type) => !isComputedType(type));
	return other === undefined ? compute : refused(`${other} arithmetic`);
}
