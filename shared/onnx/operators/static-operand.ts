// Operands that decide a result's shape: their values must be known when the model is imported.

import type { ValueId } from "#shared/graph/graph.ts";
import type { NodeContext } from "../node-context.ts";

/** The numbers of an operand known at import; the node is refused (`model.shape_unbound`) when it is computed later. */
export function staticNumbers(context: NodeContext, value: ValueId, what: string): readonly number[] {
	return (
		context.build.constantNumbers(value) ??
		context.refuse(
			"model.shape_unbound",
			`operand ${what} ('${context.build.value(value).name}') is computed at run time, so that the result has no static shape`,
			{ operand: what },
		)
	);
}
