import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GraphNode } from "#shared/graph/graph.ts";
import { evaluateNode } from "#shared/graph/interpret.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { broadcastShapes, elementCount, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { decodeTensor } from "#shared/tensor/tensor-values.ts";

const seed = Number(process.env.TEST_SEED);

type Fields<N> = N extends GraphNode ? Omit<N, "output" | "source"> : never;

/** Evaluates a node; operand ids in `fields` do not matter. */
function evaluate(
	fields: Fields<GraphNode>,
	operands: readonly TensorData[],
	dataType: DataType,
	shape: Shape,
): TensorData {
	const node: GraphNode = { ...fields, output: 0, source: 0 };
	return evaluateNode(node, operands, { dataType, shape });
}

function tensor(dataType: DataType, shape: Shape, elements: readonly number[]): TensorData {
	return writeElements(dataType, shape, elements);
}

function int64(
	shape: Shape,
	elements: readonly bigint[],
	dataType: "int64" | "uint64" = "int64",
): TensorData {
	return { dataType, shape, bytes: new Uint8Array(new BigInt64Array([...elements]).buffer) };
}

function counting(shape: Shape, dataType: DataType = "float32"): TensorData {
	return tensor(
		dataType,
		shape,
		Array.from({ length: elementCount(shape) }, (_, index) => index),
	);
}

const numbers = (data: TensorData): number[] => Array.from(readElements(data));
const bigints = (data: TensorData): unknown[] => [...decodeTensor(data).values];

const lowest = -(2n ** 63n);
const highest = 2n ** 63n - 1n;

describe("integers are exact and wrap", () => {
	test.each([
		["int8", "add", 127, 1, -128],
		["uint8", "subtract", 0, 1, 255],
		["int16", "multiply", 300, 300, 90000 - 65536],
		["int32", "multiply", 123456789, 987654321, Math.imul(123456789, 987654321)],
		["uint32", "multiply", 4294967295, 4294967295, 1],
		["int32", "divide", -7, 2, -3],
		["int32", "divide", -2147483648, -1, -2147483648],
		["int32", "divide", 5, 0, 0],
		["int32", "remainder", -7, 3, 2],
		["int32", "fmod", -7, 3, -1],
		["int32", "power", 3, 21, Number(BigInt.asIntN(32, 3n ** 21n))],
		["uint8", "shiftLeft", 255, 1, 254],
		["uint32", "shiftLeft", 1, 32, 0],
		["uint32", "shiftRight", 4294967295, 31, 1],
		["uint32", "bitwiseXor", 4294967295, 1, 4294967294],
	] as const)("%s %s of %d and %d is %d", (dataType, operator, a, b, expected) => {
		const operands = [tensor(dataType, [], [a]), tensor(dataType, [], [b])];
		const result = evaluate({ kind: "binary", operator, left: 0, right: 0 }, operands, dataType, []);
		expect(numbers(result)).toEqual([expected]);
	});

	test.each([
		["add", highest, 1n, lowest],
		["divide", lowest, -1n, lowest],
		["divide", 7n, 0n, 0n],
		["multiply", highest, 2n, -2n],
		["remainder", -7n, 3n, 2n],
		["fmod", lowest, -1n, 0n],
		["maximum", lowest, highest, highest],
		["power", 2n, 64n, 0n],
		["power", -1n, -3n, -1n],
	] as const)("int64 %s of %d and %d is %d", (operator, a, b, expected) => {
		const operands = [int64([], [a]), int64([], [b])];
		const result = evaluate({ kind: "binary", operator, left: 0, right: 0 }, operands, "int64", []);
		expect(bigints(result)).toEqual([expected]);
	});

	test("int64 comparisons see differences that float64 cannot", () => {
		const operands = [int64([], [highest]), int64([], [highest - 1n])];
		const result = evaluate({ kind: "binary", operator: "equal", left: 0, right: 0 }, operands, "bool", []);
		expect(numbers(result)).toEqual([0]);
	});

	test("uint64 sums wrap at 2^64", () => {
		const input = int64([2], [-1n, 2n], "uint64");
		const node = { kind: "reduce", operator: "sum", input: 0, axes: [0], keepDimensions: false } as const;
		expect(bigints(evaluate(node, [input], "uint64", []))).toEqual([1n]);
	});
});

