// Generated kernels against the float64 reference: every family, at sizes around the vector width and the register tile.

import { describe, expect, test } from "vitest";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import type { KernelSchedule } from "#shared/schedule/schedule.ts";
import { bfloat16Of } from "#test/support/bfloat16.ts";
import {
	expectSameAsReference,
	float32ErrorMax,
	randomInputs,
	someCandidates,
} from "#test/support/check-candidates.ts";
import { compilerMissing, hostTarget, otherTargets } from "#test/support/compiled-kernel.ts";
import { loopedMuGraph } from "#test/support/looped-program.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import * as programs from "#test/support/programs.ts";
import { uniformSchedule, wholeProgramMuGraph } from "#test/support/whole-program.ts";

const missing = compilerMissing();
if (missing !== null) console.warn(`kernels are not compiled: ${missing}`);

const families: Readonly<Record<string, readonly Program[]>> = {
	"matrix product": [programs.matrixProduct(17, 65, 63), programs.matrixProduct(2, 15, 130)],
	"norm and linear": [
		programs.rootMeanSquareNormLinear(17, 65, 63),
		programs.rootMeanSquareNormLinear(16, 64, 64),
	],
	"gated MLP": [programs.gatedMlp(15, 63, 65)],
	"gated MLP with residual": [programs.gatedMlpDownResidual(5, 17, 33)],
	"GELU MLP": [programs.geluMlp(9, 16, 33, 17)],
	LoRA: [programs.loraLinear(15, 65, 64, 3)],
	attention: [programs.maskedAttention(3, 17, 130, 16), programs.maskedAttention(2, 2, 33, 15)],
	"row softmax": [programs.rowSoftmax(17, 65), programs.rowSoftmax(3, 2)],
	"layer norm": [programs.layerNorm(15, 63), programs.layerNorm(2, 1030)],
	"two values that wait for one sum": [programs.quotientOfTwo(5, 64), programs.quotientOfTwo(3, 17)],
	"cross entropy": [programs.crossEntropy(16, 65)],
	"norm of a residual": [programs.residualNorm(17, 16)],
	"bias and GELU": [programs.biasGelu(15, 65)],
};

describe.skipIf(missing !== null)("generated kernels compute their program", () => {
	test.each(Object.entries(families))("%s, as the search places and schedules it", (_, cases) => {
		for (const program of cases) expectSameAsReference(program, someCandidates(program, 3, 2));
	});

	test.each([1, 3, 64])("one kernel for the whole program, in tiles of %i", (tile) => {
		for (const cases of Object.values(families)) {
			const program = cases[0];
			expect(program).toBeDefined();
			if (program === undefined) continue;
			const muGraph = wholeProgramMuGraph(program);
			expectSameAsReference(program, [{ muGraph, schedule: uniformSchedule(muGraph, tile) }]);
		}
	});
});

describe.skipIf(missing !== null).each(otherTargets())("for $id, kernels compute their program", (target) => {
	test.each(Object.entries(families))("%s, as the search places and schedules it", (_, [program]) => {
		if (program === undefined) throw new Error("a family has a program");
		const candidates = someCandidates(program, 2, 2, 2, target);
		expectSameAsReference(
			program,
			candidates,
			randomInputs(program, Number(process.env["TEST_SEED"])),
			float32ErrorMax,
			target,
		);
	});
});

/** A [m, k] · B [n, k] transposed, stored column by column. */
function transposedProduct(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	b.output(b.contract(b.input([rows, inner]), b.input([columns, inner]), inner), [columns, rows]);
	return b.build();
}

/** sum over two axes of A [b, m, i, j] · B [b, j, n, i]. */
function batchedTwoAxisProduct(batch: number, m: number, i: number, j: number, n: number): Program {
	const b = buildProgram();
	const [batches, rows, first, second, columns] = [b.axis(batch), b.axis(m), b.axis(i), b.axis(j), b.axis(n)];
	const left = b.input([batches, rows, first, second]);
	const right = b.input([batches, second, columns, first]);
	b.output(b.contract(left, right, first, second));
	return b.build();
}

/** max and product over the outer axis of [m, n], and their quotient's sum over both. */
function columnReductions(m: number, n: number): Program {
	const b = buildProgram();
	const [rows, columns] = [b.axis(m), b.axis(n)];
	const x = b.input([rows, columns]);
	const largest = b.reduce("max", x, rows);
	const product = b.reduce(
		"product",
		b.map("add", b.map("multiply", x, b.constant(0.1)), b.constant(1)),
		rows,
	);
	b.output(b.map("add", largest, product));
	b.output(b.reduce("min", b.map("subtract", largest, product), columns));
	return b.build();
}

