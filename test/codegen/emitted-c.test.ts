// The text of emitted C: golden files, and that it compiles for every target and compiler at hand.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emitC, emitHeader } from "#shared/codegen/codegen.ts";
import { present } from "#shared/fault/assert.ts";
import { checkLoopProgram } from "#shared/loop-ir/check.ts";
import type { LoopProgram } from "#shared/loop-ir/loop-ir.ts";
import { printLoopProgram } from "#shared/loop-ir/print.ts";
import { lowerMuGraph } from "#shared/lower/lower.ts";
import type { MuGraph } from "#shared/mugraph/mugraph.ts";
import type { Program } from "#shared/program/program.ts";
import type { KernelSchedule } from "#shared/schedule/schedule.ts";
import { searchMuGraphs } from "#shared/search/search.ts";
import { type CpuTarget, targets } from "#shared/target/target.ts";
import { compilerMissing } from "#test/support/compiled-kernel.ts";
import { loopedMuGraph } from "#test/support/looped-program.ts";
import * as programs from "#test/support/programs.ts";
import { rowVariance } from "#test/support/variance-programs.ts";
import { foldedLora } from "#test/support/weight-programs.ts";
import { uniformSchedule, wholeProgramMuGraph } from "#test/support/whole-program.ts";

const folder = join(import.meta.dirname, "..", "golden", "codegen");

function lower(program: Program, tile: number, target: CpuTarget): LoopProgram {
	return lowerGraph(wholeProgramMuGraph(program), tile, target);
}

function lowerGraph(
	muGraph: MuGraph,
	tile: number,
	target: CpuTarget,
	knobs: Partial<KernelSchedule> = {},
): LoopProgram {
	const own = { vectorLanes: target.vectorLanes, prefetchBytes: 8192, loopTile: tile, ...knobs };
	const lowered = lowerMuGraph(muGraph, uniformSchedule(muGraph, tile, own), target, 2);
	expect(checkLoopProgram(lowered)).toEqual([]);
	return lowered;
}

function firstFound(program: Program): MuGraph {
	return present(searchMuGraphs(program, { statesMax: 100, foundMax: 1 }).found[0], "a µGraph");
}

type LowerFor = (target: CpuTarget) => LoopProgram;

const softmax: LowerFor = (target) => lower(programs.rowSoftmax(32, 1000), 1, target);
const normLinear: LowerFor = (target) => lower(programs.rootMeanSquareNormLinear(16, 1024, 1024), 64, target);
/** Axes of an attention with one head. */
const [query, key] = [1, 2];
const attention: LowerFor = (target) =>
	lowerGraph(loopedMuGraph(programs.maskedAttention(1, 8, 256, 32), key), 8, target, { loopTile: 64 });
const attentionByQuery: LowerFor = (target) =>
	lowerGraph(loopedMuGraph(programs.maskedAttention(1, 16, 256, 32), key), 16, target, {
		loopTile: 64,
		vectorAxis: query,
	});
const pairProducts: LowerFor = (target) =>
	lowerGraph(wholeProgramMuGraph(programs.matrixProduct(4, 64, 64)), 64, target, {
		productType: "bfloat16",
	});

const goldenPrograms: readonly (readonly [name: string, target: CpuTarget, lower: LowerFor])[] = [
	["row-softmax", targets["cpu-x86-64-v3"], softmax],
	["rms-norm-linear", targets["cpu-x86-64-v3"], normLinear],
	["gated-mlp", targets["cpu-x86-64-v3"], (target) => lower(programs.gatedMlp(2, 64, 128), 64, target)],
	["bias-gelu", targets["cpu-x86-64-v3"], (target) => lower(programs.biasGelu(8, 96), 96, target)],
	[
		"folded-lora",
		targets["cpu-x86-64-v3"],
		(target) => lowerGraph(firstFound(foldedLora(8, 128, 128, 4)), 64, target),
	],
	[
		"row-variance",
		targets["cpu-x86-64-v3"],
		(target) => lowerGraph(loopedMuGraph(rowVariance(8, 1000), 1), 4, target, { loopTile: 256 }),
	],
	["row-softmax-v4", targets["cpu-x86-64-v4"], softmax],
	["rms-norm-linear-v4", targets["cpu-x86-64-v4"], normLinear],
	["attention-v4", targets["cpu-x86-64-v4"], attention],
	["attention-by-query-v4", targets["cpu-x86-64-v4"], attentionByQuery],
	["pair-products-v4", targets["cpu-x86-64-v4"], pairProducts],
	["bias-gelu-v4", targets["cpu-x86-64-v4"], (target) => lower(programs.biasGelu(8, 96), 96, target)],
	["row-softmax-portable", targets["cpu-portable"], softmax],
];

