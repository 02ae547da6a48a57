import { present } from "#shared/fault/assert.ts";
import type { Graph, GraphNode } from "#shared/graph/graph.ts";
import { isArithmetic } from "#shared/program/computable.ts";
import { elementCount } from "#shared/tensor/shape.ts";

export interface Coverage {
	readonly sourcesInIslands: number;
	/** ONNX nodes with work left after constants were folded. Refused nodes are not among them. */
	readonly sourcesTotal: number;
	/**
	 * Arithmetic operations in islands over all of the graph's, 0 to 1; 0 for a graph without arithmetic. What refused
	 * nodes compute is unknown and not counted.
	 */
	readonly flopsShare: number;
}

/** How much of a graph its islands hold. */
export function coverageOf(
	graph: Graph,
	islands: readonly { readonly nodes: readonly number[] }[],
): Coverage {
	const inIslands = new Set(islands.flatMap((island) => island.nodes));
	const sourcesIn = new Set<number>();
	let operations = 0;
	let operationsIn = 0;
	for (const [id, node] of graph.nodes.entries()) {
		const own = operationsOf(graph, node);
		operations += own;
		if (!inIslands.has(id)) continue;
		operationsIn += own;
		sourcesIn.add(node.source);
	}
	return {
		sourcesInIslands: sourcesIn.size,
		sourcesTotal: new Set(graph.nodes.map((node) => node.source)).size,
		flopsShare: operations === 0 ? 0 : operationsIn / operations,
	};
}

/** A multiply-add is two operations, an element-wise result or a reduced element one. */
function operationsOf(graph: Graph, node: GraphNode): number {
	const shapeOf = (value: number) => present(graph.values[value], "value of the graph").shape;
	const results = elementCount(shapeOf(node.output));
	if (node.kind === "matmul") return 2 * results * present(shapeOf(node.left).at(-1), "contracted extent");
	if (node.kind === "reduce") return elementCount(shapeOf(node.input));
	return isArithmetic(graph, node) ? results : 0;
}
