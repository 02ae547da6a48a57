import type { MapOperator, ReduceOperator } from "#shared/program/program.ts";
import type { Arithmetic, StridedView } from "./arithmetic.ts";
import { contractFloat64, type FloatBuffer } from "./float-contract.ts";
import { floatOperators } from "./float-operators.ts";
import { coalesceNest, forEachRow } from "./strided-nest.ts";

type FloatView = StridedView<FloatBuffer>;
type ResultView = StridedView<Float64Array>;

const neutralElements: Readonly<Record<ReduceOperator, number>> = {
	sum: 0,
	max: Number.NEGATIVE_INFINITY,
	min: Number.POSITIVE_INFINITY,
	product: 1,
};

const lowestFiniteFloat32 = -3.4028234663852886e38;

const combiningOperators: Readonly<Record<ReduceOperator, MapOperator>> = {
	sum: "add",
	max: "maximum",
	min: "minimum",
	product: "multiply",
};

/** Arithmetic in float64: the reference that measured kernels are compared with. Operands may lie in float32 buffers. */
export const float64Arithmetic: Arithmetic<Float64Array> = {
	allocate: (count) => new Float64Array(count),
	allocateNeutral: (operator, count, isRunning = false) =>
		new Float64Array(count).fill(
			isRunning && operator === "max" ? lowestFiniteFloat32 : neutralElements[operator],
		),
	constant: (value) => Float64Array.of(value),
	copy: (extents, from, to) => {
		mapRows(extents, [from], to, (a) => a);
	},
	map: (operator, extents, operands, result) => {
		mapRows(extents, operands, result, floatOperators[operator]);
	},
	reduce: reduceRows,
	contract: contractFloat64,
};

function mapRows(
	extents: readonly number[],
	operands: readonly FloatView[],
	result: ResultView,
	apply: (a: number, b: number, c: number) => number,
): void {
	const [a = result, b = a, c = a] = operands;
	const views: readonly FloatView[] = [a, b, c, result];
	const nest = coalesceNest({ extents, strides: views.map((view) => view.strides) });
	const last = nest.extents.length - 1;
	const length = nest.extents[last] ?? 1;
	const [stepA = 0, stepB = 0, stepC = 0, step = 0] = nest.strides.map((own) => own[last] ?? 0);
	forEachRow(
		nest,
		views.map((view) => view.offset),
		([atA = 0, atB = 0, atC = 0, at = 0]) => {
			for (let i = 0; i < length; i++) {
				result.buffer[at + i * step] = apply(
					a.buffer[atA + i * stepA] as number,
					b.buffer[atB + i * stepB] as number,
					c.buffer[atC + i * stepC] as number,
				);
			}
		},
	);
}

function reduceRows(
	operator: ReduceOperator,
	extents: readonly number[],
	operand: FloatView,
	result: ResultView,
): void {
	const combine = floatOperators[combiningOperators[operator]];
	const nest = coalesceNest({ extents, strides: [operand.strides, result.strides] });
	const last = nest.extents.length - 1;
	const length = nest.extents[last] ?? 1;
	const [step = 0, stepResult = 0] = nest.strides.map((own) => own[last] ?? 0);
	forEachRow(nest, [operand.offset, result.offset], ([at = 0, atResult = 0]) => {
		for (let i = 0; i < length; i++) {
			const into = atResult + i * stepResult;
			result.buffer[into] = combine(
				result.buffer[into] as number,
				operand.buffer[at + i * step] as number,
				0,
			);
		}
	});
}
