import type { MapOperator, ReduceOperator } from "#shared/program/program.ts";
import type { Arithmetic, StridedView } from "./arithmetic.ts";
import { float64Arithmetic } from "./float-arithmetic.ts";
import { floatOperators } from "./float-operators.ts";
import { forEachRow } from "./strided-nest.ts";

type View = StridedView<Float64Array>;

const combining: Readonly<Record<ReduceOperator, MapOperator>> = {
	sum: "add",
	max: "maximum",
	min: "minimum",
	product: "multiply",
};

type Rounding = (value: number) => number;

/**
 * Arithmetic whose every result is rounded to a narrower format, as a kernel's is: operators are computed in float64 and
 * rounded once by `round`; sums are added one by one and constants are held in what accumulators hold, `roundSum`; a
 * multiply-add rounds once. Slow and plain: for small extents.
 */
export function createRoundingArithmetic(
	round: Rounding,
	roundSum: Rounding = round,
): Arithmetic<Float64Array> {
	return {
		...float64Arithmetic,
		constant: (value) => Float64Array.of(roundSum(value)),
		map: (operator, extents, operands, result) => {
			float64Arithmetic.map(operator, extents, operands, result);
			forEachElement(extents, [result], ([at = 0]) => {
				result.buffer[at] = round(result.buffer[at] as number);
			});
		},
		reduce: (operator, extents, operand, result) => {
			const combine = floatOperators[combining[operator]];
			forEachElement(extents, [operand, result], ([from = 0, to = 0]) => {
				result.buffer[to] = roundSum(combine(result.buffer[to] as number, operand.buffer[from] as number, 0));
			});
		},
		contract: (extents, left, right, result) => {
			forEachElement(extents, [left, right, result], ([a = 0, b = 0, to = 0]) => {
				const product = (left.buffer[a] as number) * (right.buffer[b] as number);
				result.buffer[to] = roundSum((result.buffer[to] as number) + product);
			});
		},
	};
}

function forEachElement(
	extents: readonly number[],
	views: readonly View[],
	visit: (offsets: readonly number[]) => void,
): void {
	const nest = { extents: [...extents, 1], strides: views.map(({ strides }) => [...strides, 0]) };
	forEachRow(
		nest,
		views.map(({ offset }) => offset),
		visit,
	);
}
