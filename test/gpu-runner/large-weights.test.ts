import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { measureCandidates } from "#runner/measure/measure-candidates.ts";
import type { MeasureResult } from "#runner/measure/measure-request.ts";
import { present } from "#shared/fault/assert.ts";
import { rootMeanSquareNormLinear } from "#test/support/programs.ts";
import { briefBudget } from "./brief-budget.ts";
import { kernelSource } from "./kernel-fixture.ts";
import { rootMeanSquareNormLinearOnnx } from "./onnx-fixture.ts";
import { findToolchain } from "./toolchain-fixture.ts";

/** Weights of exactly 64 MiB: from here on candidates that pack alike share what is packed. */
const shape = { m: 1, k: 4096, n: 4096 };

const right = (prefix: string): string => kernelSource("right", prefix, shape);
/** Packs -w to as many bytes, and takes it from zero. */
const negating = (prefix: string): string =>
	right(prefix)
		.replace(
			"\treturn 0;",
			`\tfor (size_t i = 0; i < ${shape.k * shape.n}; i++) ((float *)prepared)[i] *= -1;\n\treturn 0;`,
		)
		.replace("+= a * w[", "-= a * w[");
const writing = (prefix: string): string =>
	right(prefix).replace("float *y = outputs[0];", "float *y = outputs[0]; *(volatile float *)prepared = 1;");
const sources = [right, negating, right, writing, negating];

let directory: string;
let result: MeasureResult;
beforeAll(async () => {
	const toolchain = await findToolchain();
	directory = toolchain.folder();
	result = await measureCandidates({
		program: rootMeanSquareNormLinear(shape.m, shape.k, shape.n),
		target: toolchain.target,
		threads: 1,
		seed: Number(process.env.TEST_SEED ?? 1),
		tolerance: "float32-1e-3",
		baselines: [
			{
				form: "asWritten",
				model: rootMeanSquareNormLinearOnnx(shape.m, shape.k, shape.n),
				inputNames: ["x", "g", "w"],
				outputNames: ["y"],
			},
		],
		candidatesCount: sources.length,
		emitUnit: (parts) =>
			parts.map(({ candidate, prefix }) => present(sources[candidate], "a source")(prefix)).join("\n"),
		budget: briefBudget,
		directory,
		compiler: toolchain.compiler,
		harness: toolchain.harness,
		runtime: toolchain.runtime,
		hangMilliseconds: 10_000,
	});
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The candidates of every request in order, as "id packedBy". */
function entrants(): string[] {
	const names = readdirSync(directory).filter((name) => name.startsWith("request-"));
	return names.map((name) =>
		[...readFileSync(join(directory, name), "utf8").matchAll(/^candidate candidate-(\d+) .* (\S+)$/gm)]
			.map(([, id, packedBy]) => `${id} ${packedBy}`)
			.join(", "),
	);
}

test("candidates that pack large weights to the same bytes share them, others do not, and all are right", () => {
	expect(entrants()).toContain("0 -, 1 -, 2 0, 4 1");
	const outcomes = new Map(result.candidates.map(({ candidate, outcome }) => [candidate, outcome.kind]));
	for (const candidate of [0, 1, 2, 4]) expect(outcomes.get(candidate)).toBe("timed");
});

test("the winner is checked and timed with weights of its own", () => {
	const alone = entrants().filter((line) => line === `${result.kernel?.candidate} -`);
	expect(alone.length).toBeGreaterThanOrEqual(2);
	expect(result.kernel?.errorMax).toBeLessThan(1e-4);
});

test("a candidate that writes to its packed weights while it runs is rejected", () => {
	const writer = result.candidates.find(({ candidate }) => candidate === 3);
	expect(writer?.outcome).toEqual({ kind: "crashed", signal: "SIGSEGV" });
});