describe.skipIf(missing !== null)("less usual shapes", () => {
	const shapes: Readonly<Record<string, Program>> = {
		"a vector times a matrix": programs.vectorMatrix(65, 63),
		"a product with a transposed operand and result": transposedProduct(15, 33, 17),
		"a batched product over two axes": batchedTwoAxisProduct(3, 5, 7, 4, 9),
		"reductions along the outer axis": columnReductions(17, 33),
	};
	test.each(Object.entries(shapes))("%s", (_, program) => {
		const muGraph = wholeProgramMuGraph(program);
		const whole = [1, 4, 1000].map((tile) => ({ muGraph, schedule: uniformSchedule(muGraph, tile) }));
		const asGiven = uniformSchedule(muGraph, 16, { weightLayout: "asGiven" });
		expectSameAsReference(program, [
			...whole,
			{ muGraph, schedule: asGiven },
			...someCandidates(program, 2, 4),
		]);
	});

	test.each([5, 11])("a register tile of %i rows, packed and in place", (registerRows) => {
		for (const program of [
			programs.rootMeanSquareNormLinear(33, 27, 24),
			programs.matrixProduct(31, 300, 24),
		]) {
			const muGraph = wholeProgramMuGraph(program);
			const knobs = { registerRows, registerVectors: 1, prefetchBytes: 4096 };
			expectSameAsReference(program, [{ muGraph, schedule: uniformSchedule(muGraph, 33, knobs) }]);
		}
	});

	test.each([5, 8, 16, 17])("attention with %i queries in the lanes, keys in place", (queries) => {
		const program = programs.maskedAttention(2, queries, 70, 16);
		const [query, key] = [1, 2];
		const muGraph = loopedMuGraph(program, key);
		const knobs = { vectorAxis: query, prefetchBytes: 16384, registerRows: 6 };
		const schedules = [16, 33, 70].map((loopTile) => uniformSchedule(muGraph, 17, { ...knobs, loopTile }));
		for (const schedule of schedules) {
			const [kernel] = lowerMuGraph(muGraph, schedule, hostTarget, 1).kernels;
			const inLanes = kernel?.buffers.flatMap(({ name }) => /^pack_panel_\d+_(\d+)_/.exec(name)?.[1] ?? []);
			expect(inLanes).toEqual([`${query}`]);
		}
		expectSameAsReference(
			program,
			schedules.map((schedule) => ({ muGraph, schedule })),
		);
	});

	test("streaming stores and scalar code give the same values", () => {
		const program = programs.layerNorm(9, 65);
		const muGraph = wholeProgramMuGraph(program);
		expectSameAsReference(program, [
			{ muGraph, schedule: uniformSchedule(muGraph, 3, { nonTemporalStores: true }) },
			{ muGraph, schedule: uniformSchedule(muGraph, 3, { vectorLanes: 1 }) },
		]);
	});

	test("a softmax of huge logits whose first steps are masked stays finite, however its loop is cut", () => {
		const program = programs.maskedAttention(2, 5, 70, 16);
		const inputs = randomInputs(program, 1).map((input, at) => (at < 2 ? input.map((x) => x * 80) : input));
		const mask = inputs[3];
		expect(mask).toBeDefined();
		mask?.forEach((_, at) => {
			mask[at] = at % 70 < 40 ? Number.NEGATIVE_INFINITY : 0;
		});
		const expected = interpretProgramFloat64(
			program,
			inputs.map((input) => Float64Array.from(input)),
		);
		expect(expected[0]?.every(Number.isFinite)).toBe(true);
		const candidates = someCandidates(program, 3, 1).flatMap(({ muGraph, schedule }) =>
			[8, 33, 70].map((loopTile) => ({
				muGraph,
				schedule: {
					kernels: schedule.kernels.map((kernel) => ({
						...kernel,
						loopTile: kernel.loopTile === 0 ? 0 : loopTile,
					})),
				},
			})),
		);
		expectSameAsReference(program, candidates, inputs, 2e-5);
	});
});

/** (x·W0)∘(x·W1)∘…: weights of several products with the same rows, each in its own buffer or all in turns. */
function productOfLinears(m: number, k: number, n: number, count: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	const x = b.input([rows, inner]);
	const linears = Array.from({ length: count }, () =>
		b.contract(x, b.input([inner, columns], "weight"), inner),
	);
	b.output(linears.reduce((product, linear) => b.map("multiply", product, linear)));
	return b.build();
}

describe.skipIf(missing !== null)("panels of several weights, in turn or as streams", () => {
	test.each([
		[1, 65, 63, 2],
		[17, 16, 65, 3],
		[15, 64, 48, 2],
	])("give the same values: %i rows, depth %i, %i columns, %i weights", (m, k, n, count) => {
		const program = productOfLinears(m, k, n, count);
		const muGraph = wholeProgramMuGraph(program);
		const laidOut = (weightLayout: KernelSchedule["weightLayout"]) =>
			(["float32", "bfloat16"] as const).flatMap((productType) =>
				[16, 48, 64].map((tile) => {
					const registerVectors = tile === 48 ? 3 : 2;
					const knobs = { weightLayout, productType, registerVectors, prefetchBytes: 4096 };
					return { muGraph, schedule: uniformSchedule(muGraph, tile, knobs) };
				}),
			);
		const interleaved = laidOut("interleaved");
		const inputs = randomInputs(program, Number(process.env["TEST_SEED"])).map((input) =>
			input.map(bfloat16Of),
		);
		for (const candidate of interleaved) {
			const { prepare } = lowerMuGraph(muGraph, candidate.schedule, hostTarget, 1);
			expect(prepare.buffers.filter(({ place }) => place.kind === "prepared")).toHaveLength(1);
		}
		expectSameAsReference(program, [...interleaved, ...laidOut("streams")], inputs, 2 * float32ErrorMax);
	});
});
