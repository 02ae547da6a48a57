import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareTensors } from "#shared/graph/compare.ts";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { finishGraph } from "#shared/onnx/finish-graph.ts";
import { GraphBuilder } from "#shared/onnx/graph-builder.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { wholeGraph, writeModel } from "#shared/onnx/write-model.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { ramp, type TinyModel, tinyModel } from "#test/support/onnx-model.ts";
import { fixturesDirectory, storedTensors } from "#test/support/outside-suites.ts";
import { runOnnxRuntime } from "#test/support/run-onnxruntime.ts";

const tolerance = { relative: 1e-4, absolute: 1e-5 };

/** ONNX Runtime on the written model gives what the interpreter gives on the graph. */
async function expectAgreement(
	graph: Graph,
	tensors: ReadonlyMap<ValueId, TensorData>,
	initializers: ReadonlyMap<ValueId, TensorData> = new Map(),
): Promise<void> {
	const expected = interpretGraph(graph, tensors);
	const written = writeModel(wholeGraph(graph), initializers);
	const given = graph.inputs
		.filter(({ value }) => !initializers.has(value))
		.map(({ value }) => [graph.values[value]?.name ?? "", tensors.get(value) ?? ramp([0])] as const);
	const found = await runOnnxRuntime(written, Object.fromEntries(given));
	for (const { value, name } of graph.outputs) {
		const [actual, wanted] = [found[name], expected.get(value)];
		if (actual === undefined || wanted === undefined) throw new Error(`no output '${name}'`);
		expect(compareTensors(actual, wanted, tolerance)).toMatchObject({ equal: true });
	}
}

describe("exported models, written from their primitives, agree with the interpreter in ONNX Runtime", () => {
	const names = [
		"mirage_rmsnorm_linear_s",
		"mirage_gqa_s",
		"rms_swiglu_residual_s",
		"llama_layer_d64_h4kv2_t16",
	];
	test.each(names)("%s", async (name) => {
		const directory = join(fixturesDirectory, "exported", name);
		const { graph } = importModel(readFileSync(join(directory, "model.onnx")));
		const stored = storedTensors(directory, "input");
		const tensors = new Map(graph.inputs.map(({ value }, at) => [value, stored[at] ?? ramp([0])]));
		await expectAgreement(graph, tensors);
		const weights = graph.inputs.filter((input) => input.role === "weight").map((input) => input.value);
		await expectAgreement(
			graph,
			tensors,
			new Map(weights.map((value) => [value, tensors.get(value) ?? ramp([0])])),
		);
	});
});

const integers = (...values: number[]): TensorData => writeElements("int64", [values.length], values);
const one = (
	operator: string,
	operands: Readonly<Record<string, TensorData>>,
	attributes = {},
): TinyModel => ({
	opset: 19,
	inputs: { x: [2, 3, 4] },
	initializers: operands,
	nodes: [{ operator, inputs: ["x", ...Object.keys(operands)], outputs: ["y"], attributes }],
});

describe("every kind of primitive survives being written", () => {
	test.each<[string, TinyModel, readonly number[]]>([
		["unary", one("Round", {}), [2, 3, 4]],
		["fmod", one("Mod", { m: writeElements("float32", [], [0.75]) }, { fmod: 1 }), [2, 3, 4]],
		[
			"cumulativeSum",
			one("CumSum", { a: writeElements("int64", [], [2]) }, { exclusive: 1, reverse: 1 }),
			[2, 3, 4],
		],
		["a reduction without its axes", one("ReduceMax", { a: integers(0, 2) }, { keepdims: 0 }), [3]],
		["transpose", one("Transpose", {}, { perm: [2, 0, 1] }), [4, 2, 3]],
		["broadcast", one("Expand", { s: integers(5, 2, 3, 4) }), [5, 2, 3, 4]],
		[
			"concat",
			{
				...one("Concat", {}),
				nodes: [{ operator: "Concat", inputs: ["x", "x"], outputs: ["y"], attributes: { axis: -1 } }],
			},
			[2, 3, 8],
		],
		[
			"a slice backwards to the first element",
			one("Slice", {
				s: integers(-1),
				e: integers(-100),
				a: integers(2),
				t: integers(-1),
			}),
			[2, 3, 4],
		],
		[
			"a slice by twos",
			one("Slice", { s: integers(1), e: integers(4), a: integers(2), t: integers(2) }),
			[2, 3, 2],
		],
		[
			"padding with a value",
			one("Pad", { p: integers(0, 1, 0, 0, 0, 2), v: writeElements("float32", [], [7]) }),
			[2, 4, 6],
		],
		["reflected padding", one("Pad", { p: integers(0, 0, 2, 0, 1, 0) }, { mode: "reflect" }), [2, 4, 6]],
		[
			"gather",
			one("Gather", { i: writeElements("int64", [2, 2], [0, -1, 1, 2]) }, { axis: 1 }),
			[2, 2, 2, 4],
		],
		[
			"gatherElements",
			one("GatherElements", { i: writeElements("int64", [2, 3, 1], [0, 1, 2, 3, -1, 0]) }, { axis: 2 }),
			[2, 3, 1],
		],
		["gatherNd", one("GatherND", { i: writeElements("int64", [2, 1], [1, 0]) }, { batch_dims: 1 }), [2, 4]],
		[
			"casts and selects",
			{
				...one("Where", {}),
				initializers: { half: writeElements("float32", [], [1.5]) },
				nodes: [
					{ operator: "Greater", inputs: ["x", "half"], outputs: ["c"] },
					{ operator: "Cast", inputs: ["c"], outputs: ["n"], attributes: { to: 1 } },
					{ operator: "Where", inputs: ["c", "x", "n"], outputs: ["y"] },
				],
			},
			[2, 3, 4],
		],
		["an output that is an input", { ...one("Identity", {}) }, [2, 3, 4]],
	])("%s", async (_, model, shape) => {
		const { graph, refusals } = importModel(tinyModel({ ...model, outputs: { y: shape } }));
		expect(refusals).toEqual([]);
		await expectAgreement(graph, new Map([[graph.inputs[0]?.value ?? -1, ramp([2, 3, 4])]]));
	});
});

test("a remainder of floats, which ONNX has no operator for, is written out", async () => {
	const build = new GraphBuilder();
	const [x, y] = [
		build.input("x", "float32", [6], "activation"),
		build.input("y", "float32", [6], "activation"),
	];
	const remainder = build.binary("remainder", x, y);
	const graph = finishGraph("remainder", build, [{ value: remainder, name: "z" }]);
	await expectAgreement(
		graph,
		new Map([
			[x, writeElements("float32", [6], [7, -7, 7, -7, 5.5, 0])],
			[y, writeElements("float32", [6], [3, 3, -3, -3, 2, 2])],
		]),
	);
});
