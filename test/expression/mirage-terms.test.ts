// The nine terms of Mirage's egg_tests, with the answers of an e-graph on Mirage's own rules. Mirage forgets axes: its sums
// carry a number only. Here every tensor is an input without axes and every sum a partial sum over one axis of extent 4096,
// so that only degrees decide. Below, the same terms with the axes they really have.

import { describe, expect, test } from "vitest";
import { createExpressions, type ExpressionId } from "#shared/expression/expression.ts";

type TermsOf = (axes: { readonly v0: number[]; readonly v1: number[]; readonly v2: number[] }) => {
	readonly target: ExpressionId;
	readonly rows: readonly (readonly [string, ExpressionId])[];
	readonly isSubexpression: (part: ExpressionId, whole: ExpressionId) => boolean;
};

const k = 1;

const egg: TermsOf = (axes) => {
	const e = createExpressions([8, 4096, 4096]);
	const [v0, v1, v2] = [e.input("v0", axes.v0), e.input("v1", axes.v1), e.input("v2", axes.v2)];
	const sum = (extent: number, a: ExpressionId): ExpressionId => e.partialSum(a, k, extent);
	const times = e.multiply;
	const silu = e.opaque(
		"silu",
		[sum(4096, times(v0, v1))],
		[...axes.v0, ...axes.v1].filter((a) => a !== k),
	);
	return {
		target: times(silu, sum(4096, times(v0, v2))),
		isSubexpression: e.isSubexpression,
		rows: [
			["(sum 4096 (* v0 v1))", sum(4096, times(v0, v1))],
			["(* (sum 32 v0) (sum 128 v2))", times(sum(32, v0), sum(128, v2))],
			["(sum 4 (* (sum 4 v0) (sum 4 v2)))", sum(4, times(sum(4, v0), sum(4, v2)))],
			["(sum 2 (* (sum 16 v1) (sum 16 v0)))", sum(2, times(sum(16, v1), sum(16, v0)))],
			["(sum 4 (* (sum 4 v1) (sum 4 v0)))", sum(4, times(sum(4, v1), sum(4, v0)))],
			["(sum 2 (* (sum 64 v2) (sum 64 v0)))", sum(2, times(sum(64, v2), sum(64, v0)))],
			["null: a tensor of another program", e.input("another", [])],
			["(sum 4096 (* (sum 16 silu) (sum 16 v2)))", sum(4096, times(sum(16, silu), sum(16, v2)))],
			["(sum 8 (* (sum 16 silu) (sum 16 v2)))", sum(8, times(sum(16, silu), sum(16, v2)))],
		],
	};
};

describe("with axes forgotten, a term is kept iff Mirage's e-graph keeps it", () => {
	const { target, rows, isSubexpression } = egg({ v0: [], v1: [], v2: [] });
	const expected = [true, true, true, true, true, false, false, false, true];
	test.each(rows.map(([text, term], at) => [text, expected[at], term] as const))(
		"%s: %s",
		(_, kept, term) => {
			expect(isSubexpression(term, target)).toBe(kept);
		},
	);
});

describe("with axes, only the contraction itself is kept", () => {
	const { target, rows, isSubexpression } = egg({ v0: [0, k], v1: [k, 2], v2: [k, 2] });
	const expected = [true, false, true, true, true, false, false, false, true];
	test.each(rows.map(([text, term], at) => [text, expected[at], term] as const))(
		"%s: %s",
		(_, kept, term) => {
			expect(isSubexpression(term, target)).toBe(kept);
		},
	);
});
