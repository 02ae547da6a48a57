// Magika (content type detection, Apache-2.0): the whole trained model with its islands as tuned kernels keeps every label
// that its makers published, at the published score.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { loadModel } from "#cli/load-model.ts";
import type { OptimizationView } from "#cli/optimization-view.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { type HybridModel, openHybridModel } from "#test/support/hybrid-model.ts";
import { outsideSuite } from "#test/support/outside-suites.ts";
import { numbersOf } from "#test/support/run-onnxruntime.ts";
import { type StackClient, startStackClient } from "#test/support/stack-client.ts";

const suite = outsideSuite("trained");
const fileOf = (name: string): string => join(suite ?? "", "magika", name);
const shapes = { unk__214: 1 };
const scoreTolerance = 1e-3;

const configSchema = z.object({
	beg_size: z.int(),
	mid_size: z.literal(0),
	end_size: z.int(),
	block_size: z.int(),
	padding_token: z.int(),
	medium_confidence_threshold: z.number(),
	target_labels_space: z.array(z.string()),
	thresholds: z.record(z.string(), z.number()),
	overwrite_map: z.record(z.string(), z.string()),
});
type Config = z.infer<typeof configSchema>;

const exampleSchema = z.object({
	prediction_mode: z.enum(["best_guess", "medium_confidence", "high_confidence"]),
	content_base64: z.string(),
	prediction: z.object({
		/** What the model says; "undefined" where the content is too short to ask it. */
		dl: z.string(),
		output: z.string(),
		score: z.number(),
		overwrite_reason: z.enum(["none", "low_confidence", "overwrite_map"]),
	}),
});
type Example = z.infer<typeof exampleSchema>;

interface Answer {
	readonly label: string;
	readonly score: number;
	readonly kernelsRun: number;
}

describe.skipIf(suite === null)("Magika standard_v3_3", () => {
	const config =
		suite === null ? null : configSchema.parse(JSON.parse(readText("standard_v3_3.config.json")));
	let folder: string;
	let client: StackClient;
	let view: OptimizationView;
	let answers: ReadonlyMap<string, Answer>;
	let examples: readonly Example[];

	beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), "kiln-magika-"));
		client = await startStackClient({
			dataFolder: join(folder, "data"),
			runnerEnvironment: { KILN_MEASURE_SHARE: "0.1" },
		});
		const kernels = join(folder, "kernels");
		const model = fileOf("standard_v3_3.onnx");
		view = await client.optimize(model, kernels, ["--effort", "quick", "--shape", "unk__214=1"]);
		const run = openHybridModel(readFileSync(model), shapes, kernels);
		examples = readExamples().filter(({ prediction }) => prediction.dl !== "undefined");
		answers = await askAll(run, config, examples);
	});
	afterAll(async () => {
		await client.stack.stop();
		rmSync(folder, { recursive: true, force: true });
	});

	test("no island fails, and some run as tuned kernels", () => {
		expect(view.islands.filter(({ error }) => error !== null)).toEqual([]);
		expect(view.islands.length).toBeGreaterThan(0);
		const published = view.islands.filter(({ verdict }) => verdict === "faster" || verdict === "tie");
		expect(published.length).toBeGreaterThan(0);
		expect(new Set([...answers.values()].map(({ kernelsRun }) => kernelsRun))).toEqual(
			new Set([published.length]),
		);
	});

	test("every published label is kept, with its score", () => {
		expect(examples.length).toBeGreaterThan(100);
		const kept = examples.map(({ content_base64, prediction }) => {
			const answer = answers.get(content_base64);
			const isNear = Math.abs((answer?.score ?? Number.NaN) - prediction.score) <= scoreTolerance;
			return { content: content_base64.slice(0, 40), label: answer?.label, isNear };
		});
		expect(kept).toEqual(
			examples.map(({ content_base64, prediction }) => ({
				content: content_base64.slice(0, 40),
				label: prediction.dl,
				isNear: true,
			})),
		);
	});

	test("the whole model keeps every label and score too, with operators in place of islands", async () => {
		const { wholeModel } = view;
		expect(wholeModel?.reason ?? "").toBe("");
		expect(wholeModel?.islandsReplaced.length).toBeGreaterThan(0);
		const model = await loadModel(join(folder, "kernels"));
		const whole = await askAll(
			async (inputs) => {
				const outputs = new Map(Object.entries(model.run(inputs)));
				return { outputs, kernelsRun: model.document.islands.length };
			},
			config,
			examples,
		);
		model.close();
		for (const { content_base64, prediction } of examples) {
			expect(whole.get(content_base64)?.label).toBe(prediction.dl);
			expect(Math.abs((whole.get(content_base64)?.score ?? Number.NaN) - prediction.score)).toBeLessThan(
				scoreTolerance,
			);
		}
	});

	test("every published decision follows from label and score: kept, overwritten, or not sure enough", () => {
		const decided = examples.map((example) => decide(config, example, answers.get(example.content_base64)));
		expect(decided).toEqual(examples.map(({ prediction }) => prediction.overwrite_reason));
	});
});

