import type { BlockNode, BlockNodeId } from "./mugraph.ts";

/** The node reading `moved(operand)` wherever it read `operand`. */
export function renumberOperands(node: BlockNode, moved: (id: BlockNodeId) => BlockNodeId): BlockNode {
	switch (node.kind) {
		case "load":
		case "constant":
			return node;
		case "map":
			return { ...node, operands: node.operands.map(moved) };
		case "reduce":
		case "accumulateDeviations":
		case "store":
			return { ...node, operand: moved(node.operand) };
		case "contract":
			return { ...node, left: moved(node.left), right: moved(node.right) };
		case "accumulate":
			return {
				...node,
				operand: moved(node.operand),
				rescale: node.rescale === null ? null : moved(node.rescale),
			};
	}
}
