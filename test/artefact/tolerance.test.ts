import { describe, expect, test } from "vitest";
import {
	defaultTolerance,
	forbiddenProductType,
	kernelTolerances,
	toleranceIds,
} from "#shared/artefact/tolerance.ts";
import { plainSchedule } from "#test/support/whole-program.ts";

describe("tolerances", () => {
	test.each([
		["float32-1e-3", 1e-3, ["float32"]],
		["bfloat16-1e-2", 1e-2, ["float32", "bfloat16"]],
	] as const)("%s allows errors of %d, and products of %j", (id, errorMax, productTypes) => {
		expect(kernelTolerances[id]).toEqual({ errorMax, productTypes });
	});

	test("what nobody chose allows the least: no other bound is smaller, and products are not rounded", () => {
		const { errorMax, productTypes } = kernelTolerances[defaultTolerance];
		expect(errorMax).toBe(Math.min(...toleranceIds.map((id) => kernelTolerances[id].errorMax)));
		expect(productTypes).toEqual(["float32"]);
	});

	test("a schedule is refused by the first of its kernels that rounds too much", () => {
		const kernels = [plainSchedule, { ...plainSchedule, productType: "bfloat16" as const }];
		expect(forbiddenProductType({ kernels }, "float32-1e-3")).toBe("bfloat16");
		expect(forbiddenProductType({ kernels }, "bfloat16-1e-2")).toBeNull();
		expect(forbiddenProductType({ kernels: kernels.slice(0, 1) }, "float32-1e-3")).toBeNull();
	});
});
