import { describe, expect, test } from "vitest";
import { checkMuGraph } from "#shared/mugraph/check.ts";
import { interpretMuGraph } from "#shared/mugraph/interpret.ts";
import { printMuGraph } from "#shared/mugraph/print.ts";
import { float64Arithmetic } from "#shared/numeric/float-arithmetic.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { AxisId, Program } from "#shared/program/program.ts";
import { verifyMuGraph } from "#shared/verify/verify.ts";
import { loopedMuGraph, passesOf } from "#test/support/looped-program.ts";
import { largestDifference, randomInputs, randomTiles, testSeed } from "#test/support/mugraph-inputs.ts";
import { mutateMuGraph } from "#test/support/mutate-mugraph.ts";
import { layerNorm } from "#test/support/programs.ts";
import {
	columnVariance,
	imageNorm,
	layerNormLinear,
	layerNormLinearInOnePass,
	rowVariance,
	totalVariance,
} from "#test/support/variance-programs.ts";

/** Well-formed mutants that are verified for each program. */
const mutantsTried = 12;

/** A program, the form of it that is placed, and the axis that its kernel walks. */
const looped: Readonly<Record<string, readonly [Program, Program, AxisId]>> = {
	"variance of rows": [rowVariance(6, 40), rowVariance(6, 40), 1],
	"variance of columns": [columnVariance(48, 6), columnVariance(48, 6), 0],
	"variance of everything": [totalVariance(7, 6), totalVariance(7, 6), 0],
	"norm over two axes": [imageNorm(2, 9, 5), imageNorm(2, 9, 5), 1],
	"layer norm": [layerNorm(5, 24), layerNorm(5, 24), 1],
	"layer norm and linear": [layerNormLinear(5, 24, 7), layerNormLinear(5, 24, 7), 1],
	"layer norm and linear in one pass": [layerNormLinear(5, 24, 7), layerNormLinearInOnePass(5, 24, 7), 1],
};

describe.each(Object.entries(looped))("%s, its deviations carried along", (_, [program, form, loop]) => {
	const muGraph = loopedMuGraph(form, loop);

	test("is accepted within the stated error", () => {
		const verdict = verifyMuGraph(muGraph, program, { seed: testSeed });
		expect(verdict.kind, JSON.stringify(verdict)).toBe("equal");
		if (verdict.kind !== "equal") return;
		expect(verdict.certificate.errorProbabilityLog2).toBeLessThanOrEqual(-60);
		expect(verdict.certificate.linkedConstants.length).toBe(1);
	});

	test("no mutant is accepted that computes something else", () => {
		const random = createRandom(testSeed, 31);
		const inputs = randomInputs(program, random);
		const expected = interpretProgramFloat64(program, inputs);
		const mutants = mutateMuGraph(muGraph).filter((mutant) => checkMuGraph(mutant.muGraph).length === 0);
		let refused = 0;
		for (const mutant of mutants) {
			// A dozen of them, others with every seed; all that the deviations have.
			const isOwn = mutant.rule.includes("deviations");
			if (!isOwn && random.nextBelow(mutants.length) >= mutantsTried) continue;
			if (verifyMuGraph(mutant.muGraph, program, { seed: testSeed }).kind !== "equal") {
				refused++;
				continue;
			}
			const actual = interpretMuGraph(
				mutant.muGraph,
				inputs,
				randomTiles(mutant.muGraph, random),
				float64Arithmetic,
			);
			expect(
				largestDifference(expected, actual),
				`${mutant.rule}\n${printMuGraph(mutant.muGraph)}`,
			).toBeLessThan(1e-6);
		}
		expect(refused).toBeGreaterThan(0);
	});
});

test("layer norm and linear needs one pass over its input", () => {
	expect(passesOf(loopedMuGraph(layerNormLinearInOnePass(5, 24, 7), 1))).toBe(1);
});
