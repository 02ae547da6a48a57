// Edits of a kernel that keep its numbering sound: what rules of mutation are made of.

import { present } from "#shared/fault/assert.ts";
import type { BlockNode, BlockNodeId, Kernel, MuGraph } from "#shared/mugraph/mugraph.ts";
import { renumberOperands } from "#shared/mugraph/renumber-operands.ts";
import type { AxisId } from "#shared/program/program.ts";

export const ascendingAxes = (axes: Iterable<AxisId>): AxisId[] => [...new Set(axes)].sort((a, b) => a - b);

export function replaceNode(kernel: Kernel, at: BlockNodeId, node: BlockNode): Kernel {
	return { ...kernel, nodes: kernel.nodes.with(at, node) };
}

/** Without a node, whose readers read `instead`, an earlier one. */
export function dropNode(kernel: Kernel, at: BlockNodeId, instead: BlockNodeId): Kernel {
	const moved = (id: BlockNodeId): BlockNodeId => {
		const kept = id === at ? instead : id;
		return kept > at ? kept - 1 : kept;
	};
	const nodes = kernel.nodes.filter((_, id) => id !== at).map((node) => renumberOperands(node, moved));
	return { ...kernel, nodes };
}

/**
 * With nodes after `at` (their operands are numbers in the new kernel, `at` keeps its own), whose last one is read instead
 * of `at` by everything after.
 */
export function insertAfter(kernel: Kernel, at: BlockNodeId, added: readonly BlockNode[]): Kernel {
	const moved = (id: BlockNodeId): BlockNodeId => (id >= at ? id + added.length : id);
	const before = kernel.nodes.slice(0, at + 1);
	const after = kernel.nodes.slice(at + 1).map((node) => renumberOperands(node, moved));
	return { ...kernel, nodes: [...before, ...added, ...after] };
}

/** Nodes in the order of their stages, which a rule may have changed. */
export function sortByStage(kernel: Kernel): Kernel {
	const stage = (id: BlockNodeId): number => present(kernel.nodes[id], "node").stage;
	const order = [...kernel.nodes.keys()].sort((a, b) => stage(a) - stage(b) || a - b);
	const moved = (id: BlockNodeId): BlockNodeId => order.indexOf(id);
	return { ...kernel, nodes: order.map((id) => renumberOperands(present(kernel.nodes[id], "node"), moved)) };
}

export function withKernel(muGraph: MuGraph, at: number, kernel: Kernel): MuGraph {
	return { ...muGraph, kernels: muGraph.kernels.with(at, kernel) };
}

/** Gives every node the axes that its operands have now, as far as the kinds say. */
export function propagateAxes(kernel: Kernel): Kernel {
	const nodes: BlockNode[] = [];
	const union = (ids: readonly BlockNodeId[], without: readonly AxisId[] = []): AxisId[] =>
		ascendingAxes(ids.flatMap((id) => nodes[id]?.axes ?? [])).filter((axis) => !without.includes(axis));
	for (const node of kernel.nodes) {
		switch (node.kind) {
			case "map":
				nodes.push({ ...node, axes: union(node.operands) });
				break;
			case "accumulate":
				nodes.push({ ...node, axes: union([node.operand]) });
				break;
			case "reduce":
			case "accumulateDeviations":
				nodes.push({ ...node, axes: union([node.operand], node.over) });
				break;
			case "contract":
				nodes.push({ ...node, axes: union([node.left, node.right], node.over) });
				break;
			default:
				nodes.push(node);
		}
	}
	return { ...kernel, nodes };
}

/** Earlier nodes of the same axes that could be read instead of `operand`. */
export function likeOperand(kernel: Kernel, reader: BlockNodeId, operand: BlockNodeId): BlockNodeId[] {
	const axes = present(kernel.nodes[operand], "operand").axes.join();
	return [...kernel.nodes.keys()].filter((id) => {
		const node = kernel.nodes[id];
		return id < reader && id !== operand && node?.kind !== "store" && node?.axes.join() === axes;
	});
}
