// The published candidates for QKNorm compute another function than their program. They pass a test whose data are the
// elements' indices: Σ_k q[m,k]·K[k,n] is then n·(Σ_k q[m,k]) and something that does not depend on n, which the softmax
// over n cancels. So is  (Σ_k q[m,k]) · (one row, or the mean of all rows, of K)[n].

import { describe, expect, test } from "vitest";
import { present } from "#shared/fault/assert.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { AxisId, Program, ProgramNodeId } from "#shared/program/program.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { largestDifference, randomInputs, testSeed } from "#test/support/mugraph-inputs.ts";
import { buildProgram, type ProgramBuilder } from "#test/support/program-builder.ts";
import { wholeProgramMuGraph } from "#test/support/whole-program.ts";

interface Operands {
	readonly q: ProgramNodeId;
	readonly k: ProgramNodeId;
	readonly v: ProgramNodeId;
	readonly depth: AxisId;
	readonly keys: AxisId;
	readonly value: AxisId;
	/** Root of the mean of squares. */
	rms(x: ProgramNodeId, axis: AxisId): ProgramNodeId;
}

/** Extents of queries, depth, keys and values. */
const extents = [3, 4, 5, 4] as const;
const [queryCount, depthCount, keyCount, valueCount] = extents;
const tensorOfKeys = 1;

function qkNorm(body: (b: ProgramBuilder, operands: Operands) => ProgramNodeId): Program {
	const b = buildProgram();
	const [queries, depth, keys, value] = [
		b.axis(queryCount),
		b.axis(depthCount),
		b.axis(keyCount),
		b.axis(valueCount),
	];
	const q = b.input([queries, depth]);
	const k = b.input([depth, keys]);
	const v = b.input([keys, value]);
	const rms = (x: ProgramNodeId, axis: AxisId): ProgramNodeId =>
		b.map("sqrt", b.map("multiply", b.reduce("sum", b.map("multiply", x, x), axis), b.constant(1 / 4)));
	b.output(body(b, { q, k, v, depth, keys, value, rms }));
	return b.build();
}

/** softmax over the keys of the scores, times V/rms(V); exp without a maximum. */
function attend(b: ProgramBuilder, scores: ProgramNodeId, { v, keys, value, rms }: Operands): ProgramNodeId {
	const weights = b.map("exp", scores);
	const shares = b.map("divide", weights, b.reduce("sum", weights, keys));
	return b.contract(shares, b.map("divide", v, rms(v, value)), keys);
}

const normedRows = (b: ProgramBuilder, { q, depth, rms }: Operands): ProgramNodeId =>
	b.map("divide", q, rms(q, depth));

const specification = qkNorm((b, operands) =>
	attend(b, b.contract(normedRows(b, operands), operands.k, operands.depth), operands),
);

/** Every division after its contraction: what a fused kernel computes. */
const fused = qkNorm((b, operands) => {
	const { q, k, v, depth, keys, value, rms } = operands;
	const weights = b.map("exp", b.map("divide", b.contract(q, k, depth), rms(q, depth)));
	const shares = b.map("divide", weights, rms(v, value));
	return b.map("divide", b.contract(shares, v, keys), b.reduce("sum", weights, keys));
});

const wrong: Readonly<Record<string, Program>> = {
	"row sums times one row of K": qkNorm((b, operands) => {
		const row = b.readAgain(operands.k, [operands.keys]);
		const sums = b.reduce("sum", normedRows(b, operands), operands.depth);
		return attend(b, b.map("multiply", sums, row), operands);
	}),
	"row sums times the mean row of K": qkNorm((b, operands) => {
		const mean = b.map("multiply", b.reduce("sum", operands.k, operands.depth), b.constant(1 / 4));
		const sums = b.reduce("sum", normedRows(b, operands), operands.depth);
		return attend(b, b.map("multiply", sums, mean), operands);
	}),
};

describe("QKNorm", () => {
	test("with its divisions after the contractions is accepted", () => {
		const verdict = verifyMuGraph(wholeProgramMuGraph(fused), specification, { seed: testSeed });
		expect(verdict.kind, JSON.stringify(verdict)).toBe("equal");
	});

	test.each(Object.entries(wrong))("with %s is refused", (_, program) => {
		for (const seed of [testSeed, testSeed + 1, 7])
			expect(verifyMuGraph(wholeProgramMuGraph(program), specification, { seed }).kind).toBe("different");
	});

	test.each(Object.entries(wrong))(
		"with %s passes where keys are affine in their index, only there",
		(_, program) => {
			expect(relativeDifference(program, "affine")).toBeLessThan(1e-12);
			expect(relativeDifference(program, "random")).toBeGreaterThan(1e-3);
		},
	);
});

/** Of the largest element, between a program and the specification in float64. */
function relativeDifference(program: Program, keys: "affine" | "random"): number {
	const inputs = randomInputs(specification, createRandom(testSeed, 3));
	if (keys === "affine")
		inputs[tensorOfKeys]?.forEach((_, index, all) => {
			all[index] = 0.05 * index - 0.3;
		});
	const [expected, found] = [specification, program].map((own) => interpretProgramFloat64(own, inputs));
	const largest = Math.max(...present(expected?.[0], "an output").map(Math.abs));
	return largestDifference(expected ?? [], found ?? []) / largest;
}
