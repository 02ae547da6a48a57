import { describe, expect, test } from "vitest";
import { defaultTolerance, kernelTolerances, toleranceIds } from "#shared/artefact/tolerance.ts";

describe("tolerances", () => {
	test.each([
		["float32-1e-3", 1e-3, false],
		["bfloat16-1e-2", 1e-2, true],
	] as const)("%s allows errors of %d, and products of bfloat16: %s", (id, errorMax, allowsBrainProducts) => {
		expect(kernelTolerances[id]).toEqual({ errorMax, allowsBrainProducts });
	});

	test("what nobody chose allows the least: no other bound is smaller, and products are exact", () => {
		const { errorMax, allowsBrainProducts } = kernelTolerances[defaultTolerance];
		expect(errorMax).toBe(Math.min(...toleranceIds.map((id) => kernelTolerances[id].errorMax)));
		expect(allowsBrainProducts).toBe(false);
	});
});
