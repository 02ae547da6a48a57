/**
 * What a constant may stand for beside a reduction over `count` elements: the count itself, or one divided by it (exactly
 * as float64 or as float32 rounds it). Null for any other value.
 */
export function readExtentConstant(value: number, count: number): "count" | "reciprocal" | null {
	if (value === count) return "count";
	return value === 1 / count || value === Math.fround(1 / count) ? "reciprocal" : null;
}