describe("floats", () => {
	test.each([
		["power", 1, Number.NaN, 1],
		["power", -1, Number.POSITIVE_INFINITY, 1],
		["maximum", Number.NaN, 1, Number.NaN],
		["remainder", -5.5, 2, 0.5],
		["fmod", -5.5, 2, -1.5],
		["divide", 1, 0, Number.POSITIVE_INFINITY],
	] as const)("%s of %d and %d is %d, as in C", (operator, a, b, expected) => {
		const operands = [tensor("float64", [], [a]), tensor("float64", [], [b])];
		const result = evaluate({ kind: "binary", operator, left: 0, right: 0 }, operands, "float64", []);
		expect(numbers(result)).toEqual([expected]);
	});

	test("roundHalfEven rounds ties to even on both sides of zero", () => {
		const input = tensor("float64", [7], [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999999999999994]);
		const result = evaluate({ kind: "unary", operator: "roundHalfEven", input: 0 }, [input], "float64", [7]);
		expect(numbers(result)).toEqual([0, 2, 2, -0, -2, -2, 0]);
	});

	test.each([
		[0.1, 0.1124629160182849],
		[-0.5, -0.5204998778130465],
		[2, 0.9953222650189527],
		[3.5, 0.9999992569016276],
		[7, 1],
	])("erf(%d) is %d", (x, expected) => {
		const input = tensor("float64", [], [x]);
		const [found] = numbers(evaluate({ kind: "unary", operator: "erf", input: 0 }, [input], "float64", []));
		expect(Math.abs((found ?? 0) - expected)).toBeLessThan(1e-15);
	});
});

describe("casts do what ONNX Runtime's compiled code does", () => {
	test.each([
		["float32", "int32", -1.9, -1],
		["float32", "int32", 3e9, -2147483648],
		["float32", "int8", 300, 44],
		["float32", "uint8", -1, 255],
		["float32", "uint32", 3e9, 3e9],
		["float32", "bool", Number.NaN, 1],
		["float32", "float16", 65519, 65504],
		["float32", "float16", 65520, Number.POSITIVE_INFINITY],
		["float32", "float16", 1 + 2 ** -11, 1],
		["float32", "float16", 2 ** -25, 0],
		["float32", "bfloat16", 1 + 2 ** -8 + 2 ** -20, 1 + 2 ** -7],
		["int32", "uint8", -1, 255],
		["int32", "float16", 2049, 2048],
		["float64", "float32", 0.1, Math.fround(0.1)],
	] as const)("%s to %s of %d gives %d", (from, to, value, expected) => {
		const result = evaluate({ kind: "cast", input: 0 }, [tensor(from, [], [value])], to, []);
		expect(numbers(result)).toEqual([expected]);
	});

	test.each([
		[Number.NaN, "int64", lowest],
		[9.3e18, "int64", lowest],
		[-1, "uint64", 2n ** 64n - 1n],
		[1.5 * 2 ** 63, "uint64", 3n * 2n ** 62n],
	] as const)("%d to %s gives %d", (value, to, expected) => {
		const result = evaluate({ kind: "cast", input: 0 }, [tensor("float64", [], [value])], to, []);
		expect(bigints(result)).toEqual([expected]);
	});
});