function readText(name: string): string {
	return readFileSync(fileOf(name), "utf8");
}

function readExamples(): readonly Example[] {
	const packed = readFileSync(fileOf("standard_v3_3-inference_examples_by_content.json.gz"));
	return z.array(exampleSchema).parse(JSON.parse(gunzipSync(packed).toString("utf8")));
}

/** By content: the same one is published once for each mode. */
async function askAll(
	run: HybridModel,
	config: Config | null,
	examples: readonly Example[],
): Promise<ReadonlyMap<string, Answer>> {
	const answers = new Map<string, Answer>();
	if (config === null) return answers;
	for (const { content_base64 } of examples) {
		if (answers.has(content_base64)) continue;
		const bytes = extractFeatures(config, Buffer.from(content_base64, "base64"));
		const { outputs, kernelsRun } = await run({ bytes });
		const [scores = []] = [...outputs].flatMap(([name, tensor]) =>
			name === "target_label" ? [numbersOf(tensor)] : [],
		);
		const score = Math.max(...scores);
		const label = config.target_labels_space[scores.indexOf(score)] ?? "";
		answers.set(content_base64, { label, score, kernelsRun });
	}
	return answers;
}

const whitespace = new Set([..." \t\n\r\v\f"].map((character) => character.charCodeAt(0)));

/**
 * The first bytes of the content's first block without leading white space, then the last bytes of its last block
 * without trailing white space, padded at the end and at the start.
 */
function extractFeatures(config: Config, content: Uint8Array): TensorData {
	const { beg_size, end_size, block_size, padding_token } = config;
	const first = [...content.subarray(0, block_size)];
	const last = [...content.subarray(Math.max(0, content.length - block_size))];
	const start = first.findIndex((byte) => !whitespace.has(byte));
	const end = last.findLastIndex((byte) => !whitespace.has(byte));
	const beginning = start < 0 ? [] : first.slice(start, start + beg_size);
	const ending = last.slice(Math.max(0, end + 1 - end_size), end + 1);
	const padding = (count: number): number[] => new Array<number>(count).fill(padding_token);
	const tokens = [
		...beginning,
		...padding(beg_size - beginning.length),
		...padding(end_size - ending.length),
		...ending,
	];
	return writeElements("int32", [1, tokens.length], Float64Array.from(tokens));
}

function decide(
	config: Config | null,
	{ prediction_mode: mode }: Example,
	answer: Answer | undefined,
): Example["prediction"]["overwrite_reason"] {
	if (config === null || answer === undefined) throw new Error("every example was asked");
	const { label, score } = answer;
	const medium = config.medium_confidence_threshold;
	const threshold = {
		best_guess: 0,
		medium_confidence: medium,
		high_confidence: config.thresholds[label] ?? medium,
	};
	const overwritten = config.overwrite_map[label];
	// What stands in for an uncertain text is `txt` itself.
	if (label === "txt") return "none";
	if (score < threshold[mode]) return "low_confidence";
	return overwritten === undefined ? "none" : "overwrite_map";
}
