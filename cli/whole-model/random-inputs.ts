import { createRandom } from "#shared/numeric/random.ts";
import { isFloat } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import type { Port } from "./bound-run.ts";

/** Floats uniform in [-1, 1), integers 0 or 1 (they may be indices), open extents 1. Equal seeds give equal tensors. */
export function drawInputs(ports: readonly Port[], seed: number): TensorData[] {
	return ports.map(({ dataType, shape: declared }, at) => {
		const random = createRandom(seed, at);
		const shape = declared.map((extent) => extent ?? 1);
		const draw = isFloat(dataType) ? () => random.nextUnit() * 2 - 1 : () => random.nextBelow(2);
		return writeElements(dataType, shape, Float64Array.from({ length: elementCount(shape) }, draw));
	});
}
