// A model as a library of its own: for C programs that know nothing but its header.

import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "#cli/load-model.ts";
import { measureModels } from "#cli/whole-model/measure-models.ts";
import type { ModelView } from "#cli/whole-model/model-view.ts";
import { writeWholeModel } from "#cli/whole-model/write-whole-model.ts";
import { present } from "#shared/fault/assert.ts";
import { findToolchain, type Toolchain } from "#test/gpu-runner/toolchain-fixture.ts";
import { ramp } from "#test/support/onnx-model.ts";
import { numbersOf, runOnnxRuntime } from "#test/support/run-onnxruntime.ts";
import { denseModel } from "./model-cases.ts";
import { type TunedFolder, tuneModel } from "./tuned-folder.ts";

const rows = 64;
const invalid = 22;
let toolchain: Toolchain;
let root: string;
let tuned: TunedFolder;
let view: ModelView;
let program: string;
beforeAll(async () => {
	toolchain = await findToolchain();
	root = toolchain.folder();
	tuned = await tuneModel(toolchain, join(root, "model"), denseModel(1, rows), undefined, 2);
	view = await writeWholeModel(tuned.request);
	program = join(root, "call-model");
	const library = present(view.standalone, "a library");
	const source = join(import.meta.dirname, "call-model.c");
	const warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic"];
	const links = [source, library, `-Wl,-rpath,${dirname(library)}`, "-o", program];
	execFileSync("gcc", [...warnings, `-I${dirname(library)}`, ...links]);
});
afterAll(() => rmSync(root, { recursive: true }));

const call = (weights: string, threads: number): number[] => {
	const given = [weights, threads, rows * 40, rows * 33].map(String);
	return execFileSync(program, given, { encoding: "utf8" }).trim().split("\n").map(Number);
};
const weightsPath = (): string => present(view.weights, "weights");

describe("a model as a library of its own", () => {
	test.each([1, 2, 3])("gives a C program what ONNX Runtime gives, with %i threads", async (threads) => {
		const [fault, ...found] = call(weightsPath(), threads);
		expect(fault).toBe(0);
		const { y } = await runOnnxRuntime(denseModel(1, rows), { x: ramp([rows, 40]) });
		const expected = numbersOf(present(y, "an output"));
		expect(found).toHaveLength(expected.length);
		for (const [at, value] of found.entries()) expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 5);
	});

	test("exports the four functions of its header and nothing else", () => {
		const library = present(view.standalone, "a library");
		const symbols = execFileSync("nm", ["-D", "--defined-only", library], { encoding: "utf8" })
			.trim()
			.split("\n");
		const names = symbols.map((line) => line.split(" ").at(-1) ?? "").sort();
		expect(names).toEqual(["close", "open", "run", "workspace_bytes"].map((name) => `kiln_model_${name}`));
		const header = readFileSync(join(dirname(library), "model.h"), "utf8");
		for (const name of names) expect(header).toContain(`${name}(`);
	});

	test("refuses another model's weights and a file that is not there", () => {
		const longer = join(root, "longer.bin");
		copyFileSync(weightsPath(), longer);
		appendFileSync(longer, "x");
		expect(call(longer, 1)).toEqual([invalid]);
		expect(call(join(root, "none.bin"), 1)).not.toEqual([0]);
	});

	test("is compared with the original in the process that measures", async () => {
		const { document, ...model } = await loadModel(tuned.request.directory, { form: "standalone" });
		model.close();
		const check = (original: string) =>
			measureModels({
				runtime: toolchain.runtime,
				threads: 1,
				original,
				originalLibrary: null,
				model: original,
				library: null,
				standalone: {
					...present(document.standalone, "a library"),
					library: present(view.standalone, "a library"),
					weights: weightsPath(),
					threads: 1,
				},
				budgetMilliseconds: 0,
			});
		const same = await check(tuned.request.model);
		expect(same.kind === "measured" && same.errorMax).toBeLessThan(1e-5);
		const other = await tuneModel(toolchain, join(root, "other"), denseModel(9, rows));
		const different = await check(other.request.model);
		expect(different.kind === "measured" && different.errorMax).toBeGreaterThan(0.01);
	});

	test("is a miss where something is left to a runtime", async () => {
		const document = join(tuned.request.directory, "model.json");
		const text = JSON.parse(readFileSync(document, "utf8"));
		expect(text.standalone.inputs).toEqual([{ name: "x", dataType: "float32", shape: [rows, 40] }]);
		writeFileSync(document, JSON.stringify({ ...text, standalone: null }));
		await expect(loadModel(tuned.request.directory, { form: "standalone" })).rejects.toMatchObject({
			code: "cache.miss",
		});
		writeFileSync(document, JSON.stringify(text));
	});
});
