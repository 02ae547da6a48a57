import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareModels } from "#cli/compare-models.ts";
import { importModel } from "#shared/onnx/import-model.ts";

const suite = join(process.env.OUTSIDE_SUITES ?? "/nonexistent", "taso-onnx");
const isThere = existsSync(suite);
if (!isThere)
	console.warn("compare-models: OUTSIDE_SUITES has no taso-onnx; the published rules are skipped");

interface Pair {
	readonly src: string;
	readonly other: string;
	readonly verdict: "equal" | "not_equal";
	readonly why: string;
}

function compareFiles(a: string, b: string) {
	const [left, right] = [a, b].map(
		(file) => importModel(readFileSync(join(suite, file)), { windows: "primitives" }).graph,
	);
	if (left === undefined || right === undefined) throw new Error("two graphs were imported");
	return compareModels(left, right, 1);
}

describe.skipIf(!isThere)("published rewrite rules", () => {
	test("no wrong variant is called equal and no rule different", () => {
		const pairs: readonly Pair[] = JSON.parse(readFileSync(join(suite, "manifest.json"), "utf8")).pairs;
		const wrong: string[] = [];
		let proven = 0;
		let equalPairs = 0;
		for (const { src, other, verdict, why } of pairs) {
			if (verdict === "equal") equalPairs++;
			const found = compareFiles(src, other);
			if (found.verdict === "equal" && verdict === "equal") proven++;
			const contradicts = verdict === "equal" ? found.verdict === "different" : found.verdict === "equal";
			if (contradicts) wrong.push(`${src} ${other}: ${why}: ${found.verdict}: ${found.reason}`);
		}
		console.log(`published rules: ${proven} of ${equalPairs} equal pairs proven, ${pairs.length} pairs`);
		expect(wrong).toEqual([]);
		expect(proven).toBeGreaterThanOrEqual(0.98 * equalPairs);
	});
});
