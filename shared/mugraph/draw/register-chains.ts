import { present } from "#shared/fault/assert.ts";
import { type BlockNode, type BlockNodeId, blockNodeOperands, type Kernel } from "../mugraph.ts";

/**
 * The thread level: element-wise nodes of a kernel that run as one chain, each intermediate value in a register. A map
 * joins its only reader when that is a map of the same stage over the same axes. By node: the last node of its chain;
 * itself for a map alone; null for what is no map.
 */
export function registerChains(kernel: Kernel): readonly (BlockNodeId | null)[] {
	const readers = kernel.nodes.map((): BlockNodeId[] => []);
	kernel.nodes.forEach((node, id) => {
		for (const operand of new Set(blockNodeOperands(node))) readers[operand]?.push(id);
	});
	const last: (BlockNodeId | null)[] = kernel.nodes.map(() => null);
	for (const [id, node] of [...kernel.nodes.entries()].reverse()) {
		if (node.kind !== "map") continue;
		const [reader, ...others] = present(readers[id], "readers of a node");
		const isJoined = reader !== undefined && others.length === 0 && continues(node, kernel.nodes[reader]);
		last[id] = isJoined ? present(last[reader], "chain of a map") : id;
	}
	return last;
}

function continues(node: BlockNode, reader: BlockNode | undefined): boolean {
	return reader?.kind === "map" && reader.stage === node.stage && reader.axes.join() === node.axes.join();
}
