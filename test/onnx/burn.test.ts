import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { nodeOperands } from "#shared/graph/graph.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import type { ImportedModel } from "#shared/onnx/import-options.ts";
import { outsideSuite } from "#test/support/outside-suites.ts";

/** Tells that every value has one definition before its first use: what every later stage relies on. */
function expectWellFormed({ graph }: ImportedModel): void {
	const defined = new Set<number>([...graph.inputs.map((input) => input.value), ...graph.constants.keys()]);
	for (const node of graph.nodes) {
		expect(nodeOperands(node).filter((value) => !defined.has(value))).toEqual([]);
		expect(defined.has(node.output)).toBe(false);
		defined.add(node.output);
	}
	expect(graph.outputs.filter((output) => !defined.has(output.value))).toEqual([]);
	expect(defined.size).toBe(graph.values.length);
}

const suite = outsideSuite("burn-onnx");

describe.skipIf(suite === null)("models of another importer's tests", () => {
	const directory = suite ?? "";
	const manifest =
		suite === null
			? { cases: [] }
			: (JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8")) as { cases: { file: string }[] });

	test("all are imported, refused by named nodes, or answered with a coded error", () => {
		const answers = { whole: 0, partial: 0, error: 0 };
		for (const { file } of manifest.cases) {
			try {
				const model = importModel(readFileSync(join(directory, file)));
				expectWellFormed(model);
				for (const refusal of model.refusals) expect(refusal.reason.length).toBeGreaterThan(0);
				answers[model.refusals.length > 0 ? "partial" : "whole"]++;
			} catch (fault) {
				if (!(fault instanceof OptimizeError))
					throw new Error(`${file} crashes the importer`, { cause: fault });
				answers.error++;
			}
		}
		console.info(`burn-onnx: ${JSON.stringify(answers)}`);
		expect(answers.whole).toBeGreaterThan(answers.partial + answers.error);
	});
});
