// Small models, each with something that a rewriting could get wrong.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { BindingOptions } from "#cli/read-model.ts";
import { createRandom } from "#shared/numeric/random.ts";
import { writeTensorProto } from "#shared/onnx/tensor-proto.ts";
import { wire } from "#shared/onnx/wire.ts";
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
import { tinyModel } from "#test/support/onnx-model.ts";

export interface ModelCase {
	readonly bytes: () => Uint8Array;
	/** Beside the model, by name. */
	readonly files?: () => Readonly<Record<string, Uint8Array>>;
	readonly bindings?: BindingOptions;
	/** Islands. */
	readonly replaced: number;
	/** Whether nothing but kernels is left. */
	readonly isStandalone: boolean;
	/** Of the largest output. */
	readonly share?: number;
}

export function weights(seed: number, shape: Shape, dataType: DataType = "float32"): TensorData {
	const random = createRandom(seed);
	const count = shape.reduce((product, extent) => product * extent, 1);
	return writeElements(
		dataType,
		shape,
		Float64Array.from({ length: count }, () => random.nextUnit() - 0.5),
	);
}

export const node = (
	operator: string,
	inputs: readonly string[],
	output: string,
	attributes: WrittenNode["attributes"] = {},
): WrittenNode => ({
	operator,
	inputs,
	outputs: [output],
	attributes,
});

/** softmax(tanh(x·W + b)). */
const dense = (x: string, y: string, suffix = ""): readonly WrittenNode[] => [
	node("MatMul", [x, `w${suffix}`], `product${suffix}`),
	node("Add", [`product${suffix}`, `b${suffix}`], `sum${suffix}`),
	node("Tanh", [`sum${suffix}`], `curve${suffix}`),
	node("Softmax", [`curve${suffix}`], y),
];

/** One island; x is [rows, 40], y [rows, 33]. */
export function denseModel(seed: number, rows = 3): Uint8Array {
	return tinyModel({
		nodes: dense("x", "y"),
		inputs: { x: [rows, 40] },
		outputs: { y: [rows, 33] },
		initializers: { w: weights(seed, [40, 33]), b: weights(seed + 1, [33]) },
	});
}

/** Text that would do harm in a shell, a path, C or JSON. */
const hostile = '"; rm -rf / #$(touch /tmp/kiln-owned)`\\ \n%s*/../../x';

const externalTensors = [
	{ name: "filter", shape: [3, 3, 3, 3] },
	{ name: "w", shape: [40, 33] },
] as const;

/** TensorProto whose bytes lie in weights.data, one tensor behind the other. */
function externalTensor(name: string, shape: Shape, at: number): Uint8Array {
	const bytesOf = (extents: Shape): number => weights(0, extents).bytes.length;
	const offset = externalTensors.slice(0, at).reduce((sum, before) => sum + bytesOf(before.shape), 0);
	const writer = new BinaryWriter();
	for (const extent of shape) writer.tag(1, wire.varint).int64(extent);
	writer.tag(2, wire.varint).int32(1);
	writer.tag(8, wire.bytes).string(name);
	const entries = { location: "weights.data", offset: String(offset), length: String(bytesOf(shape)) };
	for (const [key, value] of Object.entries(entries))
		writer.tag(13, wire.bytes).fork().tag(1, wire.bytes).string(key).tag(2, wire.bytes).string(value).join();
	return writer.tag(14, wire.varint).int32(1).finish();
}

