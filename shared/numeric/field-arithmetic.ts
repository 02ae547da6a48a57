import { assert } from "#shared/fault/assert.ts";
import type { MapOperator, ReduceOperator } from "#shared/program/program.ts";
import type { Arithmetic, StridedView } from "./arithmetic.ts";
import { allocateField, type FieldBuffer, type FieldTrials } from "./field-buffer.ts";
import { type FieldElement, fieldOperator } from "./field-operators.ts";
import { dyadicModulo, multiplyModulo } from "./field-pair.ts";
import { addToBag, writeBagValues, writeSymbol } from "./field-uninterpreted.ts";
import { coalesceNest, forEachRow } from "./strided-nest.ts";

type FieldView = StridedView<FieldBuffer>;

/**
 * Arithmetic in a pair of finite fields, many trials at once. Sums, products, quotients and (by fragment) exponentials and
 * roots are exact; every other operator is an uninterpreted function. Maxima and minima are uninterpreted commutative
 * monoids: those of parts combine to that of the whole.
 */
export function createFieldArithmetic(trials: FieldTrials): Arithmetic<FieldBuffer> {
	const { lanes } = trials;
	const allocate = (count: number): FieldBuffer => allocateField(count, lanes);
	return {
		allocate,
		allocateNeutral: (operator, count) => allocateNeutral(trials, operator, count),
		constant: (value) => constant(trials, value),
		copy: (extents, from, to) => copy(trials, extents, from, to),
		map: (operator, extents, operands, result) => {
			if (operator === "maximum" || operator === "minimum")
				mapExtremum(trials, operator, extents, operands, result);
			else mapOperator(trials, operator, extents, operands, result);
		},
		reduce: (operator, extents, operand, result) => {
			if (operator === "sum" || operator === "product")
				reduceInField(trials, operator, extents, operand, result);
			else reduceExtremum(trials, operator, extents, operand, result);
		},
		contract: (extents, left, right, result) => contract(trials, extents, left, right, result),
	};
}

const extremumOperators = { max: "maximum", min: "minimum" } as const;

function allocateNeutral(trials: FieldTrials, operator: ReduceOperator, count: number): FieldBuffer {
	const buffer = allocateField(count, trials.lanes);
	if (operator === "product") {
		buffer.outside.fill(1);
		buffer.inside.fill(1);
	} else if (operator !== "sum") {
		buffer.bag = { operator: extremumOperators[operator], sums: new Int32Array(count * 2) };
		writeBagValues(trials, buffer);
	}
	return buffer;
}

function constant(trials: FieldTrials, value: number): FieldBuffer {
	const buffer = allocateField(1, trials.lanes);
	if (Number.isFinite(value)) {
		buffer.outside.fill(dyadicModulo(value, trials.pair.p));
		buffer.inside.fill(dyadicModulo(value, trials.pair.q));
	} else {
		writeSymbol(trials, `${value}`, buffer);
	}
	return buffer;
}

/** Calls `body` with the places of every position's first lane. */
function forEachElement(
	trials: FieldTrials,
	extents: readonly number[],
	views: readonly FieldView[],
	body: (places: readonly number[]) => void,
): void {
	const nest = coalesceNest({ extents, strides: views.map((view) => view.strides) });
	const last = nest.extents.length - 1;
	const length = nest.extents[last] ?? 1;
	const steps = nest.strides.map((own) => own[last] ?? 0);
	const places = views.map(() => 0);
	forEachRow(
		nest,
		views.map((view) => view.offset),
		(offsets) => {
			for (let i = 0; i < length; i++) {
				for (let v = 0; v < places.length; v++)
					places[v] = ((offsets[v] ?? 0) + i * (steps[v] ?? 0)) * trials.lanes;
				body(places);
			}
		},
	);
}

