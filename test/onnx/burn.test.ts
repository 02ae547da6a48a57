import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OptimizeError } from "#shared/fault/optimize-error.ts";
import { checkGraph } from "#shared/graph/check.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { outsideSuite } from "#test/support/outside-suites.ts";

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
				checkGraph(model.graph);
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
