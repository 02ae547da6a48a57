// Type demands that operators state themselves, because the primitive they become would accept more.

import type { ValueId } from "#shared/graph/graph.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import type { NodeContext } from "../node-context.ts";

/** Refuses the node unless the value is of a float type; returns that type. */
export function demandFloat(context: NodeContext, value: ValueId): DataType {
	const dataType = context.build.dataTypeOf(value);
	if (!isFloat(dataType)) {
		context.refuse("model.type_unsupported", `found ${dataType}, supported: float types`, {
			found: dataType,
		});
	}
	return dataType;
}

/** Refuses the node unless the value is a number (not bool); returns its type. */
export function demandNumber(context: NodeContext, value: ValueId): DataType {
	const dataType = context.build.dataTypeOf(value);
	if (dataType === "bool") {
		context.refuse("model.type_unsupported", "found bool, supported: number types", { found: dataType });
	}
	return dataType;
}
