import { expect, test } from "vitest";
import { addInitializers } from "#shared/onnx/add-initializers.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { externalConstants, inlineConstants } from "#shared/onnx/inline-constants.ts";
import { tinyModel } from "#test/support/onnx-model.ts";

const nodes = [
	{ operator: "Mul", inputs: ["x", "gain"], outputs: ["scaled"] },
	{ operator: "MatMul", inputs: ["scaled", "w"], outputs: ["y"] },
];
const bare = tinyModel({
	nodes,
	inputs: { x: [3, 64], gain: [64], w: [64, 64] },
	outputs: { y: [3, 64] },
});
const [gain, w] = [
	{ name: "gain", type: ["float32", [64]], offsetBytes: 4096, lengthBytes: 256 },
	{ name: "w", type: ["float32", [64, 64]], offsetBytes: 8192, lengthBytes: 16_384 },
] as const;

test("what is no weight comes into the model; weights stay where they are", () => {
	const model = addInitializers(bare, [gain, w], "all.bin");
	expect(externalConstants(model)).toEqual([
		{ name: "gain", location: "all.bin", offsetBytes: 4096, lengthBytes: 256 },
	]);
	const value = new Uint8Array(Float32Array.from({ length: 64 }, (_, at) => at).buffer);
	const inlined = inlineConstants(model, new Map([["gain", value]]));
	expect(externalConstants(inlined)).toEqual([]);
	const files = new Map([["all.bin", new Uint8Array(8192 + 16_384)]]);
	const { graph } = importModel(inlined, { externalData: files });
	const kept = [...graph.constants].find(([id]) => graph.values[id]?.name === "gain");
	expect(kept?.[1].bytes).toEqual(value);
});

test.each(["../all.bin", "/etc/passwd", ".hidden", "a/b"])("a constant in %s is refused", (location) => {
	expect(() => externalConstants(addInitializers(bare, [gain], location))).toThrow(/not a plain file name/);
});

test("an entry of another length than the tensor's is refused", () => {
	const model = addInitializers(bare, [{ ...gain, lengthBytes: 255 }], "all.bin");
	expect(() => externalConstants(model)).toThrow(/takes 256 bytes, its entry has 255/);
});
