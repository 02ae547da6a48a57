import { describe, expect, test } from "vitest";
import { compareTensors } from "#shared/graph/compare.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";

const tolerance = { relative: 1e-3, absolute: 1e-7 };

function compare(actual: number[], expected: number[], dataType: DataType = "float64") {
	return compareTensors(
		writeElements(dataType, [actual.length], actual),
		writeElements(dataType, [expected.length], expected),
		tolerance,
	);
}

describe("compareTensors", () => {
	test.each([
		["the same numbers", [1, -2, 0], [1, -2, 0], true],
		["NaN with NaN", [Number.NaN], [Number.NaN], true],
		["NaN with a number", [Number.NaN], [1], false],
		["a number with NaN", [1], [Number.NaN], false],
		["infinities of one sign", [Number.POSITIVE_INFINITY], [Number.POSITIVE_INFINITY], true],
		["infinities of two signs", [Number.NEGATIVE_INFINITY], [Number.POSITIVE_INFINITY], false],
		["a number with infinity", [1e300], [Number.POSITIVE_INFINITY], false],
		["within the relative tolerance", [1000.9], [1000], true],
		["beyond the relative tolerance", [1001.1], [1000], false],
		["within the absolute tolerance of zero", [9e-8], [0], true],
		["beyond the absolute tolerance of zero", [2e-7], [0], false],
		["zeros of two signs", [-0], [0], true],
		["nothing with nothing", [], [], true],
	])("%s", (_name, actual, expected, equal) => {
		expect(compare(actual, expected).equal).toBe(equal);
	});

	test("integers must be equal", () => {
		expect(compare([100000], [100001], "int64").equal).toBe(false);
		expect(compare([100000], [100001], "int32").equal).toBe(false);
	});

	test("reports the largest differences and the first element beyond the tolerance", () => {
		expect(compare([1.0001, 5, 4, 30], [1, 4, 8, 10])).toEqual({
			equal: false,
			maxAbs: 20,
			maxRel: 2,
			firstDifference: { index: 1, actual: 5, expected: 4 },
		});
	});

	test("shapes that differ are the caller's fault", () => {
		expect(() => compare([1], [1, 2])).toThrow(expect.objectContaining({ code: "request.invalid" }));
	});
});
