import { describe, expect, test } from "vitest";
import { kernelCacheKey } from "#shared/artefact/cache-key.ts";
import { canonicalJson } from "#shared/artefact/canonical-json.ts";
import type { KeyComponents } from "#shared/artefact/manifest.ts";
import { defaultTolerance } from "#shared/artefact/tolerance.ts";
import { AssertionError } from "#shared/fault/assert.ts";

const components: KeyComponents = {
	program: "a".repeat(64),
	target: "cpu-x86-64-v3",
	threads: 1,
	tolerance: "float32-1e-3",
	version: "0.1.0",
};

describe("kernelCacheKey", () => {
	test("is one digest for ever for fixed components of the default tolerance: caches outlive upgrades", () => {
		const digest = "18371be7d246638d0e6ed4623782a13135b565b100ac0a0a2daa9bd49bb32afa";
		expect(kernelCacheKey({ ...components, tolerance: defaultTolerance })).toBe(digest);
	});

	test.each<Partial<KeyComponents>>([
		{ program: "b".repeat(64) },
		{ target: "cpu-x86-64-v4" },
		{ threads: 2 },
		{ tolerance: "bfloat16-1e-2" },
		{ version: "0.1.1" },
	])("differs when a component differs: %o", (change) => {
		expect(kernelCacheKey({ ...components, ...change })).not.toBe(kernelCacheKey(components));
	});
});

describe("canonicalJson", () => {
	test("does not depend on the order of members and leaves out what is undefined", () => {
		expect(canonicalJson({ b: 1, a: [1.5, "x", null, true], c: undefined })).toBe(
			'{"a":[1.5,"x",null,true],"b":1}',
		);
	});

	test.each([Number.NaN, Number.POSITIVE_INFINITY, () => 1])(
		"refuses %s, which has no JSON form",
		(value) => {
			expect(() => canonicalJson({ value })).toThrow(AssertionError);
		},
	);
});
