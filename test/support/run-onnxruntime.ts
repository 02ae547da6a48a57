// ONNX Runtime on tensors of ours, for tests of what is written for it.

import * as ort from "onnxruntime-node";
import type { DataType } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { decodeTensor } from "#shared/tensor/tensor-values.ts";

/** Element types that these tests hand over. */
const arrays = {
	float32: Float32Array,
	int32: Int32Array,
	int64: BigInt64Array,
	bool: Uint8Array,
} as const;

function isHandedOver(dataType: string): dataType is keyof typeof arrays {
	return dataType in arrays;
}

/** Loads and runs a model; outputs by name. Only float32, int32, int64 and bool. */
export async function runOnnxRuntime(
	model: Uint8Array,
	inputs: Readonly<Record<string, TensorData>>,
): Promise<Readonly<Record<string, TensorData>>> {
	const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
	const feeds = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toOrt(tensor)]));
	const results = await session.run(feeds);
	await session.release();
	return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
}

function toOrt({ dataType, shape, bytes }: TensorData): ort.Tensor {
	if (!isHandedOver(dataType)) throw new Error(`tensors of ${dataType} are not handed to ONNX Runtime`);
	const buffer = Uint8Array.from(bytes).buffer;
	return new ort.Tensor(dataType, new arrays[dataType](buffer) as Float32Array, [...shape]);
}

function fromOrt(tensor: ort.Tensor): TensorData {
	const elements = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
	return writeElements(tensor.type as DataType, tensor.dims, elements);
}

/** The elements as plain numbers, for comparisons that name both sides. */
export function numbersOf(tensor: TensorData): number[] {
	return Array.from(decodeTensor(tensor).values, Number);
}
