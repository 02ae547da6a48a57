import { describe, expect, test } from "vitest";
import { predictNanoseconds } from "#shared/cost-model/analytic.ts";
import { checkLoopProgram } from "#shared/loop-ir/check.ts";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import type { Schedule } from "#shared/schedule/schedule.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { targets } from "#shared/target/target.ts";
import * as programs from "#test/support/programs.ts";
import { wholeProgramMuGraph } from "#test/support/whole-program.ts";

const sizes = {
	...programs.samplePrograms,
	decode: programs.rootMeanSquareNormLinear(2, 512, 1024),
	prefill: programs.matrixProduct(200, 64, 300),
	longAttention: programs.maskedAttention(4, 16, 600, 64),
};

function graphsOf(name: keyof typeof sizes): MuGraph[] {
	const program = sizes[name];
	return [wholeProgramMuGraph(program), ...searchMuGraphs(program, { statesMax: 500, foundMax: 2 }).found];
}

const names = Object.keys(sizes) as (keyof typeof sizes)[];

describe("schedules", () => {
	test.each(names)("of %s are legal, distinct, and the same every time", (name) => {
		for (const target of Object.values(targets)) {
			for (const muGraph of graphsOf(name)) {
				const schedules = enumerateSchedules(muGraph, target, 2, 40);
				expect(schedules.length).toBeGreaterThan(0);
				expect(new Set(schedules.map((schedule) => JSON.stringify(schedule))).size).toBe(schedules.length);
				expect(enumerateSchedules(muGraph, target, 2, 40)).toEqual(schedules);
				expect(enumerateSchedules(muGraph, target, 2, 3)).toEqual(schedules.slice(0, 3));
				for (const schedule of schedules) expectLegal(muGraph, schedule);
			}
		}
	});

	test.each(names)("of %s lower to programs whose every address stays in its buffer", (name) => {
		for (const target of Object.values(targets)) {
			for (const muGraph of graphsOf(name)) {
				for (const schedule of enumerateSchedules(muGraph, target, 2, 6)) {
					const lowered = lowerMuGraph(muGraph, schedule, target, 2);
					expect(checkLoopProgram(lowered), JSON.stringify(schedule)).toEqual([]);
				}
			}
		}
	});
});

function expectLegal(muGraph: MuGraph, schedule: Schedule): void {
	expect(schedule.kernels.length).toBe(muGraph.kernels.length);
	schedule.kernels.forEach((kernel, at) => {
		const { grid, loop } = muGraph.kernels[at] ?? { grid: [], loop: null };
		expect(kernel.gridTiles.length).toBe(grid.length);
		kernel.gridTiles.forEach((tile, position) => {
			expect(tile).toBeGreaterThanOrEqual(1);
			expect(tile).toBeLessThanOrEqual(muGraph.axes[grid[position] ?? 0]?.extent ?? 0);
		});
		expect(kernel.loopTile > 0).toBe(loop !== null);
		expect(kernel.registerRows * kernel.registerVectors).toBeLessThanOrEqual(32);
	});
}

describe("the analytic model", () => {
	const target = targets["cpu-x86-64-v3"];
	const muGraph = wholeProgramMuGraph(programs.rootMeanSquareNormLinear(16, 1024, 1024));
	const base = enumerateSchedules(muGraph, target, 1, 1)[0];
	const predict = (knobs: object, threads = 1): number =>
		predictNanoseconds(
			muGraph,
			{ kernels: (base?.kernels ?? []).map((kernel) => ({ ...kernel, ...knobs })) },
			target,
			threads,
		);

	test("holds a register tile of one accumulator to be slower than one that fills the registers", () => {
		expect(predict({ registerRows: 1, registerVectors: 1 })).toBeGreaterThan(
			2 * predict({ registerRows: 6, registerVectors: 2 }),
		);
	});

	test("never predicts less than the arithmetic takes at the target's peak", () => {
		const flops = 2 * 16 * 1024 * 1024;
		expect(predict({})).toBeGreaterThan(flops / target.fusedMultiplyAddGflops);
	});

	test("holds two threads to be faster than one when there is work for both", () => {
		expect(predict({}, 2)).toBeLessThan(predict({}));
	});
});