function expectGolden(file: string, text: string): void {
	const path = join(folder, file);
	if (process.env.UPDATE_GOLDEN !== undefined) {
		mkdirSync(folder, { recursive: true });
		writeFileSync(path, text);
	}
	expect(text).toBe(readFileSync(path, "utf8"));
}

describe("emitted text", () => {
	test.each(goldenPrograms)(
		"%s is as reviewed (npm run golden:update rewrites)",
		(name, target, lowerFor) => {
			const program = lowerFor(target);
			expectGolden(`${name}.c`, emitC([{ prefix: "kiln_kernel", program }], target));
			expectGolden(`${name}.h`, emitHeader(program, "kiln_kernel"));
			expectGolden(`${name}.loops`, printLoopProgram(program));
		},
	);

	test("candidates of one unit share their micro-kernels and prelude", () => {
		const program = lower(programs.gatedMlp(8, 64, 64), 32, targets["cpu-x86-64-v3"]);
		const one = emitC([{ prefix: "a", program }], targets["cpu-x86-64-v3"]);
		const two = emitC(
			[
				{ prefix: "a", program },
				{ prefix: "b", program },
			],
			targets["cpu-x86-64-v3"],
		);
		const count = (text: string, part: string): number => text.split(part).length - 1;
		expect(count(two, "void tile_")).toBe(count(one, "void tile_"));
		expect(count(two, "kiln_sigmoid_8(kiln_f8 x) {")).toBe(1);
		expect(count(two, "int b_run(")).toBe(1);
	});
});

const missing = compilerMissing();
const compilers = ["gcc", "clang", "clang-19"].filter((name) => spawnSync(name, ["--version"]).status === 0);
if (missing !== null) console.warn(`emitted C is not compiled: ${missing}`);
for (const name of ["gcc", "clang"]) {
	if (!compilers.some((found) => found.startsWith(name)))
		console.warn(`not compiled with ${name}: not installed`);
}

describe.skipIf(missing !== null)("emitted C compiles", () => {
	const cases = compilers.flatMap((compiler) =>
		Object.values(targets).map((target) => [compiler, target.id, target] as const),
	);
	test.each(cases)("with %s for %s, without a warning", (compiler, _, target) => {
		const list = [
			...Object.values(programs.samplePrograms).map((program) => lower(program, 8, target)),
			lower(programs.maskedAttention(2, 16, 64, 32), 16, target),
			lowerGraph(loopedMuGraph(programs.layerNorm(5, 65), 1), 4, target, { loopTile: 24 }),
			attentionByQuery(target),
			pairProducts(target),
		];
		const temporary = mkdtempSync(join(tmpdir(), "kiln-emitted-"));
		try {
			const source = join(temporary, "kernels.c");
			const parts = list.map((program, at) => ({ prefix: `k${at}`, program }));
			writeFileSync(source, emitC(parts, target));
			const flags = [
				"-O1",
				...target.compilerFlags,
				"-Wall",
				"-Wextra",
				"-Werror",
				"-Wno-maybe-uninitialized",
			];
			const quiet = compiler === "gcc" ? [] : ["-Wno-unknown-warning-option"];
			execFileSync(compiler, [...flags, ...quiet, "-fPIC", "-c", source, "-o", join(temporary, "kernels.o")]);
			const header = list.map((program, at) => emitHeader(program, `k${at}`)).join("\n");
			const headerSource = join(temporary, "header.c");
			writeFileSync(headerSource, header);
			execFileSync(compiler, ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", headerSource]);
		} finally {
			rmSync(temporary, { recursive: true });
		}
	});
});
