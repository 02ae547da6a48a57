// Attention with graphs that the model brings: what they make of scores and probabilities, and which are not opened.

import { describe, expect, test } from "vitest";
import { importModel } from "#shared/onnx/import-model.ts";
import { stripWeights } from "#shared/onnx/strip-weights.ts";
import { writeTensorProto } from "#shared/onnx/tensor-proto.ts";
import {
	type WrittenAttribute,
	type WrittenNode,
	writeNodeProto,
	writeValueInfo,
} from "#shared/onnx/write-proto.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { elementCount } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { type OperatorCase, operatorModel, runOperator } from "#test/support/operator-model.ts";

const [batch, heads, rows, columns, depth] = [1, 4, 3, 2, 2] as const;
const shape = [batch, heads, rows, columns];

const numbered = (extents: readonly number[]): TensorData =>
	writeElements(
		"float32",
		extents,
		Float64Array.from({ length: elementCount(extents) }, (_, at) => Math.sin(at + 1)),
	);

/** From the value `t` to the value `out`. */
function graph(
	nodes: readonly WrittenNode[],
	constants: Readonly<Record<string, TensorData>> = {},
): WrittenAttribute {
	return {
		graph: {
			graphName: "modifier",
			nodes: nodes.map(writeNodeProto),
			initializers: Object.entries(constants).map(([name, data]) => writeTensorProto(name, data)),
			inputs: [writeValueInfo("t", "float32", shape)],
			outputs: [writeValueInfo("out", "float32", shape)],
		},
	};
}

const node = (operator: string, ...inputs: readonly string[]): WrittenNode => ({
	operator,
	inputs,
	outputs: ["out"],
});
const two = { two: writeElements("float32", [], [2]) };

function attention(
	attributes: Readonly<Record<string, WrittenAttribute>>,
	keyHeads: number = heads,
): OperatorCase {
	return {
		operator: "FlexAttention",
		domain: "ai.onnx.preview",
		attributes,
		inputs: [
			numbered([batch, heads, rows, depth]),
			numbered([batch, keyHeads, columns, depth]),
			numbered([batch, keyHeads, columns, depth]),
		],
		outputs: [["float32", [batch, heads, rows, depth]]],
	};
}

interface Formulas {
	readonly scale?: number;
	readonly score?: (score: number) => number;
	readonly share?: (share: number) => number;
	readonly keyHeads?: number;
}

/** By the operator's definition, number by number. */
function expected({ scale = 1 / Math.sqrt(depth), score, share, keyHeads = heads }: Formulas): number[] {
	const given = attention({}, keyHeads).inputs.map((tensor) =>
		tensor === null ? [] : [...readElements(tensor)],
	);
	const [q = [], k = [], v = []] = given;
	const found: number[] = [];
	for (let head = 0; head < heads; head++) {
		const keyHead = Math.floor((head * keyHeads) / heads);
		for (let row = 0; row < rows; row++) {
			const scores = Array.from({ length: columns }, (_, column) => {
				let sum = 0;
				for (let d = 0; d < depth; d++)
					sum +=
						(q[(head * rows + row) * depth + d] ?? 0) * (k[(keyHead * columns + column) * depth + d] ?? 0);
				return (score ?? ((x) => x))(sum * scale);
			});
			const total = scores.reduce((sum, each) => sum + Math.exp(each), 0);
			for (let d = 0; d < depth; d++)
				found.push(
					scores.reduce(
						(sum, each, column) =>
							sum +
							(share ?? ((x) => x))(Math.exp(each) / total) *
								(v[(keyHead * columns + column) * depth + d] ?? 0),
						0,
					),
				);
		}
	}
	return found;
}

