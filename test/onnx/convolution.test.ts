import { describe, expect, test } from "vitest";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import { type OperatorCase, operatorModel } from "#test/support/operator-model.ts";

const counting = (shape: Shape) =>
	writeElements(
		"float32",
		shape,
		Float64Array.from({ length: elementCount(shape) }, (_, at) => at + 1),
	);

function run(given: OperatorCase): number[] {
	const { graph, refusals } = importModel(operatorModel(given), { windows: "primitives" });
	expect(refusals).toEqual([]);
	const tensors = given.inputs.filter((tensor) => tensor !== null);
	const results = interpretGraph(
		graph,
		new Map(graph.inputs.flatMap(({ value }, at) => (tensors[at] ? [[value, tensors[at]] as const] : []))),
	);
	return [...results.values()].flatMap((tensor) => [...readElements(tensor)]);
}

/** Over one row 1 2 3 4 5. */
const row = counting([1, 1, 5]);
const ones = (shape: Shape) =>
	writeElements("float32", shape, new Array<number>(elementCount(shape)).fill(1));
const pooled = (
	operator: string,
	extent: number,
	attributes: OperatorCase["attributes"] = {},
): OperatorCase => ({
	operator,
	attributes: { kernel_shape: [2], ...attributes },
	inputs: [row],
	outputs: [["float32", [1, 1, extent]]],
});

describe("windows as primitives", () => {
	test.each<readonly [string, OperatorCase, readonly number[]]>([
		["Conv sums a window", { ...pooled("Conv", 4), inputs: [row, ones([1, 1, 2])] }, [3, 5, 7, 9]],
		[
			"Conv, strided, dilated, padded",
			{
				...pooled("Conv", 3, { strides: [2], dilations: [2], pads: [1, 1] }),
				inputs: [row, ones([1, 1, 2])],
			},
			[2, 6, 4],
		],
		[
			"Conv by groups, with a bias",
			{
				operator: "Conv",
				attributes: { group: 2 },
				inputs: [counting([1, 2, 2]), counting([2, 1, 1]), writeElements("float32", [2], [10, 20])],
				outputs: [["float32", [1, 2, 2]]],
			},
			[11, 12, 26, 28],
		],
		["MaxPool never takes padding", pooled("MaxPool", 6, { pads: [1, 1] }), [1, 2, 3, 4, 5, 5]],
		["MaxPool rounds up", pooled("MaxPool", 3, { strides: [2], ceil_mode: 1 }), [2, 4, 5]],
		["AveragePool counts elements", pooled("AveragePool", 3, { strides: [2], pads: [1, 0] }), [1, 2.5, 4.5]],
		[
			"AveragePool counts padding when asked",
			pooled("AveragePool", 3, { strides: [2], pads: [1, 0], count_include_pad: 1 }),
			[0.5, 2.5, 4.5],
		],
		["SAME_UPPER pads behind", pooled("MaxPool", 5, { auto_pad: "SAME_UPPER" }), [2, 3, 4, 5, 5]],
		["GlobalMaxPool", { ...pooled("GlobalMaxPool", 1), attributes: {} }, [5]],
		["GlobalAveragePool", { ...pooled("GlobalAveragePool", 1), attributes: {} }, [3]],
	])("%s", (_, given, expected) => {
		const found = run(given);
		expect(found).toHaveLength(expected.length);
		found.forEach((value, at) => {
			expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 5);
		});
	});

	test("they are refused by name unless they are asked for", () => {
		const { refusals } = importModel(operatorModel({ ...pooled("MaxPool", 4) }));
		expect(refusals).toMatchObject([{ operator: "MaxPool", code: "model.op_unsupported" }]);
	});

	test.each([
		["a window larger than the input", { kernel_shape: [6] }],
		["a stride of 0", { strides: [0] }],
		["negative padding", { pads: [-1, 0] }],
	])("%s makes the model invalid", (_, attributes) => {
		const bytes = operatorModel(pooled("MaxPool", 4, attributes));
		expect(() => importModel(bytes, { windows: "primitives" })).toThrow(/MaxPool/);
	});

	test("windows beyond what a constant may hold cost the node, not memory", () => {
		const shape = [1, 1, 4096, 4096];
		const given: OperatorCase = {
			operator: "MaxPool",
			attributes: { kernel_shape: [3, 3] },
			inputs: [writeElements("float32", [1, 1, 1, 1], [0])],
			outputs: [["float32", [1, 1, 4094, 4094]]],
		};
		const declared = {
			...given,
			inputs: [{ dataType: "float32" as const, shape, bytes: new Uint8Array(0) }],
		};
		const { refusals } = importModel(operatorModel(declared), { windows: "primitives" });
		expect(refusals).toMatchObject([{ operator: "MaxPool", code: "model.op_attribute_unsupported" }]);
	});
});
