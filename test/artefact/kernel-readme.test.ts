import { expect, test } from "vitest";
import { kernelReadme } from "#shared/artefact/kernel-readme.ts";
import { manifestFixture } from "./manifest-fixture.ts";

test.each([
	["float32-1e-3", "1.0e-3", false],
	["bfloat16-1e-2", "1.0e-2", true],
] as const)("a kernel's page says what %s allows", (tolerance, errorMax, isRounded) => {
	const { components } = manifestFixture();
	const text = kernelReadme(manifestFixture({ components: { ...components, tolerance }, errorMax: 2.5e-3 }));
	expect(text).toContain(`Tolerance \`${tolerance}\`: ${errorMax}`);
	expect(text).toContain("2.5e-3 of the largest value");
	expect(text.includes("rounded to bfloat16")).toBe(isRounded);
});
