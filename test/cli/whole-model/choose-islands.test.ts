// Which operators a model keeps: as a rule, and by the clock.

import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CompareModels, chooseIslands, isBetweenConvolutions } from "#cli/whole-model/choose-islands.ts";
import { type ModelMeasurement, measureModels } from "#cli/whole-model/measure-models.ts";
import type { PlannedOperator } from "#cli/whole-model/plan-operators.ts";
import { readSourceModel, type SourceModel } from "#cli/whole-model/read-source-model.ts";
import { writeWholeModel } from "#cli/whole-model/write-whole-model.ts";
import type { SpeedVerdict } from "#shared/artefact/manifest.ts";
import { kernelTolerances } from "#shared/artefact/tolerance.ts";
import { decodeModelDocument } from "#shared/protocol/model-document.ts";
import { findToolchain, type Toolchain } from "#test/gpu-runner/toolchain-fixture.ts";
import { tinyModel } from "#test/support/onnx-model.ts";
import { denseModel, node, weights } from "./model-cases.ts";
import { noBindings, tuneModel } from "./tuned-folder.ts";

let toolchain: Toolchain;
let root: string;
let convolutions: SourceModel;
beforeAll(async () => {
	toolchain = await findToolchain();
	root = toolchain.folder();
	const path = join(root, "convolutions.onnx");
	writeFileSync(path, convolutionModel());
	convolutions = await readSourceModel(path, noBindings);
});
afterAll(() => rmSync(root, { recursive: true }));

/** Conv a -> Tanh·Sigmoid b -> Conv c -> Softmax y. */
function convolutionModel(): Uint8Array {
	return tinyModel({
		nodes: [
			node("Conv", ["x", "filter"], "a", { pads: [1, 1, 1, 1] }),
			node("Tanh", ["a"], "curve"),
			node("Sigmoid", ["curve"], "b"),
			node("Conv", ["b", "filter"], "c", { pads: [1, 1, 1, 1] }),
			node("Softmax", ["c"], "y"),
		],
		inputs: { x: [1, 3, 8, 8] },
		outputs: { y: [1, 3, 8, 8] },
		initializers: { filter: weights(1, [3, 3, 3, 3]) },
	});
}

const operator = (island: number, from: string, to: string): PlannedOperator => ({
	island,
	program: String(island).repeat(64),
	operator: `Kernel_${island}`,
	sources: [island],
	operands: [{ kind: "value", input: 0, name: from, type: ["float32", [1]] }],
	results: [{ name: to, type: ["float32", [1]] }],
});
const between = operator(0, "a", "b");
const behind = operator(1, "c", "y");
const elsewhere = operator(2, "p", "q");

const measured = (verdict: SpeedVerdict, errorMax = 0): ModelMeasurement => ({
	kind: "measured",
	verdict,
	speedup: { median: 1, low: 1, high: 1 },
	errorMax,
});
const named = (operators: readonly PlannedOperator[] | null): string =>
	operators === null ? "original" : operators.map(({ island }) => island).join("+");
/** Answers by `before>after`; everything else is slower. */
const comparing =
	(answers: Readonly<Record<string, ModelMeasurement>>, asked: string[] = []): CompareModels =>
	async (before, after) => {
		const question = `${named(before)}>${named(after)}`;
		asked.push(question);
		return answers[question] ?? measured("baseline");
	};

const choose = (
	planned: readonly PlannedOperator[],
	gains: ReadonlyMap<number, number>,
	compare: CompareModels,
	errorMaxAllowed = 1e-3,
): ReturnType<typeof chooseIslands> => chooseIslands(convolutions, planned, gains, errorMaxAllowed, compare);

describe("operators of a model", () => {
	test("between convolutions are those that read what one makes and make what one reads", () => {
		expect(isBetweenConvolutions(convolutions, between)).toBe(true);
		expect(isBetweenConvolutions(convolutions, behind)).toBe(false);
		expect(isBetweenConvolutions(convolutions, elsewhere)).toBe(false);
	});

	test("all stay when the whole is faster", async () => {
		const compare = comparing({ "original>1+2": measured("faster") });
		const chosen = await choose([behind, elsewhere], new Map(), compare);
		expect(named(chosen.operators)).toBe("1+2");
	});

	test("between convolutions go when the model is not faster with them, though the whole were", async () => {
		const answers = { "original>0+1": measured("faster"), "original>1": measured("faster") };
		const chosen = await choose([between, behind], new Map(), comparing(answers));
		expect(named(chosen.operators)).toBe("1");
	});

	test("between convolutions stay when the model is faster with them", async () => {
		const answers = { "1>0+1": measured("faster"), "original>0+1": measured("tie") };
		const chosen = await choose([between, behind], new Map(), comparing(answers));
		expect(named(chosen.operators)).toBe("0+1");
	});

	test("go from the one that gains least on, until the whole wins", async () => {
		const gains = new Map([
			[1, 50],
			[2, 900],
		]);
		const asked: string[] = [];
		const compare = comparing({ "original>2": measured("tie") }, asked);
		const chosen = await choose([behind, elsewhere], gains, compare);
		expect(named(chosen.operators)).toBe("2");
		expect(asked).toEqual(["original>1+2", "original>2"]);
	});

	test.each([
		[1e-3, ""],
		[1e-2, "1+2"],
	])(
		"with which outputs differ by 4e-3 stay where %d is allowed, and not where less is",
		async (allowed, kept) => {
			const compare = async () => measured("faster", 4e-3);
			const { operators } = await choose([behind, elsewhere], new Map(), compare, allowed);
			expect(named(operators)).toBe(kept);
		},
	);

	test.each<[string, ModelMeasurement]>([
		["slower", measured("baseline")],
		["faster and wrong", measured("faster", 0.01)],
		["too noisy to tell", measured("inconclusive")],
		["not to be loaded", { kind: "failed", reason: "no" }],
	])("all go when the model is %s whatever it keeps", async (_, answer) => {
		const chosen = await choose([behind, elsewhere], new Map(), async () => answer);
		expect(chosen).toEqual({ operators: [], measurement: answer });
	});
});

