// Data on which unstable formulas show: logits beyond exp's range, tiny and subnormal numbers, a mean that dwarfs its
// deviations, one row that dwarfs the others.

import { createRandom, type Random } from "#shared/numeric/random.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";

export interface HostileRange {
	readonly name: string;
	/** An element, from a standard normal number; `isFirstRow`: of the tensor's first row. */
	value(normal: number, isFirstRow: boolean): number;
}

export const hostileRanges: readonly HostileRange[] = [
	{ name: "standard normal", value: (normal) => normal },
	{ name: "logits of ±80", value: (normal) => 9 * normal },
	{ name: "large", value: (normal) => 300 * normal },
	{ name: "small", value: (normal) => 1e-4 * normal },
	{ name: "subnormal", value: (normal) => 1e-40 * normal },
	{ name: "subnormal in float16", value: (normal) => 1e-6 * normal },
	{ name: "mean of 1000", value: (normal) => 1000 + normal },
	{ name: "one huge row", value: (normal, isFirstRow) => (isFirstRow ? 1e4 * normal : normal) },
	{ name: "all equal", value: () => 0.75 },
];

/** One buffer for each shape, from the seed alone. */
export function drawHostile(range: HostileRange, shapes: readonly Shape[], seed: number): Float64Array[] {
	const random = createRandom(seed, 0);
	return shapes.map((shape) => {
		const count = elementCount(shape);
		const rowLength = count / (shape[0] ?? 1);
		return new Float64Array(count).map((_, at) => range.value(nextNormal(random), at < rowLength));
	});
}

/** Box and Muller 1958. */
function nextNormal(random: Random): number {
	const radius = Math.sqrt(-2 * Math.log(1 - random.nextUnit()));
	return radius * Math.cos(2 * Math.PI * random.nextUnit());
}
