// Every family of nodes over the fields gives what the float64 interpreter gives on small integers, modulo the primes.

import { describe, expect, test } from "vitest";
import type { Graph, ValueId } from "#shared/graph/graph.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import type { FieldTrials } from "#shared/numeric/field-buffer.ts";
import { fieldPairs } from "#shared/numeric/field-pair.ts";
import { createRandom } from "#shared/numeric/random.ts";
import type { GraphBuilder } from "#shared/onnx/graph-builder.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { writeElements } from "#shared/tensor/elements.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";
import { createFieldFacts } from "#shared/verify/field-facts.ts";
import { type FieldRun, knownTensor } from "#shared/verify/field-tensor.ts";
import { interpretGraphInFields } from "#shared/verify/interpret-graph-in-fields.ts";
import { runTrials } from "#shared/verify/run-batch.ts";
import { tensorGraph } from "#test/support/tensor-graph.ts";

const testSeed = Number(process.env.TEST_SEED);

interface Input {
	readonly dataType: DataType;
	readonly shape: Shape;
}
const float = (...shape: number[]): Input => ({ dataType: "float32", shape });
const bool = (...shape: number[]): Input => ({ dataType: "bool", shape });

/** Integers from -4 to 4, or 0 and 1. */
function drawIntegers({ dataType, shape }: Input, seed: number): TensorData {
	const random = createRandom(testSeed, seed);
	const draw = (): number => (dataType === "bool" ? random.nextBelow(2) : random.nextBelow(9) - 4);
	return writeElements(dataType, shape, Float64Array.from({ length: elementCount(shape) }, draw));
}

function outcomeOf(graph: Graph, inputs: ReadonlyMap<ValueId, TensorData>) {
	const runs = new Map<FieldTrials, FieldRun>();
	const runOf = (trials: FieldTrials): FieldRun => {
		const run = runs.get(trials) ?? { trials, facts: createFieldFacts(trials), readsIdealConstants: false };
		runs.set(trials, run);
		return run;
	};
	const results = [...interpretGraph(graph, inputs).values()];
	const pair = fieldPairs[0];
	return runTrials(
		{
			inputElements: [],
			expected: (_, __, trials) => results.map((tensor) => knownTensor(runOf(trials), tensor).buffer),
			found: (_, __, trials) => {
				const run = runOf(trials);
				const fields = new Map([...inputs].map(([id, tensor]) => [id, knownTensor(run, tensor).buffer]));
				return interpretGraphInFields(graph, fields, run);
			},
		},
		{ pair, fragment: "rational", lanes: 3, mixesLanes: false, seed: testSeed, batch: 0 },
		new Set(),
	);
}

type Write = (b: GraphBuilder, ids: readonly ValueId[]) => ValueId;

const families: readonly (readonly [name: string, inputs: readonly Input[], write: Write])[] = [
	["add, broadcast", [float(2, 3), float(3)], (b, [x = 0, y = 0]) => b.binary("add", x, y)],
	["subtract", [float(2, 3), float(2, 1)], (b, [x = 0, y = 0]) => b.binary("subtract", x, y)],
	["multiply", [float(4), float(4)], (b, [x = 0, y = 0]) => b.binary("multiply", x, y)],
	["power", [float(5)], (b, [x = 0]) => b.binary("power", x, b.scalar(3, "float32"))],
	["negate", [float(5)], (b, [x = 0]) => b.unary("negate", x)],
	["abs", [float(9)], (b, [x = 0]) => b.unary("abs", x)],
	["maximum", [float(3, 4), float(4)], (b, [x = 0, y = 0]) => b.binary("maximum", x, y)],
	["minimum", [float(3, 4), float(3, 1)], (b, [x = 0, y = 0]) => b.binary("minimum", x, y)],
	[
		"less, as a number",
		[float(9), float(9)],
		(b, [x = 0, y = 0]) => b.cast(b.binary("less", x, y), "float32"),
	],
	["greaterOrEqual", [float(9), float(9)], (b, [x = 0, y = 0]) => b.binary("greaterOrEqual", x, y)],
	["equal", [float(9), float(9)], (b, [x = 0, y = 0]) => b.binary("equal", x, y)],
	["and", [bool(8), bool(8)], (b, [x = 0, y = 0]) => b.binary("and", x, y)],
	["or", [bool(8), bool(8)], (b, [x = 0, y = 0]) => b.binary("or", x, y)],
	["xor", [bool(8), bool(8)], (b, [x = 0, y = 0]) => b.binary("xor", x, y)],
	["not", [bool(8)], (b, [x = 0]) => b.unary("not", x)],
	["select", [bool(2, 1), float(2, 3), float(3)], (b, [c = 0, x = 0, y = 0]) => b.select(c, x, y)],
	["matmul", [float(2, 3), float(3, 4)], (b, [x = 0, y = 0]) => b.matmul(x, y)],
	["matmul, broadcast", [float(2, 1, 2, 3), float(4, 3, 2)], (b, [x = 0, y = 0]) => b.matmul(x, y)],
	["sum", [float(2, 3, 4)], (b, [x = 0]) => b.reduce("sum", x, [0, 2], false)],
	["product", [float(2, 3)], (b, [x = 0]) => b.reduce("product", x, [1], true)],
	["max", [float(3, 5)], (b, [x = 0]) => b.reduce("max", x, [1], true)],
	["min", [float(3, 5)], (b, [x = 0]) => b.reduce("min", x, [0], false)],
	["running sum", [float(3, 5)], (b, [x = 0]) => b.cumulativeSum(x, 1, false, false)],
	["running sum, exclusive and back", [float(3, 5)], (b, [x = 0]) => b.cumulativeSum(x, 0, true, true)],
	["reshape", [float(2, 6)], (b, [x = 0]) => b.reshape(x, [3, 4])],
	["transpose", [float(2, 3, 4)], (b, [x = 0]) => b.transpose(x, [2, 0, 1])],
	["broadcast", [float(3, 1)], (b, [x = 0]) => b.broadcast(x, [2, 3, 4])],
	["concat", [float(2, 3), float(2, 1)], (b, [x = 0, y = 0]) => b.concat([x, y], 1)],
	["slice", [float(5, 4)], (b, [x = 0]) => b.slice(x, [4, 1], [3, 2], [-2, 1])],
	["pad", [float(2, 3)], (b, [x = 0]) => b.pad(x, [1, 0], [0, 2], "constant", null)],
	["pad, reflected", [float(4)], (b, [x = 0]) => b.pad(x, [2], [1], "reflect", null)],
	["gather", [float(3, 4)], (b, [x = 0]) => b.gather(x, b.integers([3, 0, -1]), 1)],
];

describe(`field results are the integer results modulo the primes (seed ${testSeed})`, () => {
	test.each(families)("%s", (_, given, write) => {
		const graph = tensorGraph((b) => {
			const ids = given.map(({ dataType, shape }, at) => b.input(`x${at}`, dataType, shape, "activation"));
			return [write(b, ids)];
		});
		const inputs = new Map(
			graph.inputs.map(({ value }, at) => [value, drawIntegers(given[at] ?? float(), at)] as const),
		);
		expect(outcomeOf(graph, inputs)).toMatchObject({ kind: "agreed" });
	});
});
