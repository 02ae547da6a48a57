import type { ValueId } from "#shared/graph/graph.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import type { NodeContext } from "../node-context.ts";

/** Longest run of positions held as a constant: a declared extent alone must not cost memory. */
const positionsMax = 2 ** 20;

/**
 * The constant start, start + 1, … of `count` elements along one axis, with `axesBehind` axes of extent 1 behind it.
 * Refuses the node beyond `positionsMax`.
 */
export function positions(
	context: NodeContext,
	dataType: DataType,
	count: number,
	axesBehind = 0,
	start = 0,
): ValueId {
	if (count > positionsMax) {
		context.refuse(
			"model.op_attribute_unsupported",
			`found an axis of ${count} positions, supported: up to ${positionsMax}`,
			{ found: count, limit: positionsMax },
		);
	}
	const shape = [count, ...new Array<number>(axesBehind).fill(1)];
	const numbers = Array.from({ length: count }, (_, index) => start + index);
	return context.build.constant(writeElements(dataType, shape, numbers));
}
