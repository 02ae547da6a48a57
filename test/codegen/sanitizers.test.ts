// Generated kernels under the compiler's sanitizers: nothing is read or written beside a buffer, nothing is undefined, and
// threads do not race. SANITIZER_SCHEDULES makes it try more schedules of each µGraph.

import { describe, expect, test } from "vitest";
import { present } from "#shared/fault/assert.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import { float16ToNumber, numberToFloat16 } from "#shared/tensor/float16.ts";
import { queryKeyNormAttention } from "#test/support/attention-programs.ts";
import { bfloat16Of } from "#test/support/bfloat16.ts";
import {
	lowerAll,
	randomInputs,
	someCandidates,
	type TestedCandidate,
} from "#test/support/check-candidates.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import * as programs from "#test/support/programs.ts";
import { runSanitized, type Sanitizer, sanitizerMissing } from "#test/support/run-sanitized.ts";
import { foldedGain, foldedLora, softmaxWeights } from "#test/support/weight-programs.ts";

const schedulesEach = Number(process.env.SANITIZER_SCHEDULES ?? 1);
const muGraphsEach = 2;
const errorMax = 2e-6;

/** The program with weights stored as float16. */
function halfWeights(program: Program): Program {
	const inputs = program.inputs.map((input) =>
		input.role === "weight" ? { ...input, dataType: "float16" as const } : input,
	);
	return { ...program, inputs };
}

/** Values as the program stores them, and what they are then worth. */
function storedInputs(program: Program): readonly { stored: ArrayBufferView; exact: Float64Array }[] {
	return randomInputs(program, testSeed).map((drawn, at) => {
		const values = inPairs.has(program) ? drawn.map(bfloat16Of) : drawn;
		if (program.inputs[at]?.dataType !== "float16")
			return { stored: values, exact: Float64Array.from(values) };
		const stored = Uint16Array.from(values, numberToFloat16);
		return { stored, exact: Float64Array.from(stored, float16ToNumber) };
	});
}

/** Programs whose weights are to be multiplied in pairs and lie in turns, on operands that bfloat16 holds. */
const inPairs = new Set([programs.matrixProduct(17, 66, 63), programs.gatedMlp(15, 34, 33)]);

const asked =
	(program: Program) =>
	({ muGraph, schedule }: TestedCandidate): TestedCandidate => {
		const knobs = { productType: "bfloat16", weightLayout: "interleaved" } as const;
		const kernels = schedule.kernels.map((kernel) =>
			inPairs.has(program) ? { ...kernel, ...knobs } : kernel,
		);
		return { muGraph, schedule: { kernels } };
	};

/** By family, at sizes around the vector width and the register tile. */
const families: Readonly<Record<string, readonly Program[]>> = {
	"element-wise": [programs.biasGelu(15, 65), programs.biasGelu(1, 17)],
	norms: [programs.residualNorm(17, 16), programs.layerNorm(15, 63), programs.layerNorm(1, 1)],
	softmax: [programs.rowSoftmax(17, 65), programs.crossEntropy(16, 63)],
	contractions: [
		programs.matrixProduct(1, 1, 1),
		programs.matrixProduct(17, 65, 63),
		programs.rootMeanSquareNormLinear(15, 63, 65),
		programs.gatedMlp(16, 17, 15),
	],
	attention: [programs.maskedAttention(3, 17, 130, 16), queryKeyNormAttention(2, 1, 65, 15)],
	"half-precision weights": [
		halfWeights(programs.rootMeanSquareNormLinear(3, 17, 65)),
		halfWeights(programs.matrixProduct(1, 63, 33)),
	],
	"weights in pairs": [...inPairs],
	"prepared weights": [foldedLora(15, 65, 63, 3), foldedGain(17, 33, 16), softmaxWeights(9, 33, 65, 5)],
};

const runs: readonly { readonly sanitizer: Sanitizer; readonly threads: number; readonly times: number }[] = [
	{ sanitizer: "address", threads: 1, times: 1 },
	{ sanitizer: "address", threads: 3, times: 2 },
	{ sanitizer: "thread", threads: 4, times: 10 },
];

describe.each(["address", "thread"] as const)("under the %s sanitizer", (sanitizer) => {
	const missing = sanitizerMissing(sanitizer);
	if (missing !== null) console.warn(`no kernel is sanitized: ${missing}`);

	test.skipIf(missing !== null).each(Object.entries(families))(
		"%s: no fault, and the right result",
		(_, own) => {
			const cases = own.flatMap((program) => {
				const inputs = storedInputs(program);
				const candidates = someCandidates(program, muGraphsEach, schedulesEach).map(asked(program));
				expect(candidates.length).toBeGreaterThan(0);
				const stored = inputs.map((input) => input.stored);
				const expected = interpretProgramFloat64(
					program,
					inputs.map(({ exact }) => exact),
				);
				return lowerAll(candidates).map((lowered) => ({ program: lowered, inputs: stored, expected }));
			});
			for (const run of runs.filter((each) => each.sanitizer === sanitizer))
				runSanitized(cases, run).forEach((outputs, at) => {
					expectClose(present(cases[at], "a case").expected, outputs);
				});
		},
	);
});

test.skipIf(sanitizerMissing("address") !== null)("a read behind a buffer is found", () => {
	const [program] = lowerAll(someCandidates(programs.rowSoftmax(3, 17), 1, 1));
	const lowered = present(program, "a candidate");
	const [input] = lowered.inputs;
	const shrunk = { ...lowered, inputs: [{ ...present(input, "an input"), shape: [3, 16] }] };
	const inputs = [new Float32Array(3 * 16)];
	expect(() =>
		runSanitized([{ program: shrunk, inputs }], { sanitizer: "address", threads: 1, times: 1 }),
	).toThrow(/AddressSanitizer/);
});

function expectClose(expected: readonly Float64Array[], outputs: readonly Uint8Array[]): void {
	expected.forEach((values, at) => {
		const found = new Float32Array(present(outputs[at], "an output").buffer);
		const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
		expect(found).toHaveLength(values.length);
		values.forEach((value, element) => {
			expect(Math.abs((found[element] ?? Number.NaN) - value)).toBeLessThanOrEqual(
				errorMax * Math.max(scale, 1e-30),
			);
		});
	});
}
