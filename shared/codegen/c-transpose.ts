// A square of lanes × lanes elements transposed in registers, its columns written `stride` elements apart: the first `active`
// columns, the first `width` elements of each.

import { present } from "#shared/fault/assert.ts";
import type { PreludeFunction } from "./c-math.ts";

export const transpose4: PreludeFunction = {
	needs: ["store_part"],
	text: `static inline void kiln_transpose_4(F a, F b, F c, F d, float *p, long stride, int active, int width) {
	for (int at = 0; at < active; at++) {
		F row = {a[at], b[at], c[at], d[at]};
		if (width == 4) *(kiln_f4u *)(p + at * stride) = row;
		else kiln_store_part_4(p + at * stride, row, width);
	}
}`,
};

export const transpose8: PreludeFunction = {
	needs: ["store_part"],
	text: `static inline __attribute__((always_inline)) void kiln_transpose_8(
	F a, F b, F c, F d, F e, F f, F g, F h, float *p, long stride, int active, int width
) {
	F ab0 = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13), ab1 = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
	F cd0 = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13), cd1 = __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
	F ef0 = __builtin_shufflevector(e, f, 0, 8, 1, 9, 4, 12, 5, 13), ef1 = __builtin_shufflevector(e, f, 2, 10, 3, 11, 6, 14, 7, 15);
	F gh0 = __builtin_shufflevector(g, h, 0, 8, 1, 9, 4, 12, 5, 13), gh1 = __builtin_shufflevector(g, h, 2, 10, 3, 11, 6, 14, 7, 15);
	F r0 = __builtin_shufflevector(ab0, cd0, 0, 1, 8, 9, 4, 5, 12, 13), r1 = __builtin_shufflevector(ab0, cd0, 2, 3, 10, 11, 6, 7, 14, 15);
	F r2 = __builtin_shufflevector(ab1, cd1, 0, 1, 8, 9, 4, 5, 12, 13), r3 = __builtin_shufflevector(ab1, cd1, 2, 3, 10, 11, 6, 7, 14, 15);
	F s0 = __builtin_shufflevector(ef0, gh0, 0, 1, 8, 9, 4, 5, 12, 13), s1 = __builtin_shufflevector(ef0, gh0, 2, 3, 10, 11, 6, 7, 14, 15);
	F s2 = __builtin_shufflevector(ef1, gh1, 0, 1, 8, 9, 4, 5, 12, 13), s3 = __builtin_shufflevector(ef1, gh1, 2, 3, 10, 11, 6, 7, 14, 15);
	const F rows[8] = {
		__builtin_shufflevector(r0, s0, 0, 1, 2, 3, 8, 9, 10, 11),
		__builtin_shufflevector(r1, s1, 0, 1, 2, 3, 8, 9, 10, 11),
		__builtin_shufflevector(r2, s2, 0, 1, 2, 3, 8, 9, 10, 11),
		__builtin_shufflevector(r3, s3, 0, 1, 2, 3, 8, 9, 10, 11),
		__builtin_shufflevector(r0, s0, 4, 5, 6, 7, 12, 13, 14, 15),
		__builtin_shufflevector(r1, s1, 4, 5, 6, 7, 12, 13, 14, 15),
		__builtin_shufflevector(r2, s2, 4, 5, 6, 7, 12, 13, 14, 15),
		__builtin_shufflevector(r3, s3, 4, 5, 6, 7, 12, 13, 14, 15),
	};
#pragma GCC unroll 8
	for (int at = 0; at < 8; at++) {
		if (at >= active) break;
		if (width == 8) *(kiln_f8u *)(p + at * stride) = rows[at];
		else kiln_store_part_8(p + at * stride, rows[at], width);
	}
}`,
};

/** Lanes of a pair of vectors, 0 to 15 of the first and 16 to 31 of the second; in each 128 bits the same picks of one instruction. */
const inEachQuarter = (picks: readonly number[]): readonly number[] =>
	[0, 4, 8, 12].flatMap((quarter) => picks.map((pick) => pick + quarter));
const quarters = (...picks: readonly number[]): readonly number[] =>
	picks.flatMap((quarter) => [0, 1, 2, 3].map((lane) => 4 * quarter + lane));

/** Pairs of rows, pairs of pairs, then quarters of 128 bits in two steps: 64 shuffles of two operands. */
const transposeSteps: readonly {
	/** Which earlier row is paired with `row`, `distance` further on. */
	readonly distance: number;
	readonly low: readonly number[];
	readonly high: readonly number[];
	/** Rows that the shuffles of the pair at `row` make. */
	readonly makes: (row: number) => readonly [number, number];
}[] = [
	{
		distance: 1,
		low: inEachQuarter([0, 16, 1, 17]),
		high: inEachQuarter([2, 18, 3, 19]),
		makes: (row) => [row, row + 1],
	},
	{
		distance: 2,
		low: inEachQuarter([0, 1, 16, 17]),
		high: inEachQuarter([2, 3, 18, 19]),
		makes: (row) => [row + (row & 1), row + (row & 1) + 1],
	},
	{ distance: 4, low: quarters(0, 2, 4, 6), high: quarters(1, 3, 5, 7), makes: (row) => [row, row + 4] },
	{ distance: 8, low: quarters(0, 2, 4, 6), high: quarters(1, 3, 5, 7), makes: (row) => [row, row + 8] },
];

function transposeText16(): string {
	const parameters = Array.from({ length: 16 }, (_, row) => `x${row}`);
	const lines: string[] = [];
	let rows: readonly string[] = parameters;
	for (const { distance, low, high, makes } of transposeSteps) {
		const made = [...rows];
		for (let row = 0; row < 16; row++) {
			if ((row & distance) !== 0) continue;
			const pair = `${rows[row]}, ${rows[row + distance]}`;
			[low, high].forEach((picks, at) => {
				const to = present(makes(row)[at], "a row");
				made[to] = `s${distance}_${to}`;
				lines.push(`\tF ${made[to]} = __builtin_shufflevector(${pair}, ${picks.join(", ")});`);
			});
		}
		rows = made;
	}
	return `static inline __attribute__((always_inline)) void kiln_transpose_16(
	F ${parameters.join(", F ")}, float *p, long stride, int active, int width
) {
${lines.join("\n")}
	const F rows[16] = {${rows.join(", ")}};
#pragma GCC unroll 16
	for (int at = 0; at < 16; at++) {
		if (at >= active) break;
		if (width == 16) *(kiln_f16u *)(p + at * stride) = rows[at];
		else kiln_store_part_16(p + at * stride, rows[at], width);
	}
}`;
}

export const transpose16: PreludeFunction = { needs: ["store_part"], text: transposeText16() };
