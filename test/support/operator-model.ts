// A model of one operator, for tests of what importing and interpreting it gives.

import { checkGraph } from "#shared/graph/check.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import type { ImportedModel } from "#shared/onnx/import-options.ts";
import { importWithInputs } from "#shared/onnx/import-with-inputs.ts";
import {
	type WrittenAttribute,
	writeModelProto,
	writeNodeProto,
	writeValueInfo,
} from "#shared/onnx/write-proto.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

export interface OperatorCase {
	readonly operator: string;
	/** Default: ONNX's own. */
	readonly domain?: string;
	readonly opset?: number;
	readonly attributes?: Readonly<Record<string, WrittenAttribute>>;
	/** null: an operand left out. */
	readonly inputs: readonly (TensorData | null)[];
	/** Types and shapes of the results; null: a result not asked for. */
	readonly outputs: readonly (readonly [DataType, Shape] | null)[];
}

export function operatorModel(given: OperatorCase): Uint8Array {
	const inputName = (index: number): string => `input_${index}`;
	const outputName = (index: number): string => `output_${index}`;
	return writeModelProto({
		irVersion: 10,
		opsets: new Map([
			["", given.opset ?? 21],
			["com.microsoft", 1],
			["ai.onnx.preview", 1],
		]),
		graphName: "operator",
		nodes: [
			writeNodeProto({
				operator: given.operator,
				...(given.domain === undefined ? {} : { domain: given.domain }),
				inputs: given.inputs.map((tensor, index) => (tensor === null ? "" : inputName(index))),
				outputs: given.outputs.map((output, index) => (output === null ? "" : outputName(index))),
				attributes: given.attributes ?? {},
			}),
		],
		initializers: [],
		inputs: given.inputs.flatMap((tensor, index) =>
			tensor === null ? [] : [writeValueInfo(inputName(index), tensor.dataType, tensor.shape)],
		),
		outputs: given.outputs.flatMap((output, index) =>
			output === null ? [] : [writeValueInfo(outputName(index), ...output)],
		),
	});
}

/** Imports the case and runs it. Refusals are for the caller to look at; outputs are empty then. */
export function runOperator(given: OperatorCase): {
	readonly model: ImportedModel;
	readonly outputs: readonly TensorData[];
} {
	const tensors = given.inputs.filter((tensor) => tensor !== null);
	const { model, inputs } = importWithInputs(operatorModel(given), tensors);
	checkGraph(model.graph);
	if (model.refusals.length > 0) return { model, outputs: [] };
	const results = interpretGraph(model.graph, inputs);
	return { model, outputs: model.graph.outputs.flatMap(({ value }) => results.get(value) ?? []) };
}

export function tensor(dataType: DataType, shape: Shape, elements: ArrayLike<number>): TensorData {
	return writeElements(dataType, shape, elements);
}
