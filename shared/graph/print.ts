// Stable text of a tensor program: one line a definition, in order. For people, golden files and `--explain`.

import type { Graph, GraphNode, Value, ValueId } from "#shared/graph/graph.ts";
import { nodeOperands } from "#shared/graph/graph.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { decodeTensor } from "#shared/tensor/tensor-values.ts";

/** Constants of at most this many elements are printed with their values. */
const printedElementsMax = 8;

/**
 * Values are `%id`; constants that no node and no output reads are left out. Example:
 *
 *     graph "relu"
 *     %0 = input activation "x" : float32[2, 3]
 *     %1 = constant : float32[] {0}
 *     %2 = binary maximum %0 %1 : float32[2, 3]  ; Relu
 *     return %2 "y"
 *
 * Names are untrusted text and printed as JSON strings.
 */
export function printGraph(graph: Graph): string {
	const read = new Set([...graph.nodes.flatMap(nodeOperands), ...graph.outputs.map(({ value }) => value)]);
	const lines = [`graph ${JSON.stringify(graph.name)}`];
	for (const { value, role } of graph.inputs) {
		lines.push(`%${value} = input ${role} ${nameOf(graph, value)} : ${typeOf(graph, value)}`);
	}
	for (const [id, data] of graph.constants) {
		if (read.has(id))
			lines.push(`%${id} = constant${named(graph, id)} : ${typeOf(graph, id)}${elements(data)}`);
	}
	for (const node of graph.nodes) lines.push(nodeLine(graph, node));
	for (const { value, name } of graph.outputs) lines.push(`return %${value} ${JSON.stringify(name)}`);
	return `${lines.join("\n")}\n`;
}

function nodeLine(graph: Graph, node: GraphNode): string {
	const { kind, output, source, ...fields } = node;
	const operands = nodeOperands(node).map((id) => ` %${id}`);
	const origin = graph.sources[source];
	const operator = "operator" in node ? ` ${node.operator}` : "";
	const comment = origin === undefined ? "" : `  ; ${JSON.stringify(origin.operator).slice(1, -1)}`;
	return `%${output} = ${kind}${operator}${operands.join("")}${attributes(fields)} : ${typeOf(graph, output)}${comment}`;
}

/** Fields that are neither operands nor the operator, by name. */
function attributes(fields: Readonly<Record<string, unknown>>): string {
	const operandFields = new Set([
		"operator",
		"input",
		"inputs",
		"left",
		"right",
		"condition",
		"whenTrue",
		"whenFalse",
		"fill",
		"data",
		"indices",
	]);
	return Object.keys(fields)
		.filter((field) => !operandFields.has(field))
		.sort()
		.map((field) => {
			const value = fields[field];
			return ` ${field}=${Array.isArray(value) ? `[${value.join(", ")}]` : String(value)}`;
		})
		.join("");
}

function typeOf(graph: Graph, id: ValueId): string {
	const value: Value | undefined = graph.values[id];
	return value === undefined ? "?" : `${value.dataType}[${value.shape.join(", ")}]`;
}

function nameOf(graph: Graph, id: ValueId): string {
	return JSON.stringify(graph.values[id]?.name ?? "");
}

function named(graph: Graph, id: ValueId): string {
	return graph.values[id]?.name ? ` ${nameOf(graph, id)}` : "";
}

function elements(data: TensorData): string {
	if (elementCount(data.shape) > printedElementsMax) return "";
	return ` {${Array.from(decodeTensor(data).values, String).join(", ")}}`;
}
