// The operator library as a stranger meets it: what it exports, which runtimes it accepts, and that calls do not disturb
// each other.

import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "#cli/load-model.ts";
import type { ModelView } from "#cli/whole-model/model-view.ts";
import { drawInputs } from "#cli/whole-model/random-inputs.ts";
import { writeWholeModel } from "#cli/whole-model/write-whole-model.ts";
import { present } from "#shared/fault/assert.ts";
import { writeTensorProto } from "#shared/onnx/tensor-proto.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { findToolchain } from "#test/gpu-runner/toolchain-fixture.ts";
import { runKiln } from "#test/support/kiln-process.ts";
import { ramp } from "#test/support/onnx-model.ts";
import { runOnnxRuntime } from "#test/support/run-onnxruntime.ts";
import { denseModel } from "./model-cases.ts";
import { type TunedFolder, tuneModel } from "./tuned-folder.ts";

/** Enough to be shared out. */
const rows = 64;
let root: string;
let runtime: string;
let tuned: TunedFolder;
let view: ModelView;
beforeAll(async () => {
	const toolchain = await findToolchain();
	root = toolchain.folder();
	runtime = toolchain.runtime;
	tuned = await tuneModel(toolchain, join(root, "one"), denseModel(1, rows), undefined, 2);
	view = await writeWholeModel(tuned.request);
});
afterAll(() => rmSync(root, { recursive: true }));

const harness = join(import.meta.dirname, "..", "..", "..", "gpu-runner", "harness");
const libraryPath = (): string => present(view.library, "a library");

describe("an operator library", () => {
	test("exports its two functions and nothing else, and asks for no runtime to be linked", () => {
		const symbols = (...options: string[]): string[] =>
			execFileSync("nm", ["-D", ...options, libraryPath()], { encoding: "utf8" })
				.trim()
				.split("\n")
				.map((line) => line.split(" ").at(-1) ?? "");
		expect(symbols("--defined-only").sort()).toEqual(["RegisterCustomOps", "kiln_library_information"]);
		expect(symbols("--undefined-only").filter((name) => name.startsWith("Ort"))).toEqual([]);
	});

	test("says what it is", () => {
		const information = koffi.load(libraryPath()).func("const char *kiln_library_information()");
		const told = JSON.parse(information());
		expect(told.target).toBe("cpu-x86-64-v3");
		expect(`lib${told.domain.replace(".", "_")}.so`).toBe(libraryPath().split("/").at(-1));
		expect(told.operators).toHaveLength(1);
	});

	test.each(["1.16.3", "1.5.0", "0.17.1", "2.0.0", "", "nonsense"])(
		"gives runtime '%s' an error that names both versions, and asks it for nothing that it lacks",
		(version) => {
			const probe = join(root, "older-runtime");
			execFileSync("gcc", ["-Wall", "-o", probe, join(import.meta.dirname, "older-runtime.c"), "-ldl"]);
			const told = execFileSync(probe, [libraryPath(), version], { encoding: "utf8" });
			expect(told.trim()).toMatch(/^9 1 kiln\.[0-9a-f]{8} needs ONNX Runtime 1\.17 or later, this is/);
			expect(told.trim().endsWith(version)).toBe(true);
		},
	);
});

describe("runs at the same time", () => {
	test("of one session give what single runs give, and no thread is there that was not before", () => {
		const program = join(root, "concurrent-runs");
		const sources = [join(import.meta.dirname, "concurrent-runs.c"), "-ldl", "-pthread"];
		execFileSync("gcc", ["-Wall", "-O1", `-I${harness}`, "-o", program, ...sources]);
		expect(readFileSync(join(tuned.request.directory, "island-0", "kernel.c"), "utf8")).toContain(
			"kiln_together(",
		);
		const model = present(view.file, "a model");
		const given = [runtime, model, libraryPath(), "2", "8", "200", String(rows), "40"];
		expect(execFileSync(program, given, { encoding: "utf8" }).trim()).toBe("0 1600 0");
	});

	test.each(["runtime", "standalone"] as const)(
		"thousands of them, while garbage is collected, find their tensors where they were (%s)",
		async (form) => {
			const model = await loadModel(tuned.request.directory, { form });
			const x = present(drawInputs(model.inputs, 3)[0], "an input");
			const expected = present(model.run({ x }).y, "an output").bytes;
			let different = 0;
			for (let run = 0; run < 12_000; run++) {
				// Inputs that nobody else holds.
				const { y } = model.run({ x: { ...x, bytes: x.bytes.slice() } });
				if (run % 50 === 0 && Buffer.compare(present(y, "an output").bytes, expected) !== 0) different++;
			}
			expect(different).toBe(0);
			model.close();
		},
	);

	test("of two models in one process do not meet, and each has a domain of its own", async () => {
		const toolchain = await findToolchain();
		const other = await tuneModel(toolchain, join(root, "two"), denseModel(7, rows));
		await writeWholeModel(other.request);
		const models = await Promise.all([tuned, other].map(({ request }) => loadModel(request.directory)));
		const [first, second] = models.map((model) => {
			const [x] = drawInputs(model.inputs, 3);
			return model.run({ x: present(x, "an input") }).y;
		});
		expect(first?.bytes).not.toEqual(second?.bytes);
		expect(new Set(models.map(({ document }) => document.domain)).size).toBe(2);
		for (const model of models) model.close();
	});
});

