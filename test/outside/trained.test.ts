// Trained models with convolutions and the like: islands as tuned kernels and refused nodes in ONNX Runtime give what
// ONNX Runtime gives for the whole. Coverage is partial, refusals have names, nothing fails.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareTensors } from "#shared/graph/compare.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import { openHybridModel } from "#test/support/hybrid-model.ts";
import { outsideSuite } from "#test/support/outside-suites.ts";
import { runOnnxRuntime } from "#test/support/run-onnxruntime.ts";
import { type StackClient, startStackClient } from "#test/support/stack-client.ts";

const suite = outsideSuite("trained");
const tolerance = { relative: 1e-3, absolute: 1e-4 };

interface Case {
	readonly file: string;
	readonly shapes: Readonly<Record<string, number>>;
	readonly input: { readonly name: string; readonly shape: Shape };
	readonly refused: readonly string[];
}

const cases: readonly Case[] = [
	{
		file: "openwakeword/hello_deepa.onnx",
		shapes: {},
		input: { name: "onnx::Flatten_0", shape: [1, 25, 96] },
		refused: [],
	},
	{
		file: "blazeface/face_detection_front_128x128_barracuda.onnx",
		shapes: {},
		input: { name: "input:0", shape: [1, 128, 128, 3] },
		refused: ["Conv", "MaxPool"],
	},
	{
		file: "paddleocr/ch_ppocr_mobile_v2.0_cls_infer.onnx",
		shapes: { "p2o.DynamicDimension.0": 1, "p2o.DynamicDimension.1": 48, "p2o.DynamicDimension.2": 192 },
		input: { name: "x", shape: [1, 3, 48, 192] },
		refused: ["Conv", "GlobalAveragePool", "MaxPool"],
	},
];

describe.skipIf(suite === null)(`trained models (seed ${process.env.TEST_SEED})`, () => {
	let folder: string;
	let client: StackClient;
	beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), "kiln-trained-"));
		client = await startStackClient({
			dataFolder: join(folder, "data"),
			runnerEnvironment: { KILN_MEASURE_SHARE: "0.01" },
		});
	});
	afterAll(async () => {
		await client.stack.stop();
		rmSync(folder, { recursive: true, force: true });
	});

	test.each(cases)("$file: no island fails, and the whole agrees with ONNX Runtime", async (given) => {
		const model = join(suite ?? "", given.file);
		const kernels = join(folder, "kernels", given.file);
		const bindings = Object.entries(given.shapes).flatMap(([name, extent]) => [
			"--shape",
			`${name}=${extent}`,
		]);
		const view = await client.optimize(model, kernels, ["--effort", "quick", ...bindings]);
		expect(view.islands.filter(({ error }) => error !== null)).toEqual([]);
		expect([...new Set(view.refusals.map(({ operator }) => operator))].sort()).toEqual(given.refused);
		const bytes = readFileSync(model);
		const inputs = { [given.input.name]: drawInput(given.input.shape) };
		const { outputs, kernelsRun } = await openHybridModel(bytes, given.shapes, kernels)(inputs);
		const published = view.islands.filter(({ verdict }) => verdict === "faster" || verdict === "tie");
		expect(kernelsRun).toBeGreaterThanOrEqual(published.length);
		console.log(
			`${given.file}: ${published.length} of ${view.islands.length} islands ran as tuned kernels, ${view.refusals.length} nodes in ONNX Runtime`,
		);
		for (const [name, expected] of Object.entries(await runOnnxRuntime(bytes, inputs))) {
			const actual = outputs.get(name);
			if (actual === undefined) throw new Error(`no output '${name}'`);
			expect(compareTensors(actual, expected, tolerance), name).toMatchObject({ equal: true });
		}
	});
});

function drawInput(shape: Shape) {
	const random = createRandom(Number(process.env.TEST_SEED));
	const elements = Float64Array.from({ length: elementCount(shape) }, () => random.nextUnit() * 2 - 1);
	return writeElements("float32", shape, elements);
}
