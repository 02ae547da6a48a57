import { BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { readTensorName, readTensorProto, writeTensorProto } from "#shared/onnx/tensor-proto.ts";
import { type DataType, dataTypes, elementBytes } from "#shared/tensor/data-type.ts";
import { readElements } from "#shared/tensor/elements.ts";

const seed = Number(process.env.TEST_SEED ?? 1);

test("what is written is read back, name and bytes", () => {
	const tensors = fc
		.tuple(fc.constantFrom(...dataTypes), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }))
		.chain(([dataType, shape]) => {
			const length = shape.reduce((product, extent) => product * extent, elementBytes(dataType));
			return fc.record({
				dataType: fc.constant(dataType),
				shape: fc.constant(shape),
				bytes: fc.uint8Array({ minLength: length, maxLength: length }),
			});
		});
	fc.assert(
		fc.property(tensors, fc.string({ unit: "grapheme" }), (tensor, name) => {
			const written = writeTensorProto(name, tensor);
			const read = readTensorProto(written);
			expect({ ...read, bytes: Array.from(read.bytes) }).toEqual({
				...tensor,
				bytes: Array.from(tensor.bytes),
			});
			expect(readTensorName(written)).toBe(name);
		}),
		{ seed },
	);
});

/** A TensorProto of two elements whose data lies in a typed field. */
function typed(code: number, write: (writer: BinaryWriter) => void): Uint8Array {
	const writer = new BinaryWriter().tag(1, 0).int64(2).tag(2, 0).int32(code);
	write(writer);
	return writer.finish();
}

const packed = (field: number, write: (writer: BinaryWriter) => void) => (writer: BinaryWriter) => {
	writer.tag(field, 2).fork();
	write(writer);
	writer.join();
};

describe("typed fields", () => {
	test.each<[string, DataType, Uint8Array, number[]]>([
		[
			"packed floats",
			"float32",
			typed(
				1,
				packed(4, (w) => w.float(1.5).float(-2)),
			),
			[1.5, -2],
		],
		["floats one by one", "float32", typed(1, (w) => w.tag(4, 5).float(1.5).tag(4, 5).float(-2)), [1.5, -2]],
		[
			"doubles",
			"float64",
			typed(
				11,
				packed(10, (w) => w.double(0.1).double(-2)),
			),
			[0.1, -2],
		],
		[
			"halves as bits",
			"float16",
			typed(
				10,
				packed(5, (w) => w.int32(0x3e00).int32(0xc000)),
			),
			[1.5, -2],
		],
		[
			"negative bytes",
			"int8",
			typed(
				3,
				packed(5, (w) => w.int32(-1).int32(127)),
			),
			[-1, 127],
		],
		["booleans one by one", "bool", typed(9, (w) => w.tag(5, 0).int32(1).tag(5, 0).int32(0)), [1, 0]],
		[
			"64-bit integers",
			"int64",
			typed(
				7,
				packed(7, (w) => w.int64(-5).int64(2 ** 40)),
			),
			[-5, 2 ** 40],
		],
		[
			"unsigned integers",
			"uint32",
			typed(
				12,
				packed(11, (w) => w.uint64(2 ** 32 - 1).uint64(3)),
			),
			[2 ** 32 - 1, 3],
		],
	])("hold %s", (_, dataType, bytes, expected) => {
		const tensor = readTensorProto(bytes);
		expect(tensor.dataType).toBe(dataType);
		expect(Array.from(readElements(tensor))).toEqual(expected);
	});

	test.each<[string, Uint8Array]>([
		[
			"too few elements",
			typed(
				1,
				packed(4, (w) => w.float(1)),
			),
		],
		[
			"too many elements",
			typed(
				7,
				packed(7, (w) => w.int64(1).int64(2).int64(3)),
			),
		],
		["no elements", typed(7, () => {})],
		[
			"the field of another type",
			typed(
				7,
				packed(4, (w) => w.float(1).float(2)),
			),
		],
		["two forms", typed(1, (w) => w.tag(9, 2).bytes(new Uint8Array(8)).tag(4, 5).float(1))],
		["a cut varint", typed(7, (w) => w.tag(7, 2).bytes(new Uint8Array([1, 0x80])))],
		["an element type that ONNX does not have", typed(99, () => {})],
	])("with %s are malformed", (_, bytes) => {
		expect(() => readTensorProto(bytes)).toThrow(OptimizeError);
		expect(() => readTensorProto(bytes)).toThrow(expect.objectContaining({ code: "model.malformed" }));
	});

	test("of strings are refused by type", () => {
		const bytes = typed(8, (w) => w.tag(6, 2).string("a").tag(6, 2).string("b"));
		expect(() => readTensorProto(bytes)).toThrow(expect.objectContaining({ code: "model.type_unsupported" }));
	});
});
