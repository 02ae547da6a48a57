// A model with operators in place of islands gives what the original gives, in the real ONNX Runtime.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadModel } from "#cli/load-model.ts";
import { openRuntime } from "#cli/whole-model/onnx-runtime.ts";
import { drawInputs } from "#cli/whole-model/random-inputs.ts";
import { RuntimeSession } from "#cli/whole-model/runtime-session.ts";
import { writeWholeModel } from "#cli/whole-model/write-whole-model.ts";
import { readElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { findToolchain, type Toolchain } from "#test/gpu-runner/toolchain-fixture.ts";
import { modelCases } from "./model-cases.ts";
import { noBindings, tuneModel } from "./tuned-folder.ts";

let toolchain: Toolchain;
let root: string;
beforeAll(async () => {
	toolchain = await findToolchain();
	root = toolchain.folder();
});
afterAll(() => rmSync(root, { recursive: true }));

function expectClose(found: TensorData | undefined, expected: TensorData | undefined, share: number): void {
	if (found === undefined || expected === undefined) throw new Error("an output is missing");
	expect(found.shape).toEqual(expected.shape);
	const [left, right] = [readElements(found), readElements(expected)];
	const largest = Math.max(...Array.from(right, Math.abs));
	const worst = Math.max(...Array.from(left, (value, at) => Math.abs(value - (right[at] ?? Number.NaN))));
	expect(worst).toBeLessThanOrEqual(share * largest);
	expect(largest).toBeGreaterThan(0);
}

describe("a model with operators in place of islands", () => {
	test.each(Object.entries(modelCases))(
		"%s",
		async (name, { bytes, files, bindings, replaced, isStandalone, share }) => {
			const folder = join(root, name.replaceAll(" ", "-"));
			const tuned = await tuneModel(toolchain, folder, bytes(), bindings ?? noBindings, 1, files?.());
			const view = await writeWholeModel(tuned.request);
			expect(view.left).toEqual([]);
			expect(view.reason).toBeNull();
			expect(view.islandsReplaced.length).toBe(replaced);
			expect(view.standalone !== null).toBe(isStandalone);
			const model = await loadModel(tuned.request.directory, { trustedKeys: tuned.trustedKeys });
			const runtime = openRuntime(toolchain.runtime);
			const original = new RuntimeSession(runtime, { model: tuned.request.model, library: null, threads: 1 });
			for (const seed of [1, 2]) {
				const inputs = drawInputs(model.inputs, seed);
				const named = Object.fromEntries(
					model.inputs.map(({ name: input }, at) => [input, inputs[at] as TensorData]),
				);
				const found = model.run(named);
				const byName = original.inputs.map(
					(port) => inputs[model.inputs.findIndex((input) => input.name === port.name)] as TensorData,
				);
				const expected = original.run(byName);
				if (model.document.standalone !== null) {
					const alone = await loadModel(tuned.request.directory, { form: "standalone", threads: seed });
					const results = alone.run(named);
					for (const [at, { name: output }] of original.outputs.entries())
						expectClose(results[output], expected[at], share ?? 1e-5);
					alone.close();
				}
				for (const [at, { name: output }] of original.outputs.entries())
					expectClose(found[output], expected[at], share ?? 1e-5);
			}
			model.close();
			original.close();
		},
	);
});
