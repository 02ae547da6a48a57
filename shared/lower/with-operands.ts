import { present } from "#shared/fault/assert.ts";
import type { BlockNode, BlockNodeId } from "#shared/mugraph/mugraph.ts";

/** The node reading what its operands have become: `idOf` has the new number of every node before it. */
export function withOperands(node: BlockNode, idOf: readonly BlockNodeId[]): BlockNode {
	const map = (id: BlockNodeId): BlockNodeId => present(idOf[id], "operands precede their users");
	switch (node.kind) {
		case "load":
		case "constant":
			return node;
		case "map":
			return { ...node, operands: node.operands.map(map) };
		case "reduce":
		case "accumulateDeviations":
		case "store":
			return { ...node, operand: map(node.operand) };
		case "contract":
			return { ...node, left: map(node.left), right: map(node.right) };
		case "accumulate":
			return {
				...node,
				operand: map(node.operand),
				rescale: node.rescale === null ? null : map(node.rescale),
			};
	}
}
