// Kernels under schedules drawn from the whole space, not only those worth trying, against the float64 reference.
// RANDOM_SCHEDULES sets how many of each µGraph.

import { describe, test } from "vitest";
import { createRandom } from "#shared/numeric/random.ts";
import type { Program } from "#shared/program/program.ts";
import { drawSchedules } from "#shared/schedule/draw-schedules.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { queryKeyNormAttention } from "#test/support/attention-programs.ts";
import { bfloat16Of } from "#test/support/bfloat16.ts";
import { expectSameAsReference, float32ErrorMax, randomInputs } from "#test/support/check-candidates.ts";
import { compilerMissing, hostTarget } from "#test/support/compiled-kernel.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import * as programs from "#test/support/programs.ts";
import { foldedLora } from "#test/support/weight-programs.ts";

const missing = compilerMissing();
if (missing !== null) console.warn(`kernels are not compiled: ${missing}`);

const schedulesEach = Number(process.env.RANDOM_SCHEDULES ?? 3);
const muGraphsEach = 2;

const families: Readonly<Record<string, readonly Program[]>> = {
	"matrix product": [programs.matrixProduct(17, 65, 63), programs.matrixProduct(1, 16, 15)],
	"norm and linear": [programs.rootMeanSquareNormLinear(15, 63, 65)],
	"gated MLP": [programs.gatedMlp(16, 17, 64)],
	attention: [programs.maskedAttention(2, 17, 130, 16), queryKeyNormAttention(2, 3, 65, 15)],
	norms: [programs.layerNorm(15, 63), programs.residualNorm(17, 16)],
	"softmax and losses": [programs.rowSoftmax(17, 65), programs.crossEntropy(16, 64)],
	"element-wise": [programs.biasGelu(1, 63)],
	"prepared weights": [foldedLora(15, 65, 33, 3)],
};

describe.skipIf(missing !== null)("kernels compute their program under any legal schedule", () => {
	test("products of pairs, where the operands need no rounding", () => {
		const cases = [programs.matrixProduct(17, 66, 63), programs.gatedMlp(1, 34, 65)];
		for (const [at, program] of cases.entries()) {
			const { found } = searchMuGraphs(program, { statesMax: 2000, foundMax: muGraphsEach });
			const candidates = found.flatMap((muGraph) =>
				drawSchedules(muGraph, hostTarget, createRandom(testSeed, at), schedulesEach, ["bfloat16"]).map(
					(schedule) => ({ muGraph, schedule }),
				),
			);
			const inputs = randomInputs(program, testSeed).map((input) => input.map(bfloat16Of));
			expectSameAsReference(program, candidates, inputs, 2 * float32ErrorMax);
		}
	});

	test.each(Object.entries(families))("%s", (_, cases) => {
		for (const [at, program] of cases.entries()) {
			const { found } = searchMuGraphs(program, { statesMax: 2000, foundMax: muGraphsEach });
			const candidates = found.flatMap((muGraph) =>
				drawSchedules(muGraph, hostTarget, createRandom(testSeed, at), schedulesEach).map((schedule) => ({
					muGraph,
					schedule,
				})),
			);
			expectSameAsReference(program, candidates, randomInputs(program, testSeed));
		}
	});
});
