// What lowering decides, read off the loops: what is shared between tiles, fused, merged, dropped.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { affineConstant } from "#shared/loop-ir/affine.ts";
import { checkLoopProgram } from "#shared/loop-ir/check.ts";
import type { LoopProgram, Statement } from "#shared/loop-ir/loop-ir.ts";
import { printLoopProgram } from "#shared/loop-ir/print.ts";
import { coalesceAxes } from "#shared/lower/coalesce-axes.ts";
import { rowPasses } from "#shared/lower/contract-operands.ts";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import type { Program } from "#shared/program/program.ts";
import { enumerateSchedules } from "#shared/schedule/enumerate-schedules.ts";
import type { KernelSchedule } from "#shared/schedule/schedule.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { targets } from "#shared/target/target.ts";
import { buildProgram } from "#test/support/program-builder.ts";
import * as programs from "#test/support/programs.ts";
import { uniformSchedule, wholeProgramMuGraph } from "#test/support/whole-program.ts";

const target = targets["cpu-x86-64-v3"];

function lowerWhole(program: Program, tile: number, knobs: Partial<KernelSchedule> = {}): LoopProgram {
	const muGraph = wholeProgramMuGraph(program);
	return lowerMuGraph(muGraph, uniformSchedule(muGraph, tile, knobs), target, 1);
}

function count(statements: readonly Statement[], kind: Statement["kind"]): number {
	let total = 0;
	for (const statement of statements) {
		if (statement.kind === kind) total++;
		if (statement.kind === "for" || statement.kind === "onChange") total += count(statement.body, kind);
		if (statement.kind === "branch") total += count(statement.fits, kind) + count(statement.otherwise, kind);
	}
	return total;
}

const bodyOf = (program: LoopProgram): readonly Statement[] => program.kernels[0]?.body ?? [];

describe("lowering", () => {
	test("does a norm and the packing of its rows once for all column tiles", () => {
		const lowered = lowerWhole(programs.rootMeanSquareNormLinear(16, 256, 512), 64);
		const shared = bodyOf(lowered).filter((statement) => statement.kind === "onChange");
		expect(shared.length).toBe(1);
		expect(count(shared, "transpose")).toBeGreaterThan(0);
		expect(count(bodyOf(lowered), "transpose")).toBe(count(shared, "transpose"));
	});

	test("packs weights in prepare and nothing else", () => {
		const lowered = lowerWhole(programs.gatedMlp(4, 64, 64), 32);
		const read = lowered.prepare.buffers.flatMap(({ place }) =>
			place.kind === "input" ? [place.input] : [],
		);
		expect(read.map((input) => lowered.inputs[input]?.role)).toEqual(["weight", "weight"]);
		expect(lowered.preparedBytes).toBeGreaterThanOrEqual(2 * 64 * 64 * 4);
	});

	test("walks a panel once for two sums over the same axis", () => {
		const b = buildProgram();
		const [rows, columns] = [b.axis(4), b.axis(64)];
		const x = b.input([rows, columns]);
		b.output(b.reduce("sum", x, columns));
		b.output(b.reduce("sum", b.map("multiply", x, x), columns));
		const both = lowerWhole(b.build(), 1);
		expect(count(bodyOf(both), "for")).toBe(1);
	});

	test("keeps no scratch for a value that only its own loop nest reads", () => {
		const lowered = lowerWhole(programs.residualNorm(4, 64), 1);
		const scratch = lowered.kernels[0]?.buffers.filter(({ place }) => place.kind === "local") ?? [];
		expect(scratch.every(({ elements }) => elements <= 8)).toBe(true);
	});

	test("keeps what waits for a reduction where the output will be, if whole vectors fill the tile", () => {
		const buffersOf = (columns: number, knobs: Partial<KernelSchedule> = {}): readonly number[] =>
			(lowerWhole(programs.rowSoftmax(4, columns), 1, knobs).kernels[0]?.buffers ?? []).flatMap(
				({ place, elements }) => (place.kind === "local" ? [elements] : []),
			);
		expect(Math.max(...buffersOf(64))).toBeLessThanOrEqual(8);
		expect(Math.max(...buffersOf(65))).toBeGreaterThanOrEqual(65);
		expect(Math.max(...buffersOf(64, { nonTemporalStores: true }))).toBeGreaterThanOrEqual(64);
	});

	test("keeps in scratch what another output still needs, and a second value that waits", () => {
		const b = buildProgram();
		const [rows, columns] = [b.axis(4), b.axis(64)];
		const raised = b.map("exp", b.input([rows, columns]));
		const sum = b.reduce("sum", raised, columns);
		b.output(b.map("divide", raised, sum));
		b.output(b.map("multiply", raised, sum));
		for (const program of [b.build(), programs.quotientOfTwo(4, 64)]) {
			const [kernel] = lowerWhole(program, 1).kernels;
			const scratch = kernel?.buffers.filter(({ place }) => place.kind === "local") ?? [];
			expect(scratch.filter(({ elements }) => elements >= 64)).toHaveLength(1);
		}
	});

	test("writes an output in one loop where no store reads what waits", () => {
		const b = buildProgram();
		const [rows, columns] = [b.axis(4), b.axis(64)];
		const x = b.input([rows, columns]);
		const raised = b.map("exp", x);
		const squares = b.reduce("sum", b.map("multiply", raised, raised), columns);
		b.output(b.map("multiply", x, b.map("divide", squares, b.reduce("sum", raised, columns))));
		const loops = bodyOf(lowerWhole(b.build(), 1)).filter(({ kind }) => kind === "for");
		const writing = loops.filter((loop) => JSON.stringify(loop).includes('"kind":"store","buffer":"out0"'));
		expect(writing).toHaveLength(1);
	});

	test("merges axes that lie behind one another everywhere", () => {
		const b = buildProgram();
		const axes = [b.axis(3), b.axis(5), b.axis(7)];
		b.output(b.map("exp", b.input(axes)));
		const muGraph = wholeProgramMuGraph(b.build());
		const merged = coalesceAxes({ muGraph, schedule: uniformSchedule(muGraph, 4) }).muGraph;
		expect(merged.kernels[0]?.grid.map((axis) => merged.axes[axis]?.extent)).toEqual([105]);
	});

	test("merges no axes that one buffer holds in another order", () => {
		const b = buildProgram();
		const axes = [b.axis(3), b.axis(5)] as const;
		b.output(b.map("exp", b.input(axes)), [axes[1], axes[0]]);
		const muGraph = wholeProgramMuGraph(b.build());
		expect(coalesceAxes({ muGraph, schedule: uniformSchedule(muGraph, 4) }).muGraph).toEqual(muGraph);
	});

	test("is deterministic", () => {
		const once = printLoopProgram(lowerWhole(programs.maskedAttention(2, 5, 33, 16), 4));
		expect(printLoopProgram(lowerWhole(programs.maskedAttention(2, 5, 33, 16), 4))).toBe(once);
	});
});

