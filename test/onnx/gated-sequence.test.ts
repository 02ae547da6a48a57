// What models of gated state spaces are made of: a causal convolution that carries its state, and SwiGLU.

import { describe, expect, test } from "vitest";
import { importModel } from "#shared/onnx/import-model.ts";
import type { WrittenAttribute } from "#shared/onnx/write-proto.ts";
import { readElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { type OperatorCase, operatorModel, runOperator, tensor } from "#test/support/operator-model.ts";

const floats = (shape: readonly number[], elements: readonly number[]): TensorData =>
	tensor("float32", shape, elements);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

function expectOutputs(given: OperatorCase, expected: readonly (readonly number[])[]): void {
	const { model, outputs } = runOperator(given);
	expect(model.refusals).toEqual([]);
	expect(outputs).toHaveLength(expected.length);
	for (const [index, output] of outputs.entries()) {
		const found = [...readElements(output)];
		expect(found).toHaveLength(expected[index]?.length ?? 0);
		found.forEach((value, at) => {
			expect(value).toBeCloseTo(expected[index]?.[at] ?? Number.NaN, 5);
		});
	}
}

interface Convolution {
	readonly length?: number;
	readonly weight?: TensorData;
	readonly bias?: TensorData;
	readonly past?: TensorData;
	readonly attributes?: Readonly<Record<string, WrittenAttribute>>;
}

/** Over the channels 1 2 3 and 10 20 30 (or their first elements), with the kernels 1 2 and 0 1. */
function convolution({ length = 3, weight, bias, past, attributes = {} }: Convolution): OperatorCase {
	const rows = [1, 10].flatMap((first) => [1, 2, 3].slice(0, length).map((step) => first * step));
	const kernel = weight?.shape[2] ?? 2;
	return {
		operator: "CausalConvWithState",
		opset: 27,
		attributes,
		inputs: [
			floats([1, 2, length], rows),
			weight ?? floats([2, 1, 2], [1, 2, 0, 1]),
			bias ?? null,
			past ?? null,
		],
		outputs: [
			["float32", [1, 2, length]],
			["float32", [1, 2, kernel - 1]],
		],
	};
}

describe("a causal convolution", () => {
	test.each<readonly [string, Convolution, readonly (readonly number[])[]]>([
		[
			"begins with zeros",
			{},
			[
				[2, 5, 8, 10, 20, 30],
				[3, 30],
			],
		],
		[
			"goes on from its state",
			{ past: floats([1, 2, 1], [5, 7]) },
			[
				[7, 5, 8, 10, 20, 30],
				[3, 30],
			],
		],
		[
			"adds a bias to each channel",
			{ bias: floats([2], [100, 200]) },
			[
				[102, 105, 108, 210, 220, 230],
				[3, 30],
			],
		],
		[
			"keeps what is left of its state where the input is shorter",
			{ length: 1, weight: floats([2, 1, 3], [1, 1, 1, 1, 1, 1]), past: floats([1, 2, 2], [4, 5, 6, 7]) },
			[
				[10, 23],
				[5, 1, 7, 10],
			],
		],
		[
			"carries nothing with a kernel of one",
			{ weight: floats([2, 1, 1], [2, 3]) },
			[[2, 4, 6, 30, 60, 90], []],
		],
		[
			"is activated",
			{ attributes: { activation: "silu" } },
			[[2, 5, 8, 10, 20, 30].map((x) => x * sigmoid(x)), [3, 30]],
		],
	])("%s", (_, given, expected) => expectOutputs(convolution(given), expected));

	test.each<readonly [string, Convolution]>([
		["a past of another length", { past: floats([1, 2, 2], [1, 2, 3, 4]) }],
		["weights that mix channels", { weight: floats([2, 2, 1], [1, 2, 3, 4]) }],
		["an activation that is not known", { attributes: { activation: "gelu" } }],
	])("%s makes the model invalid", (_, given) => {
		expect(() => importModel(operatorModel(convolution(given)))).toThrow(/CausalConvWithState/);
	});

	test("a kernel of too many elements costs the node", () => {
		const weight = floats([2, 1, 65], new Array<number>(130).fill(1));
		const { refusals } = importModel(operatorModel(convolution({ weight })));
		expect(refusals).toMatchObject([{ code: "model.op_attribute_unsupported" }]);
	});
});

test.each([
	["by default", {}, 1],
	["with a slope", { alpha: { float: 0.5 } }, 0.5],
])("SwiGLU %s is x sigmoid(alpha x) y", (_, attributes, alpha) => {
	const given: OperatorCase = {
		operator: "SwiGLU",
		opset: 28,
		attributes,
		inputs: [floats([3], [-1, 0.5, 2]), floats([3], [3, 4, 5])],
		outputs: [["float32", [3]]],
	};
	const y = [3, 4, 5];
	expectOutputs(given, [[-1, 0.5, 2].map((x, at) => x * sigmoid(alpha * x) * (y[at] ?? 0))]);
});
