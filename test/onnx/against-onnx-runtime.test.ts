import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { compareTensors } from "#shared/graph/compare.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { contrib, grouped, int32, noise, operatorCase, standard } from "#test/support/operator-cases.ts";
import { type OperatorCase, operatorModel, runOperator } from "#test/support/operator-model.ts";

/** ONNX Runtime computes in float32, the interpreter in float64. */
const tolerance = { relative: 1e-3, absolute: 1e-5 };

const arrays = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array } as const;

function isFed(dataType: DataType): dataType is keyof typeof arrays {
	return dataType in arrays;
}

async function runOnnxRuntime(given: OperatorCase): Promise<readonly TensorData[]> {
	const session = await InferenceSession.create(operatorModel(given), {
		logSeverityLevel: 4,
		intraOpNumThreads: 1,
		interOpNumThreads: 1,
	});
	const feeds: Record<string, Tensor> = {};
	for (const [index, input] of given.inputs.entries()) {
		if (input === null || !isFed(input.dataType)) continue;
		const elements = new arrays[input.dataType](new Uint8Array(input.bytes).buffer);
		feeds[`input_${index}`] = new Tensor(input.dataType, elements, [...input.shape]);
	}
	const results = await session.run(feeds);
	return given.outputs.flatMap((output, index) => {
		const result = results[`output_${index}`];
		if (output === null || !(result?.data instanceof Float32Array)) return [];
		return {
			dataType: "float32",
			shape: [...result.dims],
			bytes: new Uint8Array(result.data.slice().buffer),
		};
	});
}

async function expectAgreement(given: OperatorCase): Promise<void> {
	const { model, outputs } = runOperator(given);
	expect(model.refusals).toEqual([]);
	const expected = await runOnnxRuntime(given);
	expect(expected.length).toBe(given.outputs.filter((output) => output !== null).length);
	expect(outputs.length).toBe(expected.length);
	for (const [index, wanted] of expected.entries()) {
		const comparison = compareTensors(outputs[index] as TensorData, wanted, tolerance);
		expect(comparison.firstDifference, `output ${index}`).toBeNull();
	}
}

describe(`ONNX Runtime gives the same (seed ${process.env.TEST_SEED})`, () => {
	test.each(contrib.map((row) => [row[1], row[0], row] as const))(
		"com.microsoft:%s %s",
		async (_operator, _name, row) => {
			await expectAgreement(operatorCase(row, "com.microsoft"));
		},
	);

	test.each(standard.map((row) => [row[1], row[0], row] as const))("%s %s", async (_operator, _name, row) => {
		await expectAgreement(operatorCase(row));
	});
});

describe("what cannot be imported is refused by name", () => {
	const attention = [noise([1, 3, 64]), noise([1, 3, 32]), noise([1, 3, 32]), null, null];
	const refused: readonly (readonly [OperatorCase, code: string, reason: RegExp])[] = [
		[
			operatorCase(
				["", "FusedMatMul", [noise([4, 2, 3]), noise([2, 3, 5])], [[2, 4, 5]], { transBatchA: 1 }],
				"com.microsoft",
			),
			"model.op_attribute_unsupported",
			/transBatchA 1, supported: 0/,
		],
		[
			operatorCase(
				[
					"",
					"GroupQueryAttention",
					[...attention, int32(2), int32(3)],
					[[1, 3, 64]],
					{ ...grouped, local_window_size: 2 },
				],
				"com.microsoft",
			),
			"model.op_attribute_unsupported",
			/local_window_size 2, supported: -1/,
		],
		[
			operatorCase([
				"",
				"BatchNormalization",
				[noise([2, 3, 4]), noise([3]), noise([3]), noise([3]), noise([3])],
				[[2, 3, 4]],
				{ spatial: 0 },
				8,
			]),
			"model.op_attribute_unsupported",
			/spatial 0, supported: 1/,
		],
		[
			{ operator: "Cast", attributes: { to: 17 }, inputs: [noise([2])], outputs: [["float32", [2]]] },
			"model.type_unsupported",
			/float8e4m3fn/,
		],
		[
			{ operator: "Cast", attributes: { to: 22 }, inputs: [noise([2])], outputs: [["float32", [2]]] },
			"model.type_unsupported",
			/int4/,
		],
	];
	test.each(refused)("case %#", (given, code, reason) => {
		const [refusal] = runOperator(given).model.refusals;
		expect(refusal).toMatchObject({ operator: given.operator, code });
		expect(refusal?.reason).toMatch(reason);
	});
});
