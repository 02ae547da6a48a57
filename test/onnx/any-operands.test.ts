import fc from "fast-check";
import { expect, test } from "vitest";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { checkGraph } from "#shared/graph/check.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { importWithInputs } from "#shared/onnx/import-with-inputs.ts";
import { operatorTable } from "#shared/onnx/operators/operator-table.ts";
import {
	type WrittenAttribute,
	writeModelProto,
	writeNodeProto,
	writeValueInfo,
} from "#shared/onnx/write-proto.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

const seed = Number(process.env.TEST_SEED);
/** Random calls of each operator. */
const callsPerOperator = 25;

const dataTypes: readonly DataType[] = [
	"float32",
	"float32",
	"float32",
	"float16",
	"float64",
	"int32",
	"int64",
	"uint8",
	"bool",
];

const shapes = fc.array(fc.constantFrom(0, 1, 2, 2, 4, 4, 8), { maxLength: 4 });

const tensors: fc.Arbitrary<TensorData> = fc
	.tuple(fc.constantFrom(...dataTypes), shapes)
	.chain(([dataType, shape]) => {
		const count = elementCount(shape);
		return fc
			.array(fc.integer({ min: -3, max: 4 }), { minLength: count, maxLength: count })
			.map((elements) => writeElements(dataType, shape, elements));
	});

/** Alike in type and shape, as most operators want them. */
const likeTensors = fc
	.tuple(tensors, fc.integer({ min: 1, max: 6 }))
	.map(([tensor, count]) => new Array<TensorData>(count).fill(tensor));

const small = fc.integer({ min: -2, max: 4 });
const floats = fc.double({ min: -2, max: 2, noNaN: true }).map((float) => ({ float }));
const integerNames =
	"axis keepdims num_heads q_num_heads kv_num_heads is_causal transA transB num_groups p interleaved rotary_embedding_dim stash_type training_mode exclusive reverse select_last_index unidirectional do_rotary qk_matmul_output_mode noop_with_empty_axes ignore_index batch_dims upper to start end num_outputs fmod allowzero".split(
		" ",
	);
const attributes: fc.Arbitrary<Record<string, WrittenAttribute>> = fc
	.record({
		integers: fc.dictionary(fc.constantFrom(...integerNames), small, { maxKeys: 6 }),
		floats: fc.dictionary(fc.constantFrom("alpha", "beta", "epsilon", "scale", "softcap"), floats, {
			maxKeys: 2,
		}),
		lists: fc.dictionary(
			fc.constantFrom("axes", "perm", "split", "pads", "starts", "ends", "shape"),
			fc.array(small, { maxLength: 4 }),
			{ maxKeys: 2 },
		),
		texts: fc.dictionary(
			fc.constantFrom("equation", "reduction", "direction", "mode", "approximate"),
			fc.constantFrom("ij,jk->ik", "...i->i...", "ii", "none", "sum", "mean", "LEFT", "reflect", "tanh", "?"),
			{ maxKeys: 2 },
		),
	})
	.map(({ integers, floats: reals, lists, texts }) => ({ ...integers, ...reals, ...lists, ...texts }));

/** The operator's first result, cast to float32 and summed to a scalar, so that its shape need not be declared. */
function model(
	key: string,
	opset: number,
	operands: readonly TensorData[],
	given: Record<string, WrittenAttribute>,
): Uint8Array {
	const [domain = "", operator = ""] = key.split(":");
	const inputs = operands.map((_, index) => `input_${index}`);
	return writeModelProto({
		irVersion: 10,
		opsets: new Map([
			["", opset],
			["com.microsoft", 1],
		]),
		graphName: "any",
		nodes: [
			{
				operator,
				domain: domain === "ai.onnx" ? "" : domain,
				inputs,
				outputs: ["result"],
				attributes: given,
			},
			{ operator: "Cast", inputs: ["result"], outputs: ["cast"], attributes: { to: 1 } },
			{ operator: "ReduceSum", inputs: ["cast"], outputs: ["sum"], attributes: { keepdims: 0 } },
		].map(writeNodeProto),
		initializers: [],
		inputs: operands.map(({ dataType, shape }, index) => writeValueInfo(`input_${index}`, dataType, shape)),
		outputs: [writeValueInfo("sum", "float32", [])],
	});
}

test.each(Object.keys(operatorTable))(
	`%s: any operands and attributes import, or are refused (seed ${seed})`,
	(key) => {
		const calls = fc.tuple(
			fc.constantFrom(9, 12, 17, 20, 23, 24),
			fc.oneof(likeTensors, fc.array(tensors, { minLength: 1, maxLength: 6 })),
			attributes,
		);
		fc.assert(
			fc.property(calls, ([opset, operands, given]) => {
				try {
					const { model: imported, inputs } = importWithInputs(model(key, opset, operands, given), operands);
					checkGraph(imported.graph);
					if (imported.refusals.length === 0) interpretGraph(imported.graph, inputs);
				} catch (error) {
					expect(error).toBeInstanceOf(OptimizeError);
				}
			}),
			{ seed, numRuns: callsPerOperator },
		);
	},
);
