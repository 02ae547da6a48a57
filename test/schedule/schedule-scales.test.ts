import { describe, expect, test } from "vitest";
import { checkLoopProgram } from "#shared/loop-ir/check.ts";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { createRandom } from "#shared/numeric/random.ts";
import type { Program } from "#shared/program/program.ts";
import { drawSchedules } from "#shared/schedule/draw-schedules.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import { neighbourSchedules } from "#shared/schedule/neighbour-schedules.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import { countSchedules, scheduleScales } from "#shared/schedule/schedule-scales.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { targets } from "#shared/target/target.ts";
import { loopedMuGraph } from "#test/support/looped-program.ts";
import { testSeed } from "#test/support/mugraph-inputs.ts";
import * as programs from "#test/support/programs.ts";
import { foldedLora } from "#test/support/weight-programs.ts";

const cases: Readonly<Record<string, Program>> = {
	"norm and linear": programs.rootMeanSquareNormLinear(8, 512, 1024),
	"gated MLP": programs.gatedMlp(8, 512, 1024),
	attention: programs.maskedAttention(4, 16, 600, 64),
	"row softmax": programs.rowSoftmax(512, 4096),
	"folded LoRA": foldedLora(15, 65, 64, 3),
	"one element": programs.matrixProduct(1, 1, 1),
};
const found = (program: Program): readonly MuGraph[] =>
	searchMuGraphs(program, { statesMax: 500, foundMax: 3 }).found;
const digest = (schedule: Schedule): string => JSON.stringify(schedule);

describe.each(Object.values(targets))("for $id", (target) => {
	describe.each(Object.entries(cases))("%s", (_, program) => {
		test("neighbours are distinct, never the schedule itself, the same every time, and lower to checked loops", () => {
			for (const muGraph of found(program)) {
				const [schedule] = enumerateSchedules(muGraph, target, 2, 1);
				if (schedule === undefined) throw new Error("no schedule");
				const neighbours = neighbourSchedules(muGraph, schedule, target);
				const texts = neighbours.map(digest);
				expect(new Set([digest(schedule), ...texts]).size).toBe(texts.length + 1);
				expect(neighbourSchedules(muGraph, schedule, target).map(digest)).toEqual(texts);
				for (const neighbour of neighbours)
					expect(checkLoopProgram(lowerMuGraph(muGraph, neighbour, target, 2)), digest(neighbour)).toEqual(
						[],
					);
			}
		});

		test("random schedules are distinct, the same for the same seed, and lower to checked loops", () => {
			for (const muGraph of found(program)) {
				const draw = (): readonly Schedule[] => drawSchedules(muGraph, target, createRandom(testSeed), 12);
				const drawn = draw();
				expect(drawn.length).toBeGreaterThan(0);
				expect(new Set(drawn.map(digest)).size).toBe(drawn.length);
				expect(draw().map(digest)).toEqual(drawn.map(digest));
				for (const schedule of drawn)
					expect(checkLoopProgram(lowerMuGraph(muGraph, schedule, target, 2)), digest(schedule)).toEqual([]);
			}
		});
	});

	const [query, key] = [1, 2];
	test("an attention's queries may fill the lanes where they fill more than half of them", () => {
		const axesOf = (queries: number): readonly (number | null)[] =>
			scheduleScales(loopedMuGraph(programs.maskedAttention(4, queries, 600, 64), key), target, [
				"float32",
			]).flatMap((scales) => scales?.vectorAxes ?? []);
		expect(axesOf(2)).toEqual([null]);
		expect(axesOf(16)).toEqual([null, query]);
	});

	test("a matrix product with weights has thousands of schedules, none drawn twice", () => {
		const [muGraph] = found(programs.rootMeanSquareNormLinear(8, 512, 1024));
		if (muGraph === undefined) throw new Error("nothing was found");
		expect(countSchedules(scheduleScales(muGraph, target, ["float32"]))).toBeGreaterThan(2000);
		const drawn = drawSchedules(muGraph, target, createRandom(testSeed), 2000);
		expect(drawn).toHaveLength(2000);
		expect(new Set(drawn.map(digest)).size).toBe(2000);
	});
});

test("a space of one schedule is drawn once", () => {
	const [muGraph] = found(programs.matrixProduct(1, 1, 1));
	if (muGraph === undefined) throw new Error("nothing was found");
	const drawn = drawSchedules(muGraph, targets["cpu-x86-64-v3"], createRandom(testSeed), 10_000);
	expect(drawn.length).toBeLessThan(10_000);
});
