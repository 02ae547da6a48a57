// Verdicts that hold for some inputs only say for which.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compareModels, type ModelComparison } from "#cli/compare-models.ts";
import { importPair } from "#cli/import-pair.ts";
import { writeTensorProto } from "#shared/onnx/tensor-proto.ts";
import {
	type WrittenAttribute,
	type WrittenNode,
	writeModelProto,
	writeNodeProto,
	writeValueInfo,
} from "#shared/onnx/write-proto.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import type { Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { runKiln } from "#test/support/kiln-process.ts";

interface Sketch {
	readonly inputs: readonly (readonly [name: string, DataType, Shape])[];
	readonly output: readonly [DataType, Shape];
	/** The last one gives the output `y`. */
	readonly nodes: readonly (readonly [
		output: string,
		operator: string,
		inputs: readonly string[],
		attributes?: Readonly<Record<string, WrittenAttribute>>,
	])[];
	readonly constants?: Readonly<Record<string, TensorData>>;
}

function modelOf({ inputs, output, nodes, constants = {} }: Sketch): Uint8Array {
	const written = nodes.map(([name, operator, operands, attributes = {}]): WrittenNode => {
		return { operator, inputs: operands, outputs: [name], attributes };
	});
	return writeModelProto({
		irVersion: 10,
		opsets: new Map([["", 22]]),
		graphName: "sketch",
		nodes: written.map(writeNodeProto),
		initializers: Object.entries(constants).map(([name, data]) => writeTensorProto(name, data)),
		inputs: inputs.map((input) => writeValueInfo(...input)),
		outputs: [writeValueInfo("y", ...output)],
	});
}

function compare(left: Sketch, right: Sketch, stored: readonly TensorData[] = []): ModelComparison {
	const files = stored.map((tensor, at) => ({ file: `input_${at}.pb`, name: "", tensor }));
	const pair = importPair([modelOf(left), modelOf(right)], {}, files);
	const domains = { left: pair.left.domains, right: pair.right.domains };
	const compared = compareModels(pair.left.graph, pair.right.graph, 1, domains);
	return { ...compared, given: [...pair.given, ...compared.given] };
}

const rows = 3;
const classes = 4;
const loss = {
	inputs: [
		["scores", "float32", [rows, classes]],
		["target", "int64", [rows]],
	],
	output: ["float32", [rows]],
} satisfies Partial<Sketch>;
const int64 = (...elements: number[]): TensorData => writeElements("int64", [elements.length], elements);

const negativeLogLikelihood = (ignored: number | null): Sketch => ({
	...loss,
	nodes: [
		[
			"y",
			"NegativeLogLikelihoodLoss",
			["scores", "target"],
			{ reduction: "none", ...(ignored === null ? {} : { ignore_index: ignored }) },
		],
	],
});
/** -scores[target] by a gather; `shift` is added to the target first. */
const gathered = (shift = 0, last: "Neg" | "Identity" = "Neg"): Sketch => ({
	...loss,
	constants: { axes: int64(1), shift: int64(shift) },
	nodes: [
		["shifted", "Add", ["target", "shift"]],
		["column", "Unsqueeze", ["shifted", "axes"]],
		["picked", "GatherElements", ["scores", "column"], { axis: 1 }],
		["flat", "Squeeze", ["picked", "axes"]],
		["y", last, ["flat"]],
	],
});
/** 0 where the target is ignored. */
const gatheredUnless = (ignored: number): Sketch => ({
	...loss,
	constants: { axes: int64(1), ignored: int64(ignored), none: writeElements("float32", [], [0]) },
	nodes: [
		["mask", "Equal", ["target", "ignored"]],
		["first", "Sub", ["target", "target"]],
		["index", "Where", ["mask", "first", "target"]],
		["column", "Unsqueeze", ["index", "axes"]],
		["picked", "GatherElements", ["scores", "column"], { axis: 1 }],
		["flat", "Squeeze", ["picked", "axes"]],
		["kept", "Where", ["mask", "none", "flat"]],
		["y", "Neg", ["kept"]],
	],
});