function copy(trials: FieldTrials, extents: readonly number[], from: FieldView, to: FieldView): void {
	const { lanes } = trials;
	const source = from.buffer;
	const target = to.buffer;
	if (source.bag === null) target.bag = null;
	else if (target.bag?.operator !== source.bag.operator)
		target.bag = { operator: source.bag.operator, sums: new Int32Array((target.outside.length / lanes) * 2) };
	const { bag } = target;
	forEachElement(trials, extents, [from, to], ([at = 0, into = 0]) => {
		for (let lane = 0; lane < lanes; lane++) {
			target.outside[into + lane] = source.outside[at + lane] as number;
			target.inside[into + lane] = source.inside[at + lane] as number;
		}
		if (bag === null || source.bag === null) return;
		bag.sums[(into / lanes) * 2] = source.bag.sums[(at / lanes) * 2] ?? 0;
		bag.sums[(into / lanes) * 2 + 1] = source.bag.sums[(at / lanes) * 2 + 1] ?? 0;
	});
}

function mapOperator(
	trials: FieldTrials,
	operator: MapOperator,
	extents: readonly number[],
	operands: readonly FieldView[],
	result: FieldView,
): void {
	const apply = fieldOperator(trials, operator);
	forEachElement(trials, extents, [...operands, result], (places) => {
		const elements: FieldElement[] = operands.map(({ buffer }, i) => ({ buffer, at: places[i] ?? 0 }));
		apply(trials, elements, { buffer: result.buffer, at: places[operands.length] ?? 0 });
	});
}

function mapExtremum(
	trials: FieldTrials,
	operator: "maximum" | "minimum",
	extents: readonly number[],
	operands: readonly FieldView[],
	result: FieldView,
): void {
	const count = result.buffer.outside.length / trials.lanes;
	const bag = { operator, sums: new Int32Array(count * 2) };
	forEachElement(trials, extents, [...operands, result], (places) => {
		const into = ((places[operands.length] ?? 0) / trials.lanes) * 2;
		for (const [i, { buffer }] of operands.entries())
			addToBag(trials, operator, buffer, places[i] ?? 0, bag.sums, into);
	});
	result.buffer.bag = bag;
	writeBagValues(trials, result.buffer);
}

function reduceExtremum(
	trials: FieldTrials,
	operator: "max" | "min",
	extents: readonly number[],
	operand: FieldView,
	result: FieldView,
): void {
	const { bag } = result.buffer;
	const extremum = extremumOperators[operator];
	assert(bag?.operator === extremum, "an extremum is reduced into neutral elements of its own kind");
	forEachElement(trials, extents, [operand, result], ([at = 0, into = 0]) => {
		addToBag(trials, extremum, operand.buffer, at, bag.sums, (into / trials.lanes) * 2);
	});
	writeBagValues(trials, result.buffer);
}

function reduceInField(
	trials: FieldTrials,
	operator: "sum" | "product",
	extents: readonly number[],
	operand: FieldView,
	result: FieldView,
): void {
	const apply = fieldOperator(trials, operator === "sum" ? "add" : "multiply");
	result.buffer.bag = null;
	forEachElement(trials, extents, [operand, result], ([at = 0, into = 0]) => {
		const own = { buffer: result.buffer, at: into };
		apply(trials, [own, { buffer: operand.buffer, at }], own);
	});
}

function contract(
	trials: FieldTrials,
	extents: readonly number[],
	left: FieldView,
	right: FieldView,
	result: FieldView,
): void {
	const { lanes, pair } = trials;
	for (const component of ["outside", "inside"] as const) {
		const prime = component === "outside" ? pair.p : pair.q;
		const inverse = 1 / prime;
		const a = left.buffer[component];
		const b = right.buffer[component];
		const into = result.buffer[component];
		forEachElement(trials, extents, [left, right, result], ([atLeft = 0, atRight = 0, at = 0]) => {
			for (let lane = 0; lane < lanes; lane++) {
				const product = multiplyModulo(
					a[atLeft + lane] as number,
					b[atRight + lane] as number,
					prime,
					inverse,
				);
				const sum = (into[at + lane] as number) + product;
				into[at + lane] = sum >= prime ? sum - prime : sum;
			}
		});
	}
}
