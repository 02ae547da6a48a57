import { describe, expect, test } from "vitest";
import { scheduleFeatures } from "#shared/cost-model/schedule-features.ts";
import { present } from "#shared/fault/assert.ts";
import { planProgram } from "#shared/pipeline/plan-program.ts";
import { canonicalProgramDigest } from "#shared/program/fingerprint.ts";
import type { Program } from "#shared/program/program.ts";
import { targets } from "#shared/target/target.ts";
import { gatedMlp, matrixProduct, rootMeanSquareNormLinear, rowSoftmax } from "#test/support/programs.ts";

const target = "cpu-x86-64-v3";

function featuresOf(program: Program, threads = 1) {
	const programDigest = canonicalProgramDigest(program);
	const plan = planProgram({
		...{ program, programDigest, target, threads, effort: "quick", tolerance: "float32-1e-3", cursor: null },
	});
	return plan.candidates.map(({ muGraph, schedule }) => ({
		schedule,
		features: scheduleFeatures(
			present(plan.muGraphs[muGraph], "a µGraph").muGraph,
			schedule,
			targets[target],
			threads,
		),
	}));
}

describe("scheduleFeatures", () => {
	test("has the same names for every candidate of every program, and finite numbers", () => {
		const programs = [
			...[matrixProduct(3, 17, 15), gatedMlp(8, 64, 32)],
			...[rootMeanSquareNormLinear(2, 65, 33), rowSoftmax(3, 63)],
		];
		const all = programs.flatMap((program) => featuresOf(program));
		const names = Object.keys(present(all[0], "a candidate").features);
		expect(names.length).toBeGreaterThan(30);
		for (const { features } of all) {
			expect(Object.keys(features)).toEqual(names);
			expect(Object.values(features).filter((value) => !Number.isFinite(value))).toEqual([]);
		}
	});

	test("tells schedules apart that differ in one knob", () => {
		const all = featuresOf(matrixProduct(8, 64, 64));
		const { features, schedule } = present(all[0], "a candidate");
		expect(features.registerRows).toBe(schedule.kernels[0]?.registerRows);
		expect(features.prefetchBytes).toBe(schedule.kernels[0]?.prefetchBytes);
		expect(features.gridTileLast).toBe(schedule.kernels[0]?.gridTiles.at(-1));
		const distinct = new Set(all.map((each) => JSON.stringify(each.features)));
		expect(distinct.size).toBe(new Set(all.map((each) => JSON.stringify(each.schedule))).size);
	});

	test("counts the arithmetic of a matrix product exactly", () => {
		for (const { features } of featuresOf(matrixProduct(3, 17, 15)))
			expect(features.multiplyAdds).toBe(3 * 17 * 15);
	});
});
