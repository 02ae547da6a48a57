// Groups of nodes replaced by operators: what stays, what goes, and which groups cannot be cut out.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { defaultImportLimits } from "#shared/onnx/import-limits.ts";
import { readModel } from "#shared/onnx/read-model.ts";
import { type Replacement, type ReplaceRequest, replaceNodes } from "#shared/onnx/replace-nodes.ts";
import { wire } from "#shared/onnx/wire.ts";
import { writeNodeProto } from "#shared/onnx/write-proto.ts";
import { ramp, tinyModel } from "#test/support/onnx-model.ts";

const request = (replacements: readonly Replacement[]): ReplaceRequest => ({
	replacements,
	domain: "kiln.0",
	location: "model.kiln.bin",
	stored: [{ name: "packed", type: ["uint8", [64]], offsetBytes: 4096, lengthBytes: 64 }],
	moved: new Map(),
	inputs: new Map(),
});

const group = (sources: readonly number[], inputs: readonly string[], output: string): Replacement => ({
	sources,
	operator: "Kernel_0",
	inputs,
	outputs: [{ name: output, type: ["float32", [4]] }],
});

const unary = (operator: string, input: string, output: string) => ({
	operator,
	inputs: [input],
	outputs: [output],
});

/** x -> Exp a -> Neg b -> Abs c -> Add(c, w) y; Sqrt d hangs on a and is wanted by nobody. */
const chain = tinyModel({
	nodes: [
		unary("Exp", "x", "a"),
		unary("Neg", "a", "b"),
		unary("Abs", "b", "c"),
		unary("Sqrt", "a", "d"),
		{ operator: "Add", inputs: ["c", "w"], outputs: ["y"] },
	],
	inputs: { x: [4] },
	outputs: { y: [4] },
	initializers: { w: ramp([4]), unread: ramp([4]) },
});

function replaced(model: Uint8Array, ...replacements: readonly Replacement[]) {
	const outcome = replaceNodes(model, request(replacements));
	if (outcome.kind === "refused") throw new Error(outcome.reason);
	return readModel(outcome.bytes, defaultImportLimits);
}

describe("a replaced group", () => {
	test("stands where its nodes stood; what nobody wants goes", () => {
		const { graph, opsets, irVersion } = replaced(chain, group([1, 2], ["a", "packed"], "c"));
		expect(graph.nodes.map(({ domain, operator }) => `${domain}:${operator}`)).toEqual([
			":Exp",
			"kiln.0:Kernel_0",
			":Add",
		]);
		expect(graph.initializers.map(({ name }) => name)).toEqual(["w", "packed"]);
		expect(graph.inner.map(({ name, extents }) => [name, extents])).toEqual([["c", [4]]]);
		expect([...opsets]).toEqual([
			["", 17],
			["kiln.0", 1],
		]);
		expect(irVersion).toBe(8);
	});

	test("is written with where its stored tensors lie", () => {
		const { graph } = replaced(chain, group([1, 2], ["a", "packed"], "c"));
		expect(graph.initializers.find(({ name }) => name === "packed")?.external).toEqual([
			["location", "model.kiln.bin"],
			["offset", "4096"],
			["length", "64"],
		]);
	});

	test("takes the weights along that only it read", () => {
		const { graph } = replaced(chain, group([2, 4], ["b", "packed"], "y"));
		expect(graph.initializers.map(({ name }) => name)).toEqual(["packed"]);
		expect(graph.inner).toEqual([]);
	});

	test("leaves every byte of the nodes that stay", () => {
		const before = readModel(chain, defaultImportLimits).graph.nodes;
		const { graph } = replaced(chain, group([1, 2], ["a"], "c"));
		expect(graph.nodes[0]?.bytes).toEqual(before[0]?.bytes);
		expect(graph.nodes[2]?.bytes).toEqual(before[4]?.bytes);
	});
});

describe("a group that cannot be cut out is refused", () => {
	const refusal = (model: Uint8Array, ...replacements: readonly Replacement[]) => {
		const outcome = replaceNodes(model, request(replacements));
		return outcome.kind === "refused" ? { at: outcome.replacement, reason: outcome.reason } : null;
	};

	test("when a value made inside is wanted outside", () => {
		expect(refusal(chain, group([4], ["c"], "y"), group([0, 1], ["x"], "b"))).toBeNull();
		const wanted = tinyModel({
			nodes: [
				unary("Exp", "x", "a"),
				unary("Neg", "a", "b"),
				{ operator: "Add", inputs: ["a", "b"], outputs: ["y"] },
			],
			inputs: { x: [4] },
			outputs: { y: [4] },
		});
		expect(refusal(wanted, group([0, 1], ["x"], "b"))).toMatchObject({
			at: 0,
			reason: expect.stringMatching(/'a'/),
		});
	});

	test("when only the body of a branch wants it", () => {
		const body = new BinaryWriter();
		body.tag(1, wire.bytes).bytes(writeNodeProto(unary("Neg", "a", "inner")));
		body.tag(12, wire.bytes).fork().tag(1, wire.bytes).string("inner").join();
		const branch = new BinaryWriter();
		branch.raw(writeNodeProto({ operator: "If", inputs: ["condition"], outputs: ["z"] }));
		branch.tag(5, wire.bytes).fork().tag(1, wire.bytes).string("then_branch");
		branch.tag(6, wire.bytes).bytes(body.finish()).tag(20, wire.varint).int32(5).join();
		const model = withNode(chain, branch.finish());
		expect(refusal(model, group([0, 1, 2], ["x"], "c"))).toMatchObject({
			at: 0,
			reason: expect.stringMatching(/'a'/),
		});
		const { graph } = replaced(model, group([1, 2], ["a"], "c"));
		expect(graph.nodes.map(({ operator }) => operator)).toEqual(["Exp", "Kernel_0", "Add", "If"]);
	});

	test("when it would wait for itself", () => {
		const cyclic = [group([0, 2], ["x", "b"], "c")].map((one) => ({
			...one,
			outputs: [...one.outputs, { name: "a", type: ["float32", [4]] as const }],
		}));
		expect(refusal(chain, ...cyclic)).toEqual({ at: 0, reason: "it waits for itself" });
	});
});

/** The model with one more node, whose result `z` is an output too. */
function withNode(model: Uint8Array, added: Uint8Array): Uint8Array {
	const { graph } = readModel(model, defaultImportLimits);
	const writer = new BinaryWriter();
	writer.tag(1, wire.varint).int64(8);
	writer.tag(7, wire.bytes).fork();
	for (const { bytes } of graph.nodes) writer.tag(1, wire.bytes).bytes(bytes);
	writer.tag(1, wire.bytes).bytes(added);
	for (const { bytes } of graph.initializers) writer.tag(5, wire.bytes).bytes(bytes);
	for (const { bytes } of graph.inputs) writer.tag(11, wire.bytes).bytes(bytes);
	for (const { bytes } of graph.outputs) writer.tag(12, wire.bytes).bytes(bytes);
	writer.tag(12, wire.bytes).fork().tag(1, wire.bytes).string("z").join();
	writer.tag(11, wire.bytes).fork().tag(1, wire.bytes).string("condition").join();
	writer.join();
	writer.tag(8, wire.bytes).fork().tag(2, wire.varint).int64(17).join();
	return writer.finish();
}