describe("movement", () => {
	test("a slice may run backwards and with strides", () => {
		const node = { kind: "slice", input: 0, starts: [2, 0], steps: [-2, 3] } as const;
		expect(numbers(evaluate(node, [counting([3, 5])], "float32", [2, 2]))).toEqual([10, 13, 0, 3]);
	});

	test.each([
		["constant", [9, 9, 0, 1, 2, 9]],
		["edge", [0, 0, 0, 1, 2, 2]],
		["reflect", [2, 1, 0, 1, 2, 1]],
		["wrap", [1, 2, 0, 1, 2, 0]],
	] as const)("pad in mode %s", (mode, expected) => {
		const fill = mode === "constant" ? 1 : null;
		const operands = [counting([3]), tensor("float32", [], [9])].slice(0, fill === null ? 1 : 2);
		const node = { kind: "pad", input: 0, before: [2], mode, fill } as const;
		expect(numbers(evaluate(node, operands, "float32", [6]))).toEqual(expected);
	});

	test("negative padding crops", () => {
		const node = { kind: "pad", input: 0, before: [-1, 1], mode: "constant", fill: null } as const;
		expect(numbers(evaluate(node, [counting([3, 2])], "float32", [2, 2]))).toEqual([0, 2, 0, 4]);
	});

	test("broadcast repeats along new and unit axes", () => {
		const node = { kind: "broadcast", input: 0 } as const;
		const result = evaluate(node, [counting([2, 1])], "float32", [2, 2, 3]);
		expect(numbers(result)).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]);
	});

	test("concat joins 64-bit integers along an inner axis", () => {
		const node = { kind: "concat", inputs: [0, 0], axis: 1 } as const;
		const operands = [int64([2, 1], [1n, 2n]), int64([2, 2], [3n, 4n, highest, 6n])];
		const result = evaluate(node, operands, "int64", [2, 3]);
		expect(bigints(result)).toEqual([1n, 3n, 4n, 2n, highest, 6n]);
	});

	test.each([
		["gather", { kind: "gather", data: 0, indices: 0, axis: 1 }, [2], [-1, 0], [2, 2], [2, 0, 5, 3]],
		[
			"gatherElements",
			{ kind: "gatherElements", data: 0, indices: 0, axis: 0 },
			[1, 3],
			[1, 0, -1],
			[1, 3],
			[3, 1, 5],
		],
		["gatherNd", { kind: "gatherNd", data: 0, indices: 0, batchAxes: 0 }, [2, 2], [0, 1, -1, 2], [2], [1, 5]],
		[
			"batched gatherNd",
			{ kind: "gatherNd", data: 0, indices: 0, batchAxes: 1 },
			[2, 1],
			[2, 0],
			[2],
			[2, 3],
		],
	] as const)("%s takes indices from either end", (_name, node, indexShape, indices, shape, expected) => {
		const operands = [counting([2, 3]), tensor("int64", indexShape, indices)];
		expect(numbers(evaluate(node, operands, "float32", shape))).toEqual(expected);
	});

	test("an index out of range is the caller's fault", () => {
		const operands = [counting([3]), tensor("int64", [1], [3])];
		const run = (): TensorData =>
			evaluate({ kind: "gather", data: 0, indices: 0, axis: 0 }, operands, "float32", [1]);
		expect(run).toThrow(expect.objectContaining({ code: "request.invalid" }));
	});
});

describe("reductions and scans", () => {
	test.each([
		["sum", "float32", 0],
		["product", "float32", 1],
		["max", "float32", Number.NEGATIVE_INFINITY],
		["min", "float32", Number.POSITIVE_INFINITY],
		["max", "int32", -2147483648],
		["min", "uint8", 255],
		["max", "bool", 0],
	] as const)("an empty %s of %s is its neutral element", (operator, dataType, expected) => {
		const node = { kind: "reduce", operator, input: 0, axes: [1], keepDimensions: true } as const;
		const result = evaluate(node, [tensor(dataType, [2, 0], [])], dataType, [2, 1]);
		expect(numbers(result)).toEqual([expected, expected]);
	});

	test("axes that are not neighbours", () => {
		const node = { kind: "reduce", operator: "sum", input: 0, axes: [0, 2], keepDimensions: false } as const;
		const result = evaluate(node, [counting([2, 3, 2])], "float32", [3]);
		expect(numbers(result)).toEqual([0 + 1 + 6 + 7, 2 + 3 + 8 + 9, 4 + 5 + 10 + 11]);
	});

	test.each([
		[false, false, [0, 1, 3, 6]],
		[true, false, [0, 0, 1, 3]],
		[false, true, [6, 6, 5, 3]],
		[true, true, [6, 5, 3, 0]],
	])("cumulative sum, exclusive %s, reverse %s", (exclusive, reverse, expected) => {
		const node = { kind: "cumulativeSum", input: 0, axis: 0, exclusive, reverse } as const;
		expect(numbers(evaluate(node, [counting([4])], "float32", [4]))).toEqual(expected);
	});
});

/** Row-major positions of a shape. */
function positionsOf(shape: Shape): number[][] {
	return shape.reduce<number[][]>(
		(all, extent) => all.flatMap((head) => Array.from({ length: extent }, (_, index) => [...head, index])),
		[[]],
	);
}

