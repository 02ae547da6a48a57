// Which sums a value comes from, in a program or a µGraph.

import { present } from "#shared/fault/assert.ts";
import type { BlockNode, MuGraph } from "#shared/mugraph/mugraph.ts";
import type { AxisId, Program } from "#shared/program/program.ts";

/** What a node is to a search for sums. */
export type TracedNode =
	/** A sum; `operand` is what it sums, or null for a product. */
	| { readonly kind: "sum"; readonly over: readonly AxisId[]; readonly operand: number | null }
	/** The value of another node, moved or accumulated. */
	| { readonly kind: "same"; readonly operand: number }
	| { readonly kind: "computed"; readonly operands: readonly number[] };

const nothing: TracedNode = { kind: "computed", operands: [] };

/** By node. */
export function tracedProgram(program: Program): (id: number) => TracedNode {
	return (id) => {
		const node = present(program.nodes[id], "node");
		if (node.kind === "map") return { kind: "computed", operands: node.operands };
		if (node.kind === "contract") return { kind: "sum", over: node.over, operand: null };
		return node.kind === "reduce" && node.operator === "sum"
			? { kind: "sum", over: node.over, operand: node.operand }
			: nothing;
	};
}

/** Nodes of all kernels are numbered on; `firstOf` has the number of each kernel's first. */
export function tracedMuGraph(muGraph: MuGraph): {
	readonly traced: (id: number) => TracedNode;
	readonly firstOf: readonly number[];
} {
	const nodes: TracedNode[] = [];
	const firstOf: number[] = [];
	const stored = new Map<number, number>();
	for (const kernel of muGraph.kernels) {
		const first = nodes.length;
		firstOf.push(first);
		for (const node of kernel.nodes) {
			nodes.push(traceBlockNode(node, first, stored));
			if (node.kind === "store" && node.target.kind === "intermediate")
				stored.set(node.target.intermediate, first + node.operand);
		}
	}
	return { traced: (id) => present(nodes[id], "node"), firstOf };
}

function traceBlockNode(node: BlockNode, first: number, stored: ReadonlyMap<number, number>): TracedNode {
	switch (node.kind) {
		case "load": {
			const from = node.source.kind === "intermediate" ? stored.get(node.source.intermediate) : undefined;
			return from === undefined ? nothing : { kind: "same", operand: from };
		}
		case "constant":
			return nothing;
		case "map":
			return { kind: "computed", operands: node.operands.map((operand) => first + operand) };
		case "contract":
		case "accumulateDeviations":
			return { kind: "sum", over: node.over, operand: null };
		case "reduce":
			return node.operator === "sum"
				? { kind: "sum", over: node.over, operand: first + node.operand }
				: nothing;
		case "accumulate":
		case "store":
			return { kind: "same", operand: first + node.operand };
	}
}

/**
 * The axes of the nearest sum below a value that fits; sums of sums count together. Null when none does.
 */
export function findSummedAxes(
	traced: (id: number) => TracedNode,
	start: number,
	fits: (axes: readonly AxisId[]) => boolean,
): readonly AxisId[] | null {
	const seen = new Set<number>();
	let level: { readonly id: number; readonly summed: readonly AxisId[] }[] = [{ id: start, summed: [] }];
	while (level.length > 0) {
		const next: typeof level = [];
		for (const { id, summed } of level) {
			if (seen.has(id)) continue;
			seen.add(id);
			const node = traced(id);
			if (node.kind === "computed")
				next.push(...node.operands.map((operand) => ({ id: operand, summed: [] })));
			else if (node.kind === "same") next.push({ id: node.operand, summed });
			else {
				const axes = [...new Set([...summed, ...node.over])];
				if (fits(axes)) return axes;
				if (node.operand !== null) next.push({ id: node.operand, summed: axes });
			}
		}
		level = next;
	}
	return null;
}