describe("a loss, which is defined for its classes alone", () => {
	test.each([
		["its classes", negativeLogLikelihood(null), gathered(), "0 <= target < 4"],
		["an ignored class", negativeLogLikelihood(-1), gatheredUnless(-1), "-1 <= target < 4"],
		["an ignored class behind", negativeLogLikelihood(9), gatheredUnless(9), "0 <= target < 4 or target = 9"],
		["an ignored class among them", negativeLogLikelihood(2), gatheredUnless(2), "0 <= target < 4"],
	])("given %s, is a gather", (_, left, right, given) => {
		for (const [one, other] of [
			[left, right],
			[right, left],
		] as const) {
			const found = compare(one, other);
			expect(found).toMatchObject({ verdict: "equal", given: [given] });
			expect(found.certificate?.domains).toHaveLength(1);
			expect(found.errorProbabilityMax).toBeLessThanOrEqual(2 ** -60);
		}
	});

	test.each([
		["the next class", negativeLogLikelihood(null), gathered(1)],
		["the class before", negativeLogLikelihood(null), gathered(-1)],
		["another sign", negativeLogLikelihood(null), gathered(0, "Identity")],
		["an ignored class that counts", negativeLogLikelihood(2), gathered()],
		["another ignored class", negativeLogLikelihood(2), gatheredUnless(1)],
		["a class that is ignored in one", negativeLogLikelihood(null), gatheredUnless(0)],
	])("is not %s", (_, left, right) => {
		const found = compare(left, right);
		expect(found.verdict).not.toBe("equal");
		expect(found.given).toHaveLength(1);
	});

	test("equal for any target assumes nothing", () => {
		expect(compare(negativeLogLikelihood(null), negativeLogLikelihood(null))).toMatchObject({
			verdict: "equal",
			given: [],
			certificate: { domains: [] },
		});
	});

	test("without an operator that demands it nothing is assumed", () => {
		const compared: Sketch = {
			...loss,
			constants: { axes: int64(1), all: int64(0, 1, 2, 3), none: writeElements("float32", [], [0]) },
			nodes: [
				["column", "Unsqueeze", ["target", "axes"]],
				["mask", "Equal", ["column", "all"]],
				["kept", "Where", ["mask", "scores", "none"]],
				["picked", "ReduceSum", ["kept", "axes"], { keepdims: 0 }],
				["y", "Neg", ["picked"]],
			],
		};
		expect(compare(compared, negativeLogLikelihood(null)).verdict).toBe("equal");
		const found = compare(compared, gathered());
		expect(found.verdict).not.toBe("equal");
		expect(found.given).toEqual([]);
	});
});

describe("inputs that decide shapes", () => {
	const reduction = (operator: string): Sketch => ({
		inputs: [
			["x", "float32", [2, 3]],
			["axes", "int64", [1]],
		],
		output: ["float32", [2]],
		nodes: [["y", operator, ["x", "axes"], { keepdims: 0 }]],
	});
	const squares: Sketch = {
		...reduction("ReduceSum"),
		nodes: [
			["square", "Mul", ["x", "x"]],
			["y", "ReduceSum", ["square", "axes"], { keepdims: 0 }],
		],
	};
	const x = writeElements("float32", [2, 3], [1, 2, 3, 4, 5, 6]);

	test("are bound to stored values in both models, and the verdict says so", () => {
		expect(compare(reduction("ReduceSumSquare"), squares, [x, int64(1)])).toMatchObject({
			verdict: "equal",
			given: ["axes = [1]"],
		});
	});
	test("a wrong variant stays different for these values", () => {
		expect(compare(reduction("ReduceSum"), squares, [x, int64(1)])).toMatchObject({
			verdict: "different",
			given: ["axes = [1]"],
		});
	});
	test("are not compared without values", () => {
		expect(compare(reduction("ReduceSumSquare"), squares).verdict).toBe("inconclusive");
	});
	test("`kiln equivalent --data` prints what it assumes", async () => {
		const folder = mkdtempSync(join(tmpdir(), "kiln-given-"));
		const [one, other] = [join(folder, "one.onnx"), join(folder, "other.onnx")];
		writeFileSync(one, modelOf(reduction("ReduceSumSquare")));
		writeFileSync(other, modelOf(squares));
		writeFileSync(join(folder, "input_0.pb"), writeTensorProto("x", x));
		writeFileSync(join(folder, "input_1.pb"), writeTensorProto("axes", int64(1)));
		const text = await runKiln(["equivalent", one, other, "--data", folder]);
		expect(text).toMatchObject({ code: 0, stdout: expect.stringMatching(/^equal, given axes = \[1\]: /) });
		const json = await runKiln(["equivalent", one, other, "--data", folder, "--json"]);
		expect(JSON.parse(json.stdout)).toMatchObject({ verdict: "equal", given: ["axes = [1]"] });
		expect((await runKiln(["equivalent", one, other])).code).toBe(8);
		rmSync(folder, { recursive: true });
	});
	test("and no others are bound", () => {
		const shifted: Sketch = {
			inputs: [
				["x", "float32", [2, 3]],
				["axes", "int64", [1]],
				["shift", "int64", [1]],
			],
			output: ["float32", [2]],
			nodes: [
				["sum", "ReduceSum", ["x", "axes"], { keepdims: 0 }],
				["number", "Cast", ["shift"], { to: 1 }],
				["y", "Add", ["sum", "number"]],
			],
		};
		expect(compare(shifted, shifted, [x, int64(1), int64(7)])).toMatchObject({
			verdict: "equal",
			given: ["axes = [1]"],
		});
	});
});
