import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import type { ImportedModel, ImportOptions } from "#shared/onnx/import-options.ts";
import { writeModelProto, writeNodeProto, writeValueInfo } from "#shared/onnx/write-proto.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { ramp, type TinyModel, tinyModel } from "#test/support/onnx-model.ts";

const importTiny = (model: TinyModel, options: ImportOptions = {}): ImportedModel =>
	importModel(tinyModel(model), options);

const kinds = ({ graph }: ImportedModel): string[] => graph.nodes.map((node) => node.kind);

function faultOf(act: () => unknown): OptimizeError {
	try {
		act();
	} catch (fault) {
		if (fault instanceof OptimizeError) return fault;
		throw fault;
	}
	throw new Error("nothing was thrown");
}

/** A float input with the given extents: numbers, or names of dynamic dimensions. */
function dynamicInput(name: string, extents: readonly (number | string)[]): Uint8Array {
	const writer = new BinaryWriter();
	writer.tag(1, 2).string(name).tag(2, 2).fork().tag(1, 2).fork().tag(1, 0).int32(1).tag(2, 2).fork();
	for (const extent of extents) {
		writer.tag(1, 2).fork();
		if (typeof extent === "number") writer.tag(1, 0).int64(extent);
		else writer.tag(2, 2).string(extent);
		writer.join();
	}
	return writer.join().join().join().finish();
}

function dynamicModel(): Uint8Array {
	return writeModelProto({
		irVersion: 8,
		opsets: new Map([["", 17]]),
		graphName: "dynamic",
		nodes: [writeNodeProto({ operator: "Relu", inputs: ["x"], outputs: ["y"] })],
		initializers: [],
		inputs: [dynamicInput("x", ["batch", 8, "sequence"])],
		outputs: [dynamicInput("y", ["batch", 8, "sequence"])],
	});
}

describe("dynamic dimensions", () => {
	test("are bound by name", () => {
		const { graph } = importModel(dynamicModel(), { shapes: { batch: 2, sequence: 5 } });
		expect(graph.values[graph.outputs[0]?.value ?? -1]?.shape).toEqual([2, 8, 5]);
	});
	test("are bound by input and axis", () => {
		const { graph } = importModel(dynamicModel(), { shapes: { "x:0": 3, sequence: 5 } });
		expect(graph.values[graph.outputs[0]?.value ?? -1]?.shape).toEqual([3, 8, 5]);
	});
	test("that nothing binds are named in the error", () => {
		const fault = faultOf(() => importModel(dynamicModel(), { shapes: { batch: 2 } }));
		expect(fault.code).toBe("model.shape_unbound");
		expect(fault.details.dimensions).toEqual(["sequence"]);
	});
	test.each([
		["a name that the model does not have", { batch: 2, sequence: 5, colour: 3 }],
		["an extent that is no integer", { batch: 2.5, sequence: 5 }],
		["a fixed extent that differs", { batch: 2, sequence: 5, "x:1": 9 }],
	])("refuse %s", (_, shapes) => {
		expect(faultOf(() => importModel(dynamicModel(), { shapes })).code).toBe("request.invalid");
	});
});

describe("shape arithmetic", () => {
	test("folds away: a reshape by Shape, Gather and Concat is one reshape", () => {
		const model = importTiny({
			inputs: { x: [2, 3, 4] },
			outputs: { y: [2, 12] },
			initializers: {
				zero: writeElements("int64", [1], [0]),
				rest: writeElements("int64", [1], [-1]),
			},
			nodes: [
				{ operator: "Shape", inputs: ["x"], outputs: ["shape"] },
				{ operator: "Gather", inputs: ["shape", "zero"], outputs: ["batch"], attributes: { axis: 0 } },
				{ operator: "Concat", inputs: ["batch", "rest"], outputs: ["target"], attributes: { axis: 0 } },
				{ operator: "Reshape", inputs: ["x", "target"], outputs: ["y"] },
			],
		});
		expect(kinds(model)).toEqual(["reshape"]);
		expect(model.graph.constants.size).toBe(0);
	});
	test("on a shape that is computed at run time refuses the node, not the model", () => {
		const model = importTiny({
			dataType: "int64",
			inputs: { x: [2], shape: [1] },
			outputs: { y: [2] },
			nodes: [{ operator: "Reshape", inputs: ["x", "shape"], outputs: ["y"] }],
		});
		expect(model.refusals.map((refusal) => refusal.code)).toEqual(["model.shape_unbound"]);
		expect(model.graph.inputs.map((input) => input.role)).toEqual(["activation", "activation", "foreign"]);
	});
});

