// Products of weights and rows rounded to bfloat16, in pairs along the depth: exact where the operands need no rounding.

import { describe, expect, test } from "vitest";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import type { Program } from "#shared/program/program.ts";
import type { KernelSchedule } from "#shared/schedule/schedule.ts";
import type { CpuTarget } from "#shared/target/target.ts";
import { bfloat16Of } from "#test/support/bfloat16.ts";
import {
	expectSameAsReference,
	float32ErrorMax,
	randomInputs,
	someCandidates,
	type TestedCandidate,
} from "#test/support/check-candidates.ts";
import { compilerMissing, hostTarget, otherTargets } from "#test/support/compiled-kernel.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import * as programs from "#test/support/programs.ts";
import { uniformSchedule, wholeProgramMuGraph } from "#test/support/whole-program.ts";

/** X [m, k] · W [n, k]: weights that lie along the depth. */
function transposedWeights(m: number, k: number, n: number): Program {
	const b = buildProgram();
	const [rows, inner, columns] = [b.axis(m), b.axis(k), b.axis(n)];
	b.output(b.contract(b.input([rows, inner]), b.input([columns, inner], "weight"), inner));
	return b.build();
}

const products: readonly Program[] = [
	programs.matrixProduct(17, 66, 63),
	programs.matrixProduct(1, 2, 65),
	programs.matrixProduct(5, 33, 16),
	programs.vectorMatrix(34, 63),
	transposedWeights(3, 98, 63),
];

/** Candidates that ask for pairs, and more of them with a loop cut at even and at odd places. */
function inPairs(program: Program, target: CpuTarget): TestedCandidate[] {
	const asked = (candidate: TestedCandidate, knobs: Partial<KernelSchedule>): TestedCandidate => ({
		...candidate,
		schedule: { kernels: candidate.schedule.kernels.map((kernel) => ({ ...kernel, ...knobs })) },
	});
	const placed = someCandidates(program, 1, 2, 2, target);
	const muGraph = wholeProgramMuGraph(program);
	const whole = { muGraph, schedule: uniformSchedule(muGraph, 48, { vectorLanes: target.vectorLanes }) };
	return [...placed, whole].flatMap((candidate) => [
		asked(candidate, { productType: "bfloat16" }),
		...(candidate.muGraph.kernels.some(({ loop }) => loop !== null)
			? [16, 7].map((loopTile) => asked(candidate, { productType: "bfloat16", loopTile }))
			: []),
	]);
}

const multipliesPairs = ({ muGraph, schedule }: TestedCandidate, target: CpuTarget): boolean =>
	lowerMuGraph(muGraph, schedule, target, 1).microkernels.some(({ pairLanes }) => pairLanes !== null);

describe.skipIf(compilerMissing() !== null).each([hostTarget, ...otherTargets()])("on $id", (target) => {
	test("operands that bfloat16 holds lose nothing", () => {
		for (const program of products) {
			const inputs = randomInputs(program, testSeed).map((input) => input.map(bfloat16Of));
			expectSameAsReference(program, inPairs(program, target), inputs, float32ErrorMax, target);
		}
	});

	test("others lose what rounding them loses, in programs around the product too", () => {
		const around = [
			programs.rootMeanSquareNormLinear(16, 64, 65),
			programs.gatedMlp(15, 66, 33),
			programs.loraLinear(5, 64, 48, 4),
		];
		for (const program of around)
			expectSameAsReference(program, inPairs(program, target), randomInputs(program, testSeed), 1e-2, target);
	});

	test("pairs are multiplied where the depth is even, and only where a schedule asks for it", () => {
		const [even, odd] = [programs.matrixProduct(17, 66, 63), programs.matrixProduct(5, 33, 16)];
		expect(inPairs(even, target).some((candidate) => multipliesPairs(candidate, target))).toBe(true);
		expect(inPairs(odd, target).some((candidate) => multipliesPairs(candidate, target))).toBe(false);
		const muGraph = wholeProgramMuGraph(even);
		const scalar = uniformSchedule(muGraph, 16, { productType: "bfloat16", vectorLanes: 1 });
		expect(multipliesPairs({ muGraph, schedule: scalar }, target)).toBe(false);
		const plain = someCandidates(even, 2, 2, 2, target);
		expect(plain.some((candidate) => multipliesPairs(candidate, target))).toBe(false);
	});
});
