import { assert, present } from "#shared/fault/assert.ts";
import type { AxisId } from "#shared/program/program.ts";
import type { AxisSetId, AxisSets } from "./axis-sets.ts";
import { noQuotient } from "./coefficients.ts";
import { createPairMemo, remembered } from "./pair-memo.ts";

/** Of one `Degrees`: equal degrees, equal ids. */
export type DegreeId = number;

/** How many terms of each axis a monomial adds up: a factor of 2 or more for each axis that it sums, wholly or partly. */
export interface Degrees {
	readonly one: DegreeId;
	multiply(a: DegreeId, b: DegreeId): DegreeId;
	/** `noQuotient` unless b divides a, axis by axis. */
	quotient(a: DegreeId, b: DegreeId): DegreeId;
	/** `count` partial sums over an axis become one. */
	raise(degree: DegreeId, axis: AxisId, count: number): DegreeId;
	/** Whether only whole sums over this axis make up the degree: it is a power of the axis' extent. */
	isWhole(degree: DegreeId, axis: AxisId): boolean;
	/** The axes it sums. */
	axesOf(degree: DegreeId): AxisSetId;
	factorsOf(degree: DegreeId): ReadonlyMap<AxisId, bigint>;
}

export function createDegrees(extents: readonly number[], axisSets: AxisSets): Degrees {
	const ids = new Map<string, DegreeId>();
	const factors: ReadonlyMap<AxisId, bigint>[] = [];
	const axes: AxisSetId[] = [];
	const of = (factorByAxis: ReadonlyMap<AxisId, bigint>): DegreeId => {
		const held = [...factorByAxis].filter(([, factor]) => factor !== 1n).sort(([a], [b]) => a - b);
		const key = held.map(([axis, factor]) => `${axis}:${factor}`).join();
		const known = ids.get(key);
		if (known !== undefined) return known;
		ids.set(key, factors.length);
		axes.push(axisSets.of(held.map(([axis]) => axis)));
		return factors.push(new Map(held)) - 1;
	};
	const factorsOf = (degree: DegreeId): ReadonlyMap<AxisId, bigint> => present(factors[degree], "degree");
	const products = createPairMemo();
	const quotients = createPairMemo();
	const one = of(new Map());
	const multiply = (a: DegreeId, b: DegreeId): DegreeId => {
		if (a === one) return b;
		if (b === one) return a;
		return remembered(products, a, b, () => {
			const product = new Map(factorsOf(a));
			for (const [axis, factor] of factorsOf(b)) product.set(axis, (product.get(axis) ?? 1n) * factor);
			return of(product);
		});
	};
	return {
		one,
		multiply,
		quotient: (a, b) => {
			if (b === one) return a;
			return remembered(quotients, a, b, () => {
				const quotient = divideFactors(factorsOf(a), factorsOf(b));
				return quotient === null ? noQuotient : of(quotient);
			});
		},
		raise: (degree, axis, count) => {
			assert(Number.isInteger(count) && count >= 1, "a sum has a whole number of terms");
			return multiply(degree, of(new Map([[axis, BigInt(count)]])));
		},
		isWhole: (degree, axis) =>
			isPower(factorsOf(degree).get(axis) ?? 1n, BigInt(present(extents[axis], "axis of a sum"))),
		axesOf: (degree) => present(axes[degree], "degree"),
		factorsOf,
	};
}

function divideFactors(
	a: ReadonlyMap<AxisId, bigint>,
	b: ReadonlyMap<AxisId, bigint>,
): Map<AxisId, bigint> | null {
	const quotient = new Map(a);
	for (const [axis, factor] of b) {
		const held = quotient.get(axis) ?? 1n;
		if (held % factor !== 0n) return null;
		quotient.set(axis, held / factor);
	}
	return quotient;
}

function isPower(value: bigint, base: bigint): boolean {
	let rest = value;
	while (base > 1n && rest % base === 0n) rest /= base;
	return rest === 1n;
}
