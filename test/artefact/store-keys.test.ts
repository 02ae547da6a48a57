import { expect, test } from "vitest";
import { planKey } from "#shared/artefact/store-keys.ts";

const subject = { programDigest: "ab", target: "cpu-portable", threads: 2, effort: "max" } as const;

test.each([
	["float32-1e-3", "plans/ab/cpu-portable/max-t2-0.5.0.json"],
	["bfloat16-1e-2", "plans/ab/cpu-portable/max-t2-bfloat16-1e-2-0.5.0.json"],
] as const)("a plan of %s lies at %s: those of the default where they always did", (tolerance, place) => {
	expect(planKey({ ...subject, tolerance }, "0.5.0")).toBe(place);
});
