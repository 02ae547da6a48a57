import { describe, expect, test } from "vitest";
import { fieldPairs, multiplyModulo } from "#shared/numeric/field-pair.ts";
import { findIntegerRelations } from "#shared/numeric/integer-relations.ts";
import { createRandom } from "#shared/numeric/random.ts";

const { q } = fieldPairs[0];
const columns = 20;
const random = createRandom(Number(process.env.TEST_SEED ?? 11));

const randomRow = (): Float64Array => new Float64Array(columns).map(() => random.nextBelow(q));

function combine(rows: readonly Float64Array[], factors: readonly number[]): Float64Array {
	return new Float64Array(columns).map((_, column) =>
		rows.reduce((sum, row, i) => {
			const factor = ((factors[i] ?? 0) + q) % q;
			return (sum + multiplyModulo(row[column] as number, factor, q, 1 / q)) % q;
		}, 0),
	);
}

describe("relations between rows", () => {
	const base = [randomRow(), randomRow(), randomRow()];

	test("independent rows have full rank and no relation", () => {
		expect(findIntegerRelations(base, q, columns, 8)).toEqual({ rank: 3, weight: 1, pivotsEnd: 3 });
	});

	test.each([
		["a difference", [1, -1, 0], 1],
		["a repeated row", [0, 1, 0], 1],
		["larger integers", [2, -7, 3], 7],
		["zero", [0, 0, 0], 1],
	])("%s of them adds nothing", (_, factors, weight) => {
		const rows = [...base, combine(base, factors)];
		expect(findIntegerRelations(rows, q, columns, 8)).toEqual({ rank: 3, weight, pivotsEnd: 3 });
	});

	test("a chain of differences is written in the rows that came first", () => {
		const [a, b, c] = base;
		if (a === undefined || b === undefined || c === undefined) throw new Error("three rows");
		const first = combine([a, b], [1, -1]);
		const second = combine([b, c], [1, -1]);
		expect(findIntegerRelations([first, second, combine([a, c], [1, -1])], q, columns, 8)).toEqual({
			rank: 2,
			weight: 1,
			pivotsEnd: 2,
		});
	});

	test.each([
		["a large integer", 9],
		["a fraction", (q + 1) / 2],
	])("%s is no small relation", (_, factor) => {
		expect(findIntegerRelations([...base, combine(base, [factor, 0, 0])], q, columns, 8)).toBeNull();
	});

	test("more independent rows than allowed are refused", () => {
		expect(findIntegerRelations(base, q, 2, 8)).toBeNull();
	});
});
