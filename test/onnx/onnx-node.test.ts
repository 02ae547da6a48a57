import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareTensors } from "#shared/graph/compare.ts";
import { type CaseOutcome, runOnnxCase } from "#test/support/onnx-case.ts";
import { outsideSuite } from "#test/support/outside-suites.ts";

/** The suite's own tolerance. */
const tolerance = { relative: 1e-3, absolute: 1e-7 };
/** An operator and its expansion are two programs for one function, both run in float64: only constants differ. */
const pairTolerance = { relative: 1e-4, absolute: 1e-6 };
/** Share of the gate that must be right; the rest must be refused by name. */
const rightShareMin = 0.95;

interface ManifestEntry {
	readonly name: string;
	readonly path: string;
	readonly family: string;
	readonly expanded: boolean;
	readonly tier: "core" | "fused-op" | "extra";
	readonly ort_1_30: string;
}

const suite = outsideSuite("onnx-node");

describe.skipIf(suite === null)("ONNX's node tests", () => {
	const root = suite ?? "";
	const read = (): readonly ManifestEntry[] =>
		suite === null ? [] : JSON.parse(readFileSync(join(root, "manifest.json"), "utf8")).tests;
	const outcomes = new Map<ManifestEntry, CaseOutcome>();
	for (const entry of read()) outcomes.set(entry, runOnnxCase(join(root, entry.path), tolerance));
	const gate = [...outcomes].filter(([entry]) => entry.tier !== "extra" && entry.ort_1_30 === "pass");
	const named = (kind: CaseOutcome["kind"], among = [...outcomes]): string[] =>
		among.flatMap(([{ name }, outcome]) =>
			outcome.kind === kind ? `${name}: ${"reason" in outcome ? outcome.reason : ""}` : [],
		);

	test("no case anywhere is silently wrong, and none crashes the importer or the interpreter", () => {
		// Cases on which ONNX Runtime itself differs from the stored outputs decide nothing.
		const decided = [...outcomes].filter(([{ ort_1_30 }]) => ort_1_30 !== "mismatch");
		expect(named("wrong", decided)).toEqual([]);
		expect(named("crashed")).toEqual([]);
	});

	test(`of those in scope that ONNX Runtime passes, ${100 * rightShareMin} % are right and the rest refused`, () => {
		const right = named("right", gate).length;
		const refused = named("refused", gate);
		console.info(
			`onnx-node: ${right} of ${gate.length} right, ${refused.length} refused; all tiers: ${named("right").length} of ${outcomes.size} right`,
		);
		expect(right + refused.length).toBe(gate.length);
		expect(right / gate.length).toBeGreaterThanOrEqual(rightShareMin);
	});

	test("an operator and its expansion into simpler ones give the same outputs", () => {
		const rightOutputs = [...outcomes].flatMap(([entry, outcome]) =>
			outcome.kind === "right" ? [{ entry, outputs: outcome.outputs }] : [],
		);
		const whole = new Map(
			rightOutputs.filter(({ entry }) => !entry.expanded).map((found) => [found.entry.family, found]),
		);
		let pairs = 0;
		for (const { entry, outputs } of rightOutputs) {
			const partner = entry.expanded ? whole.get(entry.family) : undefined;
			if (partner === undefined) continue;
			pairs++;
			for (const [index, output] of outputs.entries()) {
				const expected = partner.outputs[index];
				// 16-bit expansions round between their nodes wherever they cast.
				if (expected === undefined || output.dataType !== "float32") continue;
				const { firstDifference } = compareTensors(output, expected, pairTolerance);
				expect({ name: entry.name, firstDifference }).toEqual({ name: entry.name, firstDifference: null });
			}
		}
		console.info(`onnx-node: ${pairs} pairs of an operator and its expansion agree`);
		expect(pairs).toBeGreaterThan(100);
	});
});
