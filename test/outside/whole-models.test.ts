// openWakeWord (Apache-2.0): a trained model that kernels cover entirely gives what the original gives, as operators in
// ONNX Runtime and as a library of its own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "#cli/load-model.ts";
import type { OptimizationView } from "#cli/optimization-view.ts";
import { openRuntime } from "#cli/whole-model/onnx-runtime.ts";
import { drawInputs } from "#cli/whole-model/random-inputs.ts";
import { RuntimeSession } from "#cli/whole-model/runtime-session.ts";
import { requireRuntimeLibrary } from "#runner/measure/runtime-library.ts";
import { present } from "#shared/fault/assert.ts";
import { outsideSuite } from "#test/support/outside-suites.ts";
import { numbersOf } from "#test/support/run-onnxruntime.ts";
import { type StackClient, startStackClient } from "#test/support/stack-client.ts";

const suite = outsideSuite("trained");
const model = join(suite ?? "", "openwakeword", "hello_deepa.onnx");

describe.skipIf(suite === null)("openWakeWord hello_deepa", () => {
	let folder: string;
	let client: StackClient;
	let view: OptimizationView;
	beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), "kiln-wake-word-"));
		client = await startStackClient({
			dataFolder: join(folder, "data"),
			runnerEnvironment: { KILN_MEASURE_SHARE: "0.1" },
		});
		view = await client.optimize(model, join(folder, "kernels"), ["--effort", "quick"]);
	});
	afterAll(async () => {
		await client.stack.stop();
		rmSync(folder, { recursive: true, force: true });
	});

	test.each(["runtime", "standalone"] as const)("gives what the original gives (%s)", async (form) => {
		expect(view.wholeModel?.reason).toBeNull();
		expect(view.wholeModel?.standalone).not.toBeNull();
		const loaded = await loadModel(join(folder, "kernels"), { form });
		const original = new RuntimeSession(openRuntime(requireRuntimeLibrary()), {
			model,
			library: null,
			threads: 1,
		});
		for (let seed = 1; seed <= 20; seed++) {
			const inputs = drawInputs(original.inputs, seed);
			const expected = original.run(inputs);
			const found = loaded.run(
				Object.fromEntries(original.inputs.map(({ name }, at) => [name, present(inputs[at], "an input")])),
			);
			for (const [at, { name }] of original.outputs.entries()) {
				const wanted = numbersOf(present(expected[at], "an output"));
				for (const [index, value] of numbersOf(present(found[name], "an output")).entries())
					expect(value).toBeCloseTo(wanted[index] ?? Number.NaN, 3);
			}
		}
		loaded.close();
		original.close();
	});
});