describe("refused nodes", () => {
	const around = (operator: string, outputs: Readonly<Record<string, readonly number[]>>): ImportedModel =>
		importTiny({
			inputs: { x: [1, 2, 6, 6], w: [4, 2, 3, 3] },
			outputs,
			nodes: [
				{ operator: "Relu", inputs: ["x"], outputs: ["before"] },
				{ operator, inputs: ["before", "w"], outputs: ["refused"] },
				{ operator: "Relu", inputs: ["refused"], outputs: ["y"] },
			],
		});

	test("cost themselves only where their shape is known: a foreign input follows, their operands are outputs", () => {
		const { graph, refusals } = around("Conv", { y: [1, 4, 4, 4] });
		expect(refusals.map(({ operator, index, code }) => ({ operator, index, code }))).toEqual([
			{ operator: "Conv", index: 1, code: "model.op_unsupported" },
		]);
		const foreign = graph.inputs.find((input) => input.role === "foreign");
		expect(graph.values[foreign?.value ?? -1]).toMatchObject({ name: "refused", shape: [1, 4, 4, 4] });
		expect(graph.outputs.map((output) => output.name)).toEqual(["y", "before"]);
	});
	test("cost what follows them where it is not, and are named as the origin", () => {
		const { graph, refusals } = around("NonMaxSuppression", { y: [1, 4, 4, 4] });
		expect(refusals.map((refusal) => refusal.code)).toEqual(["model.op_unsupported", "model.shape_unbound"]);
		expect(refusals[1]?.reason).toContain("NonMaxSuppression");
		expect(graph.outputs.map((output) => output.name)).toEqual(["y", "before"]);
	});
});

describe("weights", () => {
	const large = ramp([40, 40]);
	const transposed: TinyModel = {
		inputs: { x: [2, 40] },
		outputs: { y: [2, 40] },
		initializers: { w: large },
		nodes: [
			{ operator: "Transpose", inputs: ["w"], outputs: ["t"], attributes: { perm: [1, 0] } },
			{ operator: "MatMul", inputs: ["x", "t"], outputs: ["y"] },
		],
	};
	test("are views of the file and never folded", () => {
		const bytes = tinyModel(transposed);
		const model = importModel(bytes);
		expect(kinds(model)).toEqual(["transpose", "matmul"]);
		const [data] = model.graph.constants.values();
		expect(data?.bytes.buffer).toBe(bytes.buffer);
		expect(Array.from(readElements(data ?? large))).toEqual(Array.from(readElements(large)));
	});
	const asInputs: TinyModel = {
		inputs: { x: [2, 40], w: [40, 40], bias: [40] },
		outputs: { y: [2, 40] },
		nodes: [
			{ operator: "MatMul", inputs: ["x", "w"], outputs: ["product"] },
			{ operator: "Add", inputs: ["product", "bias"], outputs: ["y"] },
		],
	};
	test.each([
		["auto", ["w", "bias"]],
		["none", []],
		[["bias"], ["bias"]],
	] as const)("among the inputs under %j are %j", (weights, expected) => {
		const { graph } = importTiny(asInputs, { weights });
		const named = graph.inputs.filter((input) => input.role === "weight");
		expect(named.map((input) => graph.values[input.value]?.name)).toEqual(expected);
	});
	test("that are no inputs cannot be listed", () => {
		expect(faultOf(() => importTiny(asInputs, { weights: ["nothing"] })).code).toBe("request.invalid");
	});
	test("are not the operand of a product with itself", () => {
		const { graph } = importTiny({
			inputs: { x: [4, 4] },
			outputs: { y: [4, 4] },
			nodes: [{ operator: "MatMul", inputs: ["x", "x"], outputs: ["y"] }],
		});
		expect(graph.inputs.map((input) => input.role)).toEqual(["activation"]);
	});
});

