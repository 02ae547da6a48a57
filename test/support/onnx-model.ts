// Small ONNX models for tests, written with the project's own writer (and read back by onnxruntime-node in others).

import { writeTensorProto } from "#shared/onnx/tensor-proto.ts";
import {
	type WrittenNode,
	writeModelProto,
	writeNodeProto,
	writeValueInfo,
} from "#shared/onnx/write-proto.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

export interface TinyModel {
	readonly nodes: readonly WrittenNode[];
	readonly inputs?: Readonly<Record<string, Shape>>;
	readonly outputs?: Readonly<Record<string, Shape>>;
	readonly initializers?: Readonly<Record<string, TensorData>>;
	readonly opset?: number;
	readonly dataType?: DataType;
	/** Of inputs that are of another type, by name. */
	readonly inputTypes?: Readonly<Record<string, DataType>>;
}

/** Bytes of a model whose inputs and outputs are of one type (float32 unless given) but for those in `inputTypes`. */
export function tinyModel(model: TinyModel): Uint8Array {
	const typeOf = (name: string): DataType => model.inputTypes?.[name] ?? model.dataType ?? "float32";
	const info = (shapes: Readonly<Record<string, Shape>>): Uint8Array[] =>
		Object.entries(shapes).map(([name, shape]) => writeValueInfo(name, typeOf(name), shape));
	return writeModelProto({
		irVersion: 8,
		opsets: new Map([["", model.opset ?? 17]]),
		graphName: "tiny",
		nodes: model.nodes.map(writeNodeProto),
		initializers: Object.entries(model.initializers ?? {}).map(([name, data]) =>
			writeTensorProto(name, data),
		),
		inputs: info(model.inputs ?? {}),
		outputs: info(model.outputs ?? {}),
	});
}

/** A float32 tensor of numbers that differ: 0, 1/8, 2/8, … wrapped at 4. */
export function ramp(shape: Shape, dataType: DataType = "float32"): TensorData {
	const count = shape.reduce((product, extent) => product * extent, 1);
	return writeElements(
		dataType,
		shape,
		Float64Array.from({ length: count }, (_, at) => (at % 32) / 8),
	);
}
