import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { importModel } from "#shared/onnx/import-model.ts";
import { stripWeights } from "#shared/onnx/strip-weights.ts";
import { writeTensorProto } from "#shared/onnx/tensor-proto.ts";
import { writeModelProto, writeNodeProto, writeValueInfo } from "#shared/onnx/write-proto.ts";
import { partitionGraph } from "#shared/partition/partition.ts";
import { ramp, tinyModel } from "#test/support/onnx-model.ts";
import { fixturesDirectory } from "#test/support/outside-suites.ts";

const exported = join(fixturesDirectory, "exported");
const digests = (bytes: Uint8Array): string[] =>
	partitionGraph(importModel(bytes).graph).islands.map((island) => island.digest);

describe("a stripped model", () => {
	test.each(readdirSync(exported))("of %s imports to the same programs", (name) => {
		const bytes = readFileSync(join(exported, name, "model.onnx"));
		const before = digests(bytes);
		expect(before.length).toBeGreaterThan(0);
		expect(digests(stripWeights(bytes).bytes)).toEqual(before);
	});

	const model = tinyModel({
		inputs: { x: [2, 40] },
		outputs: { y: [2, 40] },
		initializers: { large: ramp([40, 40]), small: ramp([40]) },
		nodes: [
			{ operator: "MatMul", inputs: ["x", "large"], outputs: ["product"] },
			{ operator: "Add", inputs: ["product", "small"], outputs: ["y"] },
		],
	});

	test("is without the values of its large float tensors, and they are weights", () => {
		const { bytes, stripped } = stripWeights(model);
		expect(stripped).toEqual([{ name: "large", dataType: "float32", shape: [40, 40], bytes: 6400 }]);
		expect(bytes.length).toBeLessThan(model.length - 6000);
		const { graph } = importModel(bytes, { weights: "none" });
		expect(graph.inputs.map(({ value, role }) => [graph.values[value]?.name, role])).toEqual([
			["x", "activation"],
			["large", "weight"],
		]);
	});

	test("does not change when it is stripped again", () => {
		const once = stripWeights(model).bytes;
		expect(Array.from(stripWeights(once).bytes)).toEqual(Array.from(once));
	});

	test("without weights is the file itself", () => {
		const bytes = readFileSync(join(exported, "mirage_lora_s", "model.onnx"));
		expect(Array.from(stripWeights(bytes).bytes)).toEqual(Array.from(bytes));
	});
});

test("a Constant node's weight is taken out, and the nodes keep their places and their program", () => {
	const constant = new BinaryWriter().tag(2, 2).string("w").tag(4, 2).string("Constant").tag(5, 2).fork();
	constant
		.tag(1, 2)
		.string("value")
		.tag(5, 2)
		.bytes(writeTensorProto("", ramp([40, 40])));
	const bytes = writeModelProto({
		irVersion: 8,
		opsets: new Map([["", 17]]),
		graphName: "constant",
		nodes: [
			constant.tag(20, 0).int32(4).join().finish(),
			writeNodeProto({ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }),
		],
		initializers: [],
		inputs: [writeValueInfo("x", "float32", [2, 40])],
		outputs: [writeValueInfo("y", "float32", [2, 40])],
	});
	const { bytes: without, stripped } = stripWeights(bytes);
	expect(stripped.map((weight) => weight.name)).toEqual(["w.weight"]);
	const operators = importModel(without).graph.sources.map((source) => source.operator);
	expect(operators).toEqual(["Identity", "MatMul"]);
	expect(digests(without)).toEqual(digests(bytes));
});