describe("row passes", () => {
	test("cover every row once, are at most as high as the register tile, and differ by at most one row", () => {
		const seed = Number(process.env["TEST_SEED"]);
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 14 }), (rows, height) => {
				const starts = rowPasses(rows, height).flatMap(({ start, width, count: passes }) =>
					Array.from({ length: passes }, (_, at) => ({ start: start + at * width, width })),
				);
				let next = 0;
				for (const { start, width } of starts) {
					expect(start).toBe(next);
					next += width;
				}
				expect(next).toBe(rows);
				const widths = starts.map(({ width }) => width);
				expect(Math.max(...widths)).toBeLessThanOrEqual(height);
				expect(Math.max(...widths) - Math.min(...widths)).toBeLessThanOrEqual(1);
			}),
			{ seed },
		);
	});
});

describe("the check of loop programs", () => {
	const lowered = lowerWhole(programs.rootMeanSquareNormLinear(5, 33, 17), 16);
	const broken = (change: (body: readonly Statement[]) => readonly Statement[]): readonly string[] =>
		checkLoopProgram({
			...lowered,
			kernels: lowered.kernels.map((kernel) => ({ ...kernel, body: change(kernel.body) })),
		});

	test("accepts what lowering makes", () => {
		expect(checkLoopProgram(lowered)).toEqual([]);
	});

	test.each([-1, 85])("refuses a store to element %i of an output of 85", (element) => {
		const stray: Statement = {
			kind: "store",
			buffer: "out0",
			index: affineConstant(element),
			value: { kind: "number", value: 0 },
			lanes: 1,
			active: 1,
			laneStride: 0,
			nonTemporal: false,
		};
		expect(broken((body) => [...body, stray])).toEqual([
			`kernel 0: touches out0[${element}..${element}], which has 85 elements`,
		]);
	});

	test("refuses buffers that are too small for a micro-kernel", () => {
		const small = {
			...lowered,
			kernels: lowered.kernels.map((kernel) => ({
				...kernel,
				buffers: kernel.buffers.map((buffer) =>
					buffer.place.kind === "prepared" ? { ...buffer, elements: 64 } : buffer,
				),
			})),
		};
		expect(checkLoopProgram(small).some((fault) => fault.includes("leaves panels"))).toBe(true);
	});

	test("refuses locals and micro-kernels that are not there", () => {
		const value = { kind: "local", name: "nowhere", lanes: 1 } as const;
		const faults = broken((body) => [
			...body,
			{ kind: "declare", name: "x", lanes: 1, value, mutable: false },
			{ kind: "assign", name: "x", value: { kind: "number", value: 1 } },
			{ kind: "call", microkernel: "tile_missing", operands: [], steps: affineConstant(1) },
		]);
		expect(faults).toEqual([
			"kernel 0: no local nowhere",
			"kernel 0: x is assigned but is no mutable local",
			"kernel 0: no micro-kernel tile_missing",
		]);
	});
});

test("keys are prefetched a panel ahead, values where the next step reads them, if the schedule says so", () => {
	const program = programs.maskedAttention(1, 8, 4096, 64);
	const [muGraph] = searchMuGraphs(program, { statesMax: 500, foundMax: 40 }).found.filter(
		({ kernels }) => kernels.length === 1 && kernels[0]?.loop !== null,
	);
	if (muGraph === undefined) throw new Error("no looped µGraph");
	const [schedule] = enumerateSchedules(muGraph, target, 1, 1);
	const prefetching = (prefetchBytes: number, loopTile: number): number => {
		const kernels = (schedule?.kernels ?? []).map((kernel) => ({ ...kernel, prefetchBytes, loopTile }));
		const lowered = lowerMuGraph(muGraph, { kernels }, target, 1);
		return lowered.microkernels.filter(({ body }) => count(body, "prefetch") > 0).length;
	};
	expect(schedule?.kernels[0]?.prefetchBytes).toBeGreaterThan(0);
	expect([prefetching(4096, 128), prefetching(0, 128), prefetching(4096, 4096)]).toEqual([2, 0, 1]);
});