describe("attention with graphs of the model's own", () => {
	test.each<readonly [string, Readonly<Record<string, WrittenAttribute>>, Formulas]>([
		["none", {}, {}],
		["a scale", { scale: { float: 0.25 } }, { scale: 0.25 }],
		["a negative scale", { scale: { float: -0.25 } }, { scale: -0.25 }],
		["shared key heads", {}, { keyHeads: 2 }],
		["a formula of scores", { score_mod: graph([node("Mul", "t", "two")], two) }, { score: (x) => 2 * x }],
		["a formula of shares", { prob_mod: graph([node("Mul", "t", "t")]) }, { share: (x) => x * x }],
		[
			"several nodes, in any order",
			{
				score_mod: graph([node("Add", "t", "bent"), { operator: "Tanh", inputs: ["t"], outputs: ["bent"] }]),
			},
			{ score: (x) => x + Math.tanh(x) },
		],
	])("with %s follows its definition", (_, attributes, formulas) => {
		const { model, outputs } = runOperator(attention(attributes, formulas.keyHeads));
		expect(model.refusals).toEqual([]);
		const found = outputs.flatMap((output) => [...readElements(output)]);
		const wanted = expected(formulas);
		expect(found).toHaveLength(wanted.length);
		found.forEach((value, at) => {
			expect(value).toBeCloseTo(wanted[at] ?? Number.NaN, 5);
		});
	});

	const inner = graph([node("Identity", "t")]);
	test.each<readonly [string, WrittenAttribute, string]>([
		["reads a value from outside", graph([node("Add", "t", "input_0")]), "model.op_attribute_unsupported"],
		[
			"holds a graph",
			graph([
				{
					...node("FlexAttention", "t", "t", "t"),
					domain: "ai.onnx.preview",
					attributes: { score_mod: inner },
				},
			]),
			"model.op_attribute_unsupported",
		],
		[
			"holds weights",
			graph([node("Add", "t", "w")], { w: numbered([1025]) }),
			"model.op_attribute_unsupported",
		],
		["has a node that is not imported", graph([node("Unique", "t")]), "model.op_unsupported"],
		[
			"has a node of a custom domain",
			graph([{ ...node("Mine", "t"), domain: "mine" }]),
			"model.custom_domain_refused",
		],
	])("a graph that %s costs the node", (_, score_mod, code) => {
		expect(importModel(operatorModel(attention({ score_mod }))).refusals).toMatchObject([
			{ operator: "FlexAttention", code },
		]);
	});

	test("a graph of too many bytes costs the node", () => {
		const nodes = Array.from({ length: 1000 }, (_, at): WrittenNode => {
			return {
				operator: "Neg",
				inputs: [at === 0 ? "t" : `t${at}`],
				outputs: [at === 999 ? "out" : `t${at + 1}`],
			};
		});
		const { refusals } = importModel(operatorModel(attention({ score_mod: graph(nodes) })));
		expect(refusals).toMatchObject([{ code: "model.op_attribute_unsupported" }]);
	});

	test.each([
		["of another shape", graph([node("ReduceSum", "t")])],
		["of another type", graph([{ ...node("Cast", "t"), attributes: { to: 11 } }])],
		["that is not made", graph([node("Add", "t", "missing")])],
	])("a graph with a result %s is not taken", (_, score_mod) => {
		const importIt = () => importModel(operatorModel(attention({ score_mod }))).refusals;
		let refusals: readonly unknown[] = ["thrown"];
		try {
			refusals = importIt();
		} catch (error) {
			expect(String(error)).toMatch(/FlexAttention/);
		}
		expect(refusals).toHaveLength(1);
	});

	test("its graphs stay in a model whose weights are taken out, but for those that hold weights", () => {
		const open = operatorModel(attention({ score_mod: graph([node("Mul", "t", "two")], two) }));
		expect([...stripWeights(open).bytes]).toEqual([...open]);
		const closed = operatorModel(
			attention({ score_mod: graph([node("Add", "t", "w")], { w: numbered([1025]) }) }),
		);
		expect(stripWeights(closed).bytes.length).toBeLessThan(closed.length - 4096);
	});
});