describe("kiln check --kernels", () => {
	test("runs the whole model on stored inputs too, and tells when its outputs are not the stored ones", async () => {
		const data = join(root, "data");
		mkdirSync(data);
		const x = ramp([rows, 40]);
		const { y } = await runOnnxRuntime(denseModel(1, rows), { x });
		const output = present(y, "an output");
		writeFileSync(join(data, "input_0.pb"), writeTensorProto("x", x));
		const check = async (expected: TensorData) => {
			writeFileSync(join(data, "output_0.pb"), writeTensorProto("y", expected));
			const { model, directory } = tuned.request;
			const { stdout } = await runKiln(["check", model, "--data", data, "--kernels", directory, "--json"]);
			return JSON.parse(stdout);
		};
		expect(await check(output)).toMatchObject({
			verdict: "equal",
			kernelsRun: 1,
			wholeModel: { islandsReplaced: 1, outputs: [{ name: "y", verdict: "equal" }] },
		});
		expect(await check(ramp(output.shape))).toMatchObject({
			verdict: "different",
			wholeModel: { outputs: [{ name: "y", verdict: "different" }] },
		});
	});
});

describe("what is loaded", () => {
	const harmed = (name: string, harm: (directory: string) => void): string => {
		const directory = join(root, name);
		cpSync(tuned.request.directory, directory, { recursive: true });
		harm(directory);
		return directory;
	};
	const edit = (directory: string, name: string, change: (text: string) => string): void =>
		writeFileSync(join(directory, name), change(readFileSync(join(directory, name), "utf8")));
	const libraryIn = (directory: string): string =>
		present(
			readdirSync(directory).find((name) => name.endsWith(".so")),
			"a library",
		);

	test.each<[string, (directory: string) => void]>([
		[
			"a library with one more byte",
			(directory) => appendFileSync(join(directory, libraryIn(directory)), "x"),
		],
		["weights with one more byte", (directory) => appendFileSync(join(directory, "model.kiln.bin"), "x")],
		["a model that is missing", (directory) => rmSync(join(directory, "model.kiln.onnx"))],
		[
			"a document that leaves its folder",
			(directory) =>
				edit(directory, "model.json", (text) => text.replace("model.kiln.bin", "../model.kiln.bin")),
		],
		[
			"a kernel folder that was changed",
			(directory) => appendFileSync(join(directory, "island-0", "kernel.c"), " "),
		],
		[
			"another kernel's folder",
			(directory) =>
				edit(directory, "model.json", (text) =>
					text.replace(/"kernel": "[0-9a-f]{64}"/, `"kernel": "${"0".repeat(64)}"`),
				),
		],
	])("%s is refused", async (name, harm) => {
		const directory = harmed(name.replaceAll(" ", "-"), harm);
		await expect(loadModel(directory)).rejects.toMatchObject({ code: "cache.signature_invalid" });
	});

	test("kernels that nobody trusted signed are refused", async () => {
		await expect(loadModel(tuned.request.directory, { trustedKeys: {} })).rejects.toMatchObject({
			code: "cache.signature_invalid",
		});
	});

	test("a folder without a whole model is a miss", async () => {
		const directory = harmed("none", (path) => rmSync(join(path, "model.json")));
		await expect(loadModel(directory)).rejects.toMatchObject({ code: "cache.miss" });
	});

	test("inputs of another name, length or shape are refused before the runtime sees them", async () => {
		const model = await loadModel(tuned.request.directory);
		const [x] = drawInputs(model.inputs, 1);
		const tensor = present(x, "an input");
		expect(() => model.run({})).toThrow(/'x' is missing/);
		expect(() => model.run({ x: tensor, z: tensor })).toThrow(/no input 'z'/);
		expect(() => model.run({ x: new Float32Array(3) })).toThrow(/12 bytes/);
		expect(() => model.run({ x: { ...tensor, shape: [40, rows] } })).toThrow(RangeError);
		expect(() => model.run({ x: { ...tensor, dataType: "int32" } })).toThrow(RangeError);
		const view = new Float32Array(tensor.bytes.buffer, tensor.bytes.byteOffset, tensor.bytes.byteLength / 4);
		expect(model.run({ x: view })).toEqual(model.run({ x: tensor }));
		model.close();
		expect(() => model.run({ x: tensor })).toThrow(/closed/);
	});
});
