import { describe, expect, test } from "vitest";
import type { KernelManifest } from "#shared/artefact/manifest.ts";
import { promote } from "#shared/artefact/promotion.ts";
import { manifestFixture } from "./manifest-fixture.ts";

const speedup = (low: number, high: number): KernelManifest["speedup"] => ({
	median: (low + high) / 2,
	low,
	high,
});
const baseline = { verdict: "baseline", speedup: speedup(1, 1), files: {} } as const;
const inconclusive = { verdict: "inconclusive", files: {} } as const;

describe("promotion", () => {
	test.each<[string, Partial<KernelManifest>, Partial<KernelManifest>]>([
		["a kernel over the baseline", baseline, {}],
		["a kernel over a tie", { verdict: "tie" }, {}],
		["anything conclusive over an inconclusive answer", inconclusive, baseline],
		["an interval wholly above the other", { speedup: speedup(1.5, 1.6) }, { speedup: speedup(1.7, 1.8) }],
	])("puts %s", (_, old, next) => {
		const newcomer = manifestFixture(next);
		expect(promote(manifestFixture(old), newcomer)).toEqual({ kind: "replace", manifest: newcomer });
	});

	test.each<[string, Partial<KernelManifest>, Partial<KernelManifest>]>([
		["a worse verdict", {}, baseline],
		["an overlapping interval", { speedup: speedup(1.5, 1.6) }, { speedup: speedup(1.55, 1.8) }],
		["the same again", {}, {}],
		["another key", baseline, { key: "00".repeat(32) }],
		["another namespace", baseline, { namespace: "elsewhere" }],
		["an inconclusive answer with more effort", {}, { ...inconclusive, effort: "max" }],
	])("keeps what is there against %s", (_, old, next) => {
		expect(promote(manifestFixture(old), manifestFixture(next)).kind).toBe("keep");
	});

	test("more effort that found nothing better leaves the kernel and raises its effort", () => {
		const old = manifestFixture({ effort: "quick" });
		const promotion = promote(old, manifestFixture({ ...baseline, effort: "max" }));
		expect(promotion).toEqual({ kind: "replace", manifest: { ...old, effort: "max" } });
	});

	test("never lowers the effort, and repeating a promotion changes nothing", () => {
		const old = manifestFixture({ ...baseline, effort: "max" });
		const promotion = promote(old, manifestFixture({ effort: "quick" }));
		if (promotion.kind !== "replace") throw new Error("a better kernel must be promoted");
		expect(promotion.manifest.effort).toBe("max");
		expect(promote(promotion.manifest, manifestFixture({ effort: "quick" })).kind).toBe("keep");
	});
});