describe("the comparison in a process of its own", () => {
	const write = (name: string, bytes: Uint8Array): string => {
		const path = join(root, name);
		writeFileSync(path, bytes);
		return path;
	};
	const compare = (original: string, model: string): Promise<ModelMeasurement> =>
		measureModels({
			runtime: toolchain.runtime,
			threads: 1,
			original,
			originalLibrary: null,
			model,
			library: null,
			budgetMilliseconds: 100,
		});

	test("sees no difference between a model and itself", async () => {
		const path = write("same.onnx", denseModel(1));
		const answer = await compare(path, path);
		expect(answer).toMatchObject({ kind: "measured", errorMax: 0 });
	});

	test("sees other weights", async () => {
		const answer = await compare(write("first.onnx", denseModel(1)), write("second.onnx", denseModel(5)));
		expect(answer.kind === "measured" && answer.errorMax).toBeGreaterThan(0.01);
	});

	test("fails with the runtime's words for what is no model", async () => {
		const answer = await compare(
			write("whole.onnx", denseModel(1)),
			write("none.onnx", Uint8Array.of(1, 2, 3)),
		);
		expect(answer).toMatchObject({ kind: "failed", reason: expect.stringMatching(/ONNX Runtime/) });
	});

	test("sees that a model forty times as large is slower", async () => {
		const [small, large] = [write("small.onnx", stacked(1)), write("large.onnx", stacked(40))];
		expect(await compare(small, large)).toMatchObject({ verdict: "baseline" });
		expect(await compare(large, small)).toMatchObject({ verdict: "faster" });
	});
});

/** `count` products behind one another. */
function stacked(count: number): Uint8Array {
	return tinyModel({
		nodes: Array.from({ length: count }, (_, at) =>
			node("MatMul", [at === 0 ? "x" : `v${at}`, "w"], at === count - 1 ? "y" : `v${at + 1}`),
		),
		inputs: { x: [64, 64] },
		outputs: { y: [64, 64] },
		initializers: { w: weights(1, [64, 64]) },
	});
}

test.each(["float32-1e-3", "bfloat16-1e-2"] as const)(
	"a model's document names the tolerance that it was asked for: %s",
	async (tolerance) => {
		const { request } = await tuneModel(toolchain, join(root, tolerance), denseModel(1));
		const measure = async () => measured("faster", kernelTolerances[tolerance].errorMax);
		const view = await writeWholeModel({ ...request, tolerance, measure });
		expect(view.verdict).toBe("faster");
		const text = readFileSync(join(request.directory, "model.json"), "utf8");
		expect(decodeModelDocument(text).tolerance).toBe(tolerance);
	},
);

describe("a model that is kept as it is", () => {
	test("leaves no file behind, not even of a call before, and says why", async () => {
		const tuned = await tuneModel(toolchain, join(root, "kept"), denseModel(1));
		const first = await writeWholeModel(tuned.request);
		expect(first.file).not.toBeNull();
		const view = await writeWholeModel({ ...tuned.request, measure: async () => measured("baseline") });
		expect(view).toMatchObject({
			verdict: "kept",
			file: null,
			library: null,
			weights: null,
			islandsReplaced: [],
		});
		expect(view.reason).toMatch(/not faster/);
		expect(readdirSync(tuned.request.directory)).toEqual(["island-0"]);
	});

	test.each(["model.json", "model.h"])("is not written over a %s of somebody else's", async (name) => {
		const tuned = await tuneModel(toolchain, join(root, `foreign-${name}`), denseModel(1));
		const path = join(tuned.request.directory, name);
		writeFileSync(path, '{"mine": true}');
		await expect(writeWholeModel(tuned.request)).rejects.toMatchObject({ code: "request.invalid" });
		expect(readFileSync(path, "utf8")).toBe('{"mine": true}');
	});
});
