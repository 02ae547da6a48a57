// What counts as a weight: a float tensor large enough that its values are data and not part of the program.
// The importer never folds a weight, and `stripWeights` takes exactly the weights away, so that a stripped model imports
// to the same program as the whole one.

import { type DataType, isFloat } from "#shared/tensor/data-type.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";

/** Float constants of more elements than this are weights. */
export const constantElementsMax = 1024;

export function isWeight(dataType: DataType, shape: Shape): boolean {
	return isFloat(dataType) && elementCount(shape) > constantElementsMax;
}

/** Key of the model's metadata under which `stripWeights` lists the inputs that were weights (a JSON array of names). */
export const weightsMetadataKey = "kiln.weights";