export const modelCases: Readonly<Record<string, ModelCase>> = {
	"one island that is all of it": {
		bytes: () => denseModel(1),
		replaced: 1,
		isStandalone: true,
	},
	"islands that read each other, and an output that is read again": {
		bytes: () =>
			tinyModel({
				nodes: [
					...dense("x", "y1"),
					...dense("y1", "y2", "2"),
					node("Concat", ["y2", "y1"], "both", { axis: 1 }),
					...dense("both", "y", "3"),
				],
				inputs: { x: [3, 40] },
				outputs: { y: [3, 24], y1: [3, 40] },
				initializers: {
					w: weights(1, [40, 40]),
					b: weights(2, [40]),
					w2: weights(3, [40, 33]),
					b2: weights(4, [33]),
					w3: weights(5, [73, 24]),
					b3: weights(6, [24]),
				},
			}),
		replaced: 3,
		isStandalone: true,
	},
	"an operator that Kiln refuses behind it": {
		bytes: () =>
			tinyModel({
				nodes: [...dense("x", "y1"), node("TopK", ["y1", "k"], "values")].map((written) =>
					written.operator === "TopK" ? { ...written, outputs: ["y", "at"] } : written,
				),
				inputs: { x: [3, 40] },
				outputs: { y: [3, 5] },
				initializers: {
					w: weights(1, [40, 33]),
					b: weights(2, [33]),
					k: writeElements("int64", [1], [5]),
				},
			}),
		replaced: 1,
		isStandalone: false,
	},
	"two islands of one kernel with other weights, around a convolution": {
		bytes: () =>
			tinyModel({
				nodes: [
					...dense("x", "y1"),
					node("Reshape", ["y1", "image"], "image1"),
					node("Conv", ["image1", "filter"], "image2", { pads: [1, 1, 1, 1] }),
					node("Reshape", ["image2", "rows"], "x2"),
					...dense("x2", "y", "2"),
				],
				inputs: { x: [3, 40] },
				outputs: { y: [3, 40] },
				initializers: {
					w: weights(1, [40, 40]),
					b: weights(2, [40]),
					w2: weights(3, [40, 40]),
					b2: weights(4, [40]),
					filter: weights(5, [3, 3, 3, 3]),
					image: writeElements("int64", [4], [1, 3, 4, 10]),
					rows: writeElements("int64", [2], [3, 40]),
				},
			}),
		replaced: 2,
		isStandalone: false,
	},
	"nodes in no order, and names that would do harm": {
		bytes: () =>
			tinyModel({
				nodes: [...dense(`${hostile}x`, `${hostile}y`)].reverse(),
				inputs: { [`${hostile}x`]: [2, 64] },
				outputs: { [`${hostile}y`]: [2, 65] },
				initializers: { w: weights(1, [64, 65]), b: weights(2, [65]) },
			}),
		replaced: 1,
		isStandalone: true,
	},
	"an inner result that is wanted too": {
		bytes: () =>
			tinyModel({
				nodes: dense("x", "y"),
				inputs: { x: [3, 40] },
				outputs: { y: [3, 33], sum: [3, 33] },
				initializers: { w: weights(1, [40, 33]), b: weights(2, [33]) },
			}),
		replaced: 1,
		isStandalone: true,
	},
	"float16 weights and values": {
		bytes: () =>
			tinyModel({
				nodes: dense("x", "y"),
				inputs: { x: [3, 40] },
				outputs: { y: [3, 33] },
				initializers: { w: weights(1, [40, 33], "float16"), b: weights(2, [33], "float16") },
				dataType: "float16",
			}),
		replaced: 1,
		isStandalone: true,
		share: 1e-2,
	},
	"a dynamic extent that was bound": {
		bytes: () => openModel(),
		bindings: { shape: { batch: 3 }, weights: "auto" },
		replaced: 1,
		isStandalone: true,
	},
	"weights in a file of their own, one of which the runtime still reads": {
		bytes: () =>
			writeModelProto({
				irVersion: 8,
				opsets: new Map([["", 17]]),
				graphName: "external",
				nodes: [
					node("Reshape", ["x", "image"], "image1"),
					node("Conv", ["image1", "filter"], "image2", { pads: [1, 1, 1, 1] }),
					node("Reshape", ["image2", "rows"], "x1"),
					...dense("x1", "y"),
				].map(writeNodeProto),
				initializers: [
					...externalTensors.map(({ name, shape }, at) => externalTensor(name, shape, at)),
					writeTensorProto("b", weights(2, [33])),
					writeTensorProto("image", writeElements("int64", [4], [1, 3, 4, 10])),
					writeTensorProto("rows", writeElements("int64", [2], [3, 40])),
				],
				inputs: [writeValueInfo("x", "float32", [3, 40])],
				outputs: [writeValueInfo("y", "float32", [3, 33])],
			}),
		files: () => ({
			"weights.data": Uint8Array.from(
				externalTensors.flatMap(({ shape }, at) => [...weights(at, shape).bytes]),
			),
		}),
		replaced: 1,
		isStandalone: false,
	},
	"weights that are declared as inputs, as old files do": {
		bytes: () =>
			writeModelProto({
				irVersion: 3,
				opsets: new Map([["", 13]]),
				graphName: "old",
				nodes: dense("x", "y").map(writeNodeProto),
				initializers: [writeTensorProto("w", weights(1, [40, 33])), writeTensorProto("b", weights(2, [33]))],
				inputs: [
					writeValueInfo("x", "float32", [3, 40]),
					writeValueInfo("w", "float32", [40, 33]),
					writeValueInfo("b", "float32", [33]),
				],
				outputs: [writeValueInfo("y", "float32", [3, 33])],
			}),
		replaced: 1,
		isStandalone: true,
	},
};

function openModel(): Uint8Array {
	return writeModelProto({
		irVersion: 8,
		opsets: new Map([["", 17]]),
		graphName: "open",
		nodes: dense("x", "y").map(writeNodeProto),
		initializers: [writeTensorProto("w", weights(1, [40, 33])), writeTensorProto("b", weights(2, [33]))],
		inputs: [openValue("x", ["batch", 40])],
		outputs: [openValue("y", ["batch", 33])],
	});
}

/** ValueInfoProto of a float32 tensor whose extents may be names. */
function openValue(name: string, extents: readonly (string | number)[]): Uint8Array {
	const writer = new BinaryWriter();
	writer.tag(1, wire.bytes).string(name);
	writer.tag(2, wire.bytes).fork();
	writer.tag(1, wire.bytes).fork();
	writer.tag(1, wire.varint).int32(1);
	writer.tag(2, wire.bytes).fork();
	for (const extent of extents) {
		writer.tag(1, wire.bytes).fork();
		if (typeof extent === "number") writer.tag(1, wire.varint).int64(extent);
		else writer.tag(2, wire.bytes).string(extent);
		writer.join();
	}
	return writer.join().join().join().finish();
}
