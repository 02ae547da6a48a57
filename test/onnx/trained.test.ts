import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkGraph } from "#shared/graph/check.ts";
import { importModel } from "#shared/onnx/import-model.ts";
import { stripWeights } from "#shared/onnx/strip-weights.ts";
import { outsideSuite } from "#test/support/outside-suites.ts";

const suite = outsideSuite("trained");

describe.skipIf(suite === null)("trained models are imported as far as their operators are", () => {
	const rows: [file: string, shapes: Record<string, number>, refused: string[]][] = [
		["magika/standard_v3_3.onnx", { unk__214: 1 }, ["Conv", "GlobalMaxPool"]],
		["openwakeword/hello_deepa.onnx", {}, []],
		["blazeface/face_detection_front_128x128_barracuda.onnx", {}, ["Conv", "MaxPool"]],
	];
	test.each(rows)("%s", (file, shapes, refused) => {
		const bytes = readFileSync(join(suite ?? "", file));
		const { graph, refusals } = importModel(bytes, { shapes });
		checkGraph(graph);
		expect([...new Set(refusals.map((refusal) => refusal.operator))].sort()).toEqual(refused);
		expect(graph.nodes.length).toBeGreaterThan(20);
		expect(importModel(stripWeights(bytes).bytes, { shapes }).graph.nodes.length).toBe(graph.nodes.length);
	});

	test("control flow is refused by name, and its bodies do not leave with the stripped model", () => {
		const bytes = readFileSync(join(suite ?? "", "silero/silero_vad_v5.onnx"));
		const { bytes: stripped } = stripWeights(bytes);
		expect(stripped.length).toBeLessThan(bytes.length / 100);
		for (const file of [bytes, stripped]) {
			expect(importModel(file).refusals[0]).toMatchObject({ operator: "If", code: "model.op_unsupported" });
		}
	});
});
