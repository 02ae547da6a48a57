import { describe, expect, test } from "vitest";
import { defaultBuilderLimits, GraphBuilder } from "#shared/onnx/graph-builder.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { ramp } from "#test/support/onnx-model.ts";

const builderWith = (...shapes: number[][]) => {
	const build = new GraphBuilder();
	return { build, values: shapes.map((shape, at) => build.input(`x${at}`, "float32", shape, "activation")) };
};

describe("folding", () => {
	test("computes what is known, and nothing that is not", () => {
		const { build, values } = builderWith([2]);
		const sum = build.binary("add", build.scalar(2, "int64"), build.scalar(3, "int64"));
		expect(build.constantNumbers(sum)).toEqual([5]);
		expect(build.constantNumbers(build.unary("exp", values[0] ?? -1))).toBeNull();
		expect(build.nodes.length).toBe(1);
	});
	test("never touches weights, and does not show their values", () => {
		const { build } = builderWith();
		const weight = build.weight(ramp([40, 40]), "w");
		expect(build.constantOf(weight)).toBeNull();
		build.transpose(weight, [1, 0]);
		expect(build.nodes.map((node) => node.kind)).toEqual(["transpose"]);
	});
	test("stops when its budget is spent and goes on as nodes", () => {
		const build = new GraphBuilder({ ...defaultBuilderLimits, foldedElementsMax: 100 });
		const constant = build.constant(ramp([32]));
		expect(build.constantOf(build.unary("exp", constant))).not.toBeNull();
		expect(build.constantOf(build.unary("exp", constant))).toBeNull();
	});
	test("leaves large broadcasts as they are", () => {
		const { build } = builderWith();
		expect(build.constantOf(build.broadcast(build.scalar(0, "float32"), [64]))).not.toBeNull();
		expect(build.constantOf(build.broadcast(build.scalar(0, "float32"), [1024, 1024]))).toBeNull();
	});
});

test("primitives that change nothing are not added", () => {
	const { build, values } = builderWith([2, 3]);
	const x = values[0] ?? -1;
	const same = [
		build.reshape(x, [2, 3]),
		build.transpose(x, [0, 1]),
		build.broadcast(x, [2, 3]),
		build.cast(x, "float32"),
		build.slice(x, [0, 0], [2, 3], [1, 1]),
		build.pad(x, [0, 0], [0, 0], "constant", null),
		build.concat([x], 0),
		build.reduce("sum", x, [], true),
	];
	expect(same.every((value) => value === x)).toBe(true);
	expect(build.nodes).toEqual([]);
});

test("equal scalars are one value, but 0 and -0 are two", () => {
	const { build } = builderWith();
	expect(build.scalar(2, "float32")).toBe(build.scalar(2, "float32"));
	expect(build.scalar(2, "float32")).not.toBe(build.scalar(2, "float16"));
	expect(build.scalar(0, "float32")).not.toBe(build.scalar(-0, "float32"));
});

describe("operands that do not fit are refused", () => {
	type Act = (build: GraphBuilder, x: number, y: number) => unknown;
	test.each<[string, string, Act]>([
		["shapes that do not broadcast", "model.shape_invalid", (build, x, y) => build.binary("add", x, y)],
		["inner dimensions that differ", "model.shape_invalid", (build, x) => build.matmul(x, x)],
		["a reshape to other elements", "model.shape_invalid", (build, x) => build.reshape(x, [7])],
		["a negative extent", "model.shape_invalid", (build, x) => build.reshape(x, [-2, -3])],
		["an axis twice", "model.op_attribute_invalid", (build, x) => build.reduce("sum", x, [0, -2], true)],
		["an axis outside", "model.op_attribute_invalid", (build, x) => build.reduce("sum", x, [2], true)],
		["a permutation with a repeat", "model.shape_invalid", (build, x) => build.transpose(x, [0, 0])],
		["a broadcast that drops", "model.shape_invalid", (build, x) => build.broadcast(x, [3])],
		["a slice outside", "model.shape_invalid", (build, x) => build.slice(x, [0, 1], [2, 3], [1, 1])],
		["a step of zero", "model.shape_invalid", (build, x) => build.slice(x, [0, 0], [2, 3], [1, 0])],
		[
			"a pad to less than nothing",
			"model.shape_invalid",
			(build, x) => build.pad(x, [-3, 0], [0, 0], "constant", null),
		],
		[
			"types that differ",
			"model.type_unsupported",
			(build, x) => build.binary("add", x, build.scalar(1, "int64")),
		],
		["a logical operator on numbers", "model.type_unsupported", (build, x) => build.binary("and", x, x)],
		["a tensor of 4 TB", "model.limits_exceeded", (build, x) => build.broadcast(x, [2 ** 40, 2, 3])],
		["positions without end", "model.limits_exceeded", (build) => build.positions(2 ** 30)],
	])("%s: %s", (_, code, act) => {
		const { build, values } = builderWith([2, 3], [4, 5]);
		expect(() => act(build, values[0] ?? -1, values[1] ?? -1)).toThrow(expect.objectContaining({ code }));
	});
	test("more primitives than allowed", () => {
		const build = new GraphBuilder({ ...defaultBuilderLimits, nodesMax: 2 });
		let value = build.input("x", "float32", [2], "activation");
		const extend = (): void => {
			for (let step = 0; step < 3; step++) value = build.unary("exp", value);
		};
		expect(extend).toThrow(expect.objectContaining({ code: "model.limits_exceeded" }));
	});
});

test("a value is named once, by the model's first name for it", () => {
	const { build, values } = builderWith([2]);
	const y = build.unary("exp", values[0] ?? -1);
	build.nameValue(y, "first");
	build.nameValue(y, "second");
	build.nameValue(values[0] ?? -1, "other");
	expect([build.value(y).name, build.value(values[0] ?? -1).name]).toEqual(["first", "x0"]);
});

test("integers written from numbers wrap, and what is not finite is 0", () => {
	const tensor = writeElements("int64", [3], [Number.NaN, -2.7, Number.POSITIVE_INFINITY]);
	expect(Array.from(readElements(tensor))).toEqual([0, -2, 0]);
});