describe("external data", () => {
	const externalModel = (location: string): Uint8Array => {
		const tensor = new BinaryWriter();
		tensor.tag(1, 0).int64(2).tag(2, 0).int32(1).tag(8, 2).string("w");
		for (const [key, value] of [
			["location", location],
			["offset", "4"],
			["length", "8"],
		] as const) {
			tensor.tag(13, 2).fork().tag(1, 2).string(key).tag(2, 2).string(value).join();
		}
		tensor.tag(14, 0).int32(1);
		return writeModelProto({
			irVersion: 8,
			opsets: new Map([["", 17]]),
			graphName: "external",
			nodes: [writeNodeProto({ operator: "Add", inputs: ["x", "w"], outputs: ["y"] })],
			initializers: [tensor.finish()],
			inputs: [writeValueInfo("x", "float32", [2])],
			outputs: [writeValueInfo("y", "float32", [2])],
		});
	};
	const file = new Uint8Array(new Float32Array([7, 1.5, 2.5]).buffer);

	test("is a view of the file that came with the model", () => {
		const { graph } = importModel(externalModel("w.bin"), { externalData: new Map([["w.bin", file]]) });
		const [data] = graph.constants.values();
		expect(data?.bytes.buffer).toBe(file.buffer);
		expect(Array.from(readElements(data ?? ramp([0])))).toEqual([1.5, 2.5]);
	});
	test.each([
		["absent", "other.bin", file],
		["too short", "w.bin", file.subarray(0, 8)],
		["outside", "../w.bin", file],
	])("that is %s is refused", (_, location, bytes) => {
		const externalData = new Map([
			["w.bin", bytes],
			["../w.bin", bytes],
		]);
		expect(faultOf(() => importModel(externalModel(location), { externalData })).code).toBe(
			"model.external_data_forbidden",
		);
	});
});

test("a local function is written out, its attributes and names bound to the call's", () => {
	const attribute = (name: string, reference: string): Uint8Array =>
		new BinaryWriter().tag(1, 2).string(name).tag(21, 2).string(reference).tag(20, 0).int32(2).finish();
	const part = new BinaryWriter()
		.tag(1, 2)
		.string("a")
		.tag(2, 2)
		.string("t")
		.tag(4, 2)
		.string("Concat")
		.tag(1, 2)
		.string("a")
		.tag(5, 2)
		.bytes(attribute("axis", "along"))
		.finish();
	const last = writeNodeProto({ operator: "Neg", inputs: ["t"], outputs: ["b"] });
	const definition = new BinaryWriter()
		.tag(1, 2)
		.string("Twice")
		.tag(10, 2)
		.string("local")
		.tag(4, 2)
		.string("a")
		.tag(5, 2)
		.string("b")
		.tag(6, 2)
		.string("along")
		.tag(7, 2)
		.bytes(part)
		.tag(7, 2)
		.bytes(last)
		.tag(9, 2)
		.fork()
		.tag(2, 0)
		.int64(17)
		.join()
		.finish();
	const call = new BinaryWriter()
		.tag(1, 2)
		.string("x")
		.tag(2, 2)
		.string("y")
		.tag(4, 2)
		.string("Twice")
		.tag(7, 2)
		.string("local")
		.tag(5, 2)
		.fork()
		.tag(1, 2)
		.string("along")
		.tag(3, 0)
		.int64(1)
		.tag(20, 0)
		.int32(2)
		.join()
		.finish();
	const model = importModel(
		writeModelProto({
			irVersion: 8,
			opsets: new Map([
				["", 17],
				["local", 1],
			]),
			graphName: "functions",
			nodes: [call],
			initializers: [],
			inputs: [writeValueInfo("x", "float32", [2, 3])],
			outputs: [writeValueInfo("y", "float32", [2, 6])],
			functions: [definition],
		}),
	);
	expect(model.refusals).toEqual([]);
	expect(kinds(model)).toEqual(["concat", "unary"]);
	expect(model.graph.sources.map((source) => source.operator)).toEqual(["Twice"]);
});
