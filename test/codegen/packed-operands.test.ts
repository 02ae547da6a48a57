import { describe, expect, test } from "vitest";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { groupedQueryAttention } from "#test/support/attention-programs.ts";
import { compilePrograms, compilerMissing, hostTarget } from "#test/support/compiled-kernel.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";

/** Operands packed in groups narrower than a vector, along several axes outside: whole vectors spill into what comes next. */
describe.skipIf(compilerMissing() !== null)("narrow packed operands under several outer axes", () => {
	const program = groupedQueryAttention({
		batch: 1,
		keyHeads: 3,
		group: 4,
		queries: 8,
		keys: 8,
		depth: 16,
	});
	const random = createRandom(testSeed, 31);
	const inputs = program.inputs.map(({ shape }) =>
		new Float32Array(shape.reduce((product, extent) => product * extent, 1)).map(
			() => random.nextUnit() - 0.5,
		),
	);
	const [expected] = interpretProgramFloat64(program, inputs);

	test("no group overwrites another", () => {
		const { found } = searchMuGraphs(program, { statesMax: 200, foundMax: 200 });
		const fused = found.filter(({ kernels }) => kernels.length === 1).slice(0, 6);
		const lowered = fused.flatMap((muGraph) =>
			enumerateSchedules(muGraph, hostTarget, 1, 3).flatMap((schedule) =>
				[2, 8].map((tile) => {
					const kernels = schedule.kernels.map((kernel) => ({
						...kernel,
						gridTiles: kernel.gridTiles.map(() => tile),
					}));
					return lowerMuGraph(muGraph, { ...schedule, kernels }, hostTarget, 1);
				}),
			),
		);
		expect(lowered.length).toBeGreaterThan(10);
		for (const kernel of compilePrograms(lowered)) {
			const [output] = kernel.run(inputs);
			if (!(output instanceof Float32Array)) throw new Error("a float32 output");
			const worst = output.reduce(
				(largest, value, at) => Math.max(largest, Math.abs(value - (expected?.[at] ?? Number.NaN))),
				0,
			);
			expect(worst, `seed ${testSeed}`).toBeLessThan(1e-5);
		}
	});
});
