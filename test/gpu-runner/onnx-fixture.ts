// A few ONNX models as bytes, written field by field: baselines for tests of measuring.

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

type Fill = (writer: BinaryWriter) => void;

function message(writer: BinaryWriter, field: number, fill: Fill): void {
	writer.tag(field, WireType.LengthDelimited).fork();
	fill(writer);
	writer.join();
}

const text = (writer: BinaryWriter, field: number, value: string): BinaryWriter =>
	writer.tag(field, WireType.LengthDelimited).string(value);
const integer = (writer: BinaryWriter, field: number, value: number): BinaryWriter =>
	writer.tag(field, WireType.Varint).int64(value);

export interface FixtureTensor {
	readonly name: string;
	readonly shape: readonly number[];
}

export interface FixtureNode {
	readonly operator: string;
	readonly inputs: readonly string[];
	readonly outputs: readonly string[];
	readonly axes?: readonly number[];
}

/** float32 scalars only. */
export type FixtureConstants = Readonly<Record<string, number>>;

const floatType = 1;

function writeValueInfo(writer: BinaryWriter, field: number, tensor: FixtureTensor): void {
	message(writer, field, (info) => {
		text(info, 1, tensor.name);
		message(info, 2, (type) =>
			message(type, 1, (tensorType) => {
				integer(tensorType, 1, floatType);
				message(tensorType, 2, (shape) => {
					for (const extent of tensor.shape) message(shape, 1, (dimension) => integer(dimension, 1, extent));
				});
			}),
		);
	});
}

/** An attribute of type INTS. */
function writeIntegers(node: BinaryWriter, name: string, values: readonly number[]): void {
	message(node, 5, (attribute) => {
		text(attribute, 1, name);
		for (const value of values) integer(attribute, 8, value);
		integer(attribute, 20, 7);
	});
}

function writeNode(writer: BinaryWriter, node: FixtureNode): void {
	message(writer, 1, (proto) => {
		for (const name of node.inputs) text(proto, 1, name);
		for (const name of node.outputs) text(proto, 2, name);
		text(proto, 4, node.operator);
		if (node.axes !== undefined) writeIntegers(proto, "axes", node.axes);
	});
}

/** An ONNX model (opset 17) of float32 tensors. */
export function writeOnnxFixture(model: {
	readonly inputs: readonly FixtureTensor[];
	readonly outputs: readonly FixtureTensor[];
	readonly nodes: readonly FixtureNode[];
	readonly constants?: FixtureConstants;
}): Uint8Array {
	const writer = new BinaryWriter();
	integer(writer, 1, 9);
	message(writer, 7, (graph) => {
		for (const node of model.nodes) writeNode(graph, node);
		text(graph, 2, "fixture");
		for (const [name, value] of Object.entries(model.constants ?? {}))
			message(graph, 5, (tensor) => {
				integer(tensor, 2, floatType);
				text(tensor, 8, name);
				tensor.tag(9, WireType.LengthDelimited).bytes(new Uint8Array(new Float32Array([value]).buffer));
			});
		for (const tensor of model.inputs) writeValueInfo(graph, 11, tensor);
		for (const tensor of model.outputs) writeValueInfo(graph, 12, tensor);
	});
	message(writer, 8, (opset) => integer(opset, 2, 17));
	return writer.finish();
}

/** (rmsnorm(x)·g)·w in primitives, the way exporters write it. Input order x, g, w; output y. */
export function rootMeanSquareNormLinearOnnx(m: number, k: number, n: number): Uint8Array {
	return writeOnnxFixture({
		inputs: [
			{ name: "x", shape: [m, k] },
			{ name: "g", shape: [k] },
			{ name: "w", shape: [k, n] },
		],
		outputs: [{ name: "y", shape: [m, n] }],
		constants: { two: 2, epsilon: 1e-5 },
		nodes: [
			{ operator: "Pow", inputs: ["x", "two"], outputs: ["squares"] },
			{ operator: "ReduceMean", inputs: ["squares"], outputs: ["mean"], axes: [-1] },
			{ operator: "Add", inputs: ["mean", "epsilon"], outputs: ["shifted"] },
			{ operator: "Sqrt", inputs: ["shifted"], outputs: ["root"] },
			{ operator: "Div", inputs: ["x", "root"], outputs: ["normed"] },
			{ operator: "Mul", inputs: ["normed", "g"], outputs: ["scaled"] },
			{ operator: "MatMul", inputs: ["scaled", "w"], outputs: ["y"] },
		],
	});
}
