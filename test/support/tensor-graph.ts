// Graphs written by hand or at random, and islands run beside them.

import { expect } from "vitest";
import { type Graph, nodeOperands, type ValueId } from "#shared/graph/graph.ts";
import { interpretGraph } from "#shared/graph/interpret.ts";
import { createRandom, type Random } from "#shared/numeric/random.ts";
import { finishGraph } from "#shared/onnx/finish-graph.ts";
import { GraphBuilder } from "#shared/onnx/graph-builder.ts";
import { interpretProgramFloat64 } from "#shared/program/interpret.ts";
import type { Program } from "#shared/program/program.ts";
import type { DataType } from "#shared/tensor/data-type.ts";
import { readElements, writeElements } from "#shared/tensor/elements.ts";
import { elementCount, type Shape } from "#shared/tensor/shape.ts";
import type { TensorData } from "#shared/tensor/tensor-data.ts";

/** A graph in which every primitive is an ONNX node of its own. */
export function tensorGraph(write: (b: GraphBuilder) => readonly ValueId[]): Graph {
	const builder = new GraphBuilder();
	const outputs = write(builder).map((value, i) => ({ value, name: `out${i}` }));
	const graph = finishGraph("test", builder, outputs);
	return {
		...graph,
		nodes: graph.nodes.map((node, source) => ({ ...node, source })),
		sources: graph.nodes.map((node, index) => ({
			index,
			name: `n${index}`,
			operator: node.kind,
			domain: "",
		})),
	};
}

/** Uniform in [-1, 1); integers below 8; bool evenly. */
export function randomTensor(dataType: DataType, shape: Shape, random: Random): TensorData {
	const isFloat = dataType.startsWith("float");
	const elements = Array.from({ length: elementCount(shape) }, () =>
		isFloat ? 2 * random.nextUnit() - 1 : random.nextBelow(dataType === "bool" ? 2 : 8),
	);
	return writeElements(dataType, shape, elements);
}

/** Part of a graph as a program: what `buildProgram` or an island says it is. */
export interface BoundProgram {
	readonly nodes: readonly number[];
	readonly program: Program;
	readonly programInputs: readonly ValueId[];
	readonly programOutputs: readonly ValueId[];
}

/**
 * Runs the graph's nodes and the program on the same random inputs, both in float64, and expects the same results.
 * `tolerance` is relative to each output's largest element: the graph's results are rounded once to their type.
 */
export function expectSameResults(graph: Graph, bound: BoundProgram, seed: number, tolerance = 1e-6): void {
	const random = createRandom(seed);
	const part = partOf(graph, bound);
	const inputs = new Map(
		part.inputs.map(({ value }) => {
			const { dataType, shape } = valueIn(graph, value);
			return [value, randomTensor(dataType, shape, random)] as const;
		}),
	);
	const expected = interpretGraph(part, inputs);
	const buffers = bound.programInputs.map((value) => {
		const data = inputs.get(value) ?? graph.constants.get(value);
		if (data === undefined) throw new Error(`program input ${value} is neither an input nor a constant`);
		return readElements(data);
	});
	const found = interpretProgramFloat64(bound.program, buffers);
	for (const [i, value] of bound.programOutputs.entries()) {
		const want = readElements(expected.get(value) as TensorData);
		expectClose(found[i] ?? new Float64Array(), want, tolerance, `output ${i}`);
	}
}

function expectClose(found: Float64Array, want: Float64Array, tolerance: number, where: string): void {
	expect(found.length, where).toBe(want.length);
	const scale = want.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1e-30);
	const wrong = want.findIndex((x, i) => {
		const y = found[i] ?? Number.NaN;
		return !(Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * scale);
	});
	if (wrong >= 0) expect(`${where}[${wrong}] = ${found[wrong]}`).toBe(`${where}[${wrong}] = ${want[wrong]}`);
}

const valueIn = (graph: Graph, value: ValueId) => {
	const found = graph.values[value];
	if (found === undefined) throw new Error(`no value ${value}`);
	return found;
};

/** The nodes alone, everything they read from outside an input. */
function partOf(graph: Graph, { nodes, programOutputs }: BoundProgram): Graph {
	const own = nodes.map((id) => graph.nodes[id]).filter((node) => node !== undefined);
	const computed = new Set(own.map((node) => node.output));
	const read = new Set(own.flatMap((node) => nodeOperands(node)));
	const inputs = [...read].filter((value) => !computed.has(value) && !graph.constants.has(value));
	return {
		...graph,
		inputs: inputs.map((value) => ({ value, role: "activation" as const })),
		nodes: own,
		outputs: [...new Set(programOutputs)].map((value, i) => ({ value, name: `out${i}` })),
	};
}

/** The same graph with values numbered, and independent nodes listed, in another order. */
export function shuffleGraph(graph: Graph, seed: number): Graph {
	const random = createRandom(seed);
	const order = graph.values.map((_, value) => value);
	for (let i = order.length - 1; i > 0; i--) {
		const j = random.nextBelow(i + 1);
		[order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
	}
	const renumber = (value: ValueId): ValueId => order[value] ?? 0;
	const values = [...graph.values];
	for (const [old, value] of graph.values.entries())
		values[renumber(old)] = { ...value, name: `v${renumber(old)}` };
	const renumbered = graph.nodes.map((node) => mapValues(node, renumber));
	return {
		...graph,
		values,
		inputs: graph.inputs.map(({ value, role }) => ({ value: renumber(value), role })),
		constants: new Map([...graph.constants].map(([value, data]) => [renumber(value), data])),
		nodes: randomOrder(renumbered, random),
		outputs: graph.outputs.map(({ value, name }) => ({ value: renumber(value), name })),
	};
}

function mapValues<T extends Graph["nodes"][number]>(node: T, renumber: (value: ValueId) => ValueId): T {
	const names = [
		"output",
		"input",
		"left",
		"right",
		"condition",
		"whenTrue",
		"whenFalse",
		"data",
		"indices",
		"fill",
	];
	const entries = Object.entries(node).map(([key, member]) => {
		if (key === "inputs") return [key, (member as ValueId[]).map(renumber)];
		return [key, names.includes(key) && member !== null ? renumber(member as ValueId) : member];
	});
	return Object.fromEntries(entries) as T;
}

function randomOrder(nodes: Graph["nodes"], random: Random): Graph["nodes"] {
	const waiting = [...nodes];
	const ordered: Graph["nodes"][number][] = [];
	const isReady = (node: Graph["nodes"][number]): boolean =>
		!nodeOperands(node).some((operand) => waiting.some((other) => other.output === operand));
	while (waiting.length > 0) {
		const ready = waiting.filter(isReady);
		const next = ready[random.nextBelow(ready.length)];
		if (next === undefined) throw new Error("the graph has a cycle");
		waiting.splice(waiting.indexOf(next), 1);
		ordered.push(next);
	}
	return ordered;
}