function elementAt(data: TensorData, position: readonly number[]): number {
	const lead = position.length - data.shape.length;
	const flat = data.shape.reduce(
		(sum, extent, axis) => sum * extent + (extent === 1 ? 0 : (position[axis + lead] ?? 0)),
		0,
	);
	return numbers(data)[flat] ?? Number.NaN;
}

describe("against the definition, element by element", () => {
	const extents = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 0, maxLength: 4 });

	test(`broadcasting arithmetic (seed ${seed})`, () => {
		const shapes = fc
			.tuple(extents, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), fc.nat(4), fc.nat(4))
			.map(([shape, units, leftDrop, rightDrop]) => {
				const narrow = (drop: number, from: number): number[] =>
					shape.map((extent, axis) => (units[axis + from] ? 1 : extent)).slice(Math.min(drop, shape.length));
				return [narrow(leftDrop, 0), narrow(rightDrop, 4)] as const;
			});
		fc.assert(
			fc.property(shapes, ([leftShape, rightShape]) => {
				const [left, right] = [counting(leftShape), counting(rightShape)];
				const shape = broadcastShapes(leftShape, rightShape) ?? [];
				const result = evaluate(
					{ kind: "binary", operator: "subtract", left: 0, right: 0 },
					[left, right],
					"float32",
					shape,
				);
				const expected = positionsOf(shape).map((at) => elementAt(left, at) - elementAt(right, at));
				expect(numbers(result)).toEqual(expected);
			}),
			{ seed, numRuns: 200 },
		);
	});

	test(`transposition (seed ${seed})`, () => {
		const cases = extents.chain((shape) =>
			fc.tuple(
				fc.constant(shape),
				fc.shuffledSubarray(
					shape.map((_, axis) => axis),
					{ minLength: shape.length },
				),
			),
		);
		fc.assert(
			fc.property(cases, ([shape, permutation]) => {
				const input = counting(shape);
				const outputShape = permutation.map((axis) => shape[axis] ?? 0);
				const result = evaluate(
					{ kind: "transpose", input: 0, permutation },
					[input],
					"float32",
					outputShape,
				);
				const expected = positionsOf(outputShape).map((at) => {
					const from = new Array<number>(shape.length);
					permutation.forEach((axis, index) => {
						from[axis] = at[index] ?? 0;
					});
					return elementAt(input, from);
				});
				expect(numbers(result)).toEqual(expected);
			}),
			{ seed, numRuns: 200 },
		);
	});

	test.each([
		[[], 1, 1, 1],
		[[], 3, 0, 2],
		[[2], 1, 5, 7],
		[[], 5, 67, 3],
		[[], 3, 130, 515],
		[[2, 3], 4, 6, 5],
	])("matrix products of batch %j, %d x %d x %d", (batch, m, k, n) => {
		const ramp = (shape: Shape): TensorData =>
			tensor(
				"float64",
				shape,
				Array.from({ length: elementCount(shape) }, (_, index) => (index % 17) - 8),
			);
		const [left, right] = [ramp([...batch, m, k]), ramp([...batch.slice(1), k, n])];
		const node = { kind: "matmul", left: 0, right: 0 } as const;
		const result = numbers(evaluate(node, [left, right], "float64", [...batch, m, n]));
		const [a, b] = [numbers(left), numbers(right)];
		const products = elementCount(batch);
		const rights = elementCount(batch.slice(1));
		for (let index = 0; index < products * m * n; index++) {
			const [product, row, column] = [Math.floor(index / (m * n)), Math.floor(index / n) % m, index % n];
			let sum = 0;
			for (let step = 0; step < k; step++) {
				sum +=
					(a[(product * m + row) * k + step] ?? 0) * (b[((product % rights) * k + step) * n + column] ?? 0);
			}
			expect(result[index]).toBe(sum);
		}
	});

	test("integer matrix products wrap", () => {
		const left = tensor("int32", [1, 2], [2147483647, 2]);
		const right = tensor("int32", [2, 1], [2, 3]);
		const node = { kind: "matmul", left: 0, right: 0 } as const;
		expect(numbers(evaluate(node, [left, right], "int32", [1, 1]))).toEqual([4]);
	});
});
