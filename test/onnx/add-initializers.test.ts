import { expect, test } from "vitest";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { addInitializers } from "#shared/onnx/add-initializers.ts";
import { defaultImportLimits } from "#shared/onnx/import-limits.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { readModel } from "#shared/onnx/read-model.ts";
import { readElements } from "#shared/tensor/elements.ts";
import { ramp, tinyModel } from "#test/support/onnx-model.ts";

test("an input with an initializer of its name is a constant of the bytes beside the model, and all else is as it was", () => {
	const node = { operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] };
	const model = tinyModel({ nodes: [node], inputs: { x: [1, 2], w: [2, 3] }, outputs: { y: [1, 3] } });
	const file = new Uint8Array(4096 + 24);
	new DataView(file.buffer).setFloat32(4096 + 20, 16, true);
	const stored = { name: "w", type: ["float32", [2, 3]], offsetBytes: 4096, lengthBytes: 24 } as const;
	const added = addInitializers(model, [stored], "weights.bin");
	expect(readModel(added, defaultImportLimits).graph.inputs.map(({ name }) => name)).toEqual(["x"]);
	const { graph } = importModel(added, { externalData: new Map([["weights.bin", file]]) });
	expect(graph.inputs.map(({ value }) => graph.values[value]?.name)).toEqual(["x"]);
	const [x, y] = [graph.inputs[0]?.value ?? -1, graph.outputs[0]?.value ?? -1];
	const result = interpretGraph(graph, new Map([[x, ramp([1, 2])]])).get(y);
	// Of x = [0, 1/8] and w, 0 but for the last element, 16.
	expect(result && [...readElements(result)]).toEqual([0, 0, 2]);
});
